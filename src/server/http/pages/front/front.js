// The front page's script: what has changed comes from the server as HTML, and actions are requests to REST.
const root = document.documentElement;
const [main, tools, status, menu, nameDialog, helpDialog, toasts] = ["main", ".front-tools", ".live-status", "#row-menu", "#name-dialog", "#help-dialog", "#toasts"].map((name) => document.querySelector(name));
const mayWrite = "writes" in root.dataset;
const finder = tools.querySelector("[name=find]");
const stored = (storage, name) => {
  try {
    return storage()?.getItem(name);
  } catch {
    return null;
  }
};
/** Seconds that the server holds a request until something changes. */
const WAIT = 25;
/** Milliseconds that an answer may take beyond that: then the connection is dead. */
const PATIENCE = 15_000;
const MAX_RETRY_MS = 10_000;
/** Between the beginnings of two requests that wait for changes. */
const MIN_INTERVAL_MS = 1000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const MINUTE = 60_000;
const DAY = 86_400_000;

function start() {
  writeTimes();
  setInterval(writeTimes, MINUTE / 4);
  showTheme();
  document.addEventListener("click", ({ target }) => act(target.closest("[data-act]")));
  document.addEventListener("keydown", onKey);
  finder.form.addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  let typing;
  finder.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, 150);
  });
  addEventListener("popstate", () => {
    finder.value = new URLSearchParams(location.search).get("find") ?? "";
    refresh();
  });
  main.addEventListener("pointerleave", () => moveRows());
  menu.addEventListener("keydown", onMenuKey);
  menu.addEventListener("toggle", ({ newState }) => newState === "closed" && menu.removeAttribute("data-key"));
  nameDialog.querySelector("form").addEventListener("submit", onName);
  nameDialog.querySelector("[name=title]").addEventListener("input", showAddress);
  document.addEventListener("visibilitychange", () => document.hidden || follow());
  addEventListener("online", () => follow());
  follow();
  root.dataset.hydrated = "";
}

// ---- what changes ----

/** The requests of this number are the current ones. */
let turn = 0;
let pending = new AbortController();
let failures = 0;

/** Asks for the list again and again; each request is answered once the list is another one. */
async function follow() {
  const mine = ++turn;
  pending.abort();
  while (mine === turn) {
    // A page that nobody sees follows again when it is seen.
    if (document.hidden) return;
    const began = Date.now();
    const wait = main.dataset.tag ? WAIT : 0;
    try {
      await request(mine, wait);
      failures = 0;
      // Where a proxy drops the tag or the wish to wait, each answer comes at once.
      if ((wait || !main.dataset.tag) && mine === turn) await pause(MIN_INTERVAL_MS - (Date.now() - began));
    } catch {
      if (mine !== turn) return;
      show("reconnecting");
      failures += 1;
      await pause(Math.min(MAX_RETRY_MS, 250 * 2 ** failures) * (0.5 + Math.random() / 2));
    }
  }
}

async function request(mine, wait) {
  const abort = (pending = new AbortController());
  const timer = setTimeout(() => abort.abort(), wait * 1000 + PATIENCE);
  // Waiting for a change is being connected; a server that is away refuses at once.
  const connected = setTimeout(() => mine === turn && show("live"), failures ? 600 : 0);
  try {
    const headers = { ...authorization(), Accept: "text/html", Prefer: `wait=${wait}`, ...(main.dataset.tag && { "If-None-Match": main.dataset.tag }) };
    const reply = await fetch(address(), { headers, cache: "no-store", signal: abort.signal });
    if (reply.status === 401 || reply.status === 403) return location.reload();
    if (!reply.ok && reply.status !== 304) throw new Error(`the server answered ${reply.status}`);
    if (reply.status === 304 || mine !== turn) return;
    const html = await reply.text();
    if (mine === turn) replace(html, reply.headers.get("ETag"));
  } catch (error) {
    clearTimeout(connected);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** After an action, or for another address: at once. */
function refresh() {
  main.dataset.tag = "";
  return follow();
}

function address() {
  const query = new URLSearchParams(location.search);
  for (const key of [...query.keys()]) if (!["find", "show", "page"].includes(key)) query.delete(key);
  return `b${query.size ? `?${query}` : ""}`;
}

function find() {
  const query = new URLSearchParams(location.search);
  query.delete("page");
  query.delete("find");
  if (query.get("show") === "trash") query.delete("show");
  if (finder.value.trim()) query.set("find", finder.value);
  const next = new URL(`b${query.size ? `?${query}` : ""}`, document.baseURI);
  if (next.href === location.href) return;
  history.replaceState(null, "", next);
  refresh();
}

function show(state) {
  if (status.dataset.state === state) return;
  status.dataset.state = state;
  status.querySelector("[role=status]").textContent = state;
}

function replace(html, tag) {
  const parts = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html").querySelector("main").children;
  if (!parts.namedItem("list")) throw new Error("the answer is no list of boards");
  for (const part of [...parts]) {
    const known = document.getElementById(part.id);
    const build = known?.dataset.build;
    if (build && build !== part.dataset.build) return location.reload();
    if (known) morph(known, part);
  }
  main.dataset.tag = tag ?? "";
  writeTimes();
}

/** Rows that should stand elsewhere, in their order: they wait while the pointer is over the list. */
let waitingOrder;

function moveRows() {
  const body = waitingOrder && main.querySelector("tbody");
  if (body) order(body, waitingOrder);
  waitingOrder = undefined;
}

function order(parent, keys) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const key of keys) {
    const child = known.get(key);
    if (!child) continue;
    if (child === place) place = place.nextElementSibling;
    else if (parent.moveBefore) parent.moveBefore(child, place);
    else parent.insertBefore(child, place);
  }
}

/** Makes `from` like `to`, and changes as little as it can: focus and selection stay. */
function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) return from.replaceWith(to);
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (from.nodeName === "TBODY") return morphRows(from, to);
  const [old, next] = [[...from.childNodes], [...to.childNodes]];
  next.forEach((child, at) => (old[at] ? morph(old[at], child) : from.append(child)));
  old.slice(next.length).forEach((child) => child.remove());
}

function morphRows(from, to) {
  const known = new Map([...from.children].map((row) => [row.dataset.key, row]));
  const keys = [...to.children].map((row) => row.dataset.key);
  for (const [key, row] of known) {
    if (keys.includes(key)) continue;
    const hadFocus = row.contains(document.activeElement);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (hadFocus) (next?.querySelector("a, button") ?? document.querySelector("#heading")).focus();
  }
  [...to.children].forEach((row, at) => {
    const old = known.get(row.dataset.key);
    if (old) morph(old, row);
    else from.insertBefore(row, from.children[at] ?? null);
  });
  waitingOrder = keys;
  if (!from.matches(":hover") && !menu.matches(":popover-open")) moveRows();
}

// ---- times ----

function writeTimes() {
  for (const time of main.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const text = ago(at, new Date());
    if (time.textContent !== text) time.textContent = text;
    time.title = at.toLocaleString();
  }
}

function ago(at, now) {
  const passed = now - at;
  if (passed < 2 * MINUTE) return "now";
  if (passed < 60 * MINUTE) return `${Math.floor(passed / MINUTE)} min ago`;
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / DAY);
  if (days === 0) return `${Math.floor(passed / (60 * MINUTE))} h ago`;
  if (days === 1) return "yesterday";
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year });
}

// ---- actions ----

function authorization() {
  const token = stored(() => sessionStorage, "agnez-token");
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** A request to REST; throws the server's sentence. */
async function call(method, path, body) {
  let reply;
  try {
    reply = await fetch(path, { method, headers: { ...authorization(), Accept: "application/json" }, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Error("The server could not be reached; nothing was changed.");
  }
  const text = await reply.text();
  if (reply.ok) return JSON.parse(text);
  let message = `The server answered ${reply.status}.`;
  try {
    message = JSON.parse(text).message;
  } catch {}
  throw new Error(message);
}

const at = (name, rest = "") => `boards/${encodeURIComponent(name)}${rest}`;
const row = (key) => [...main.querySelectorAll("tr[data-key]")].find((row) => row.dataset.key === key);
const titleOf = (key) => row(key)?.querySelector("th > :first-child").textContent.trim() ?? key;
const isArchive = () => new URLSearchParams(location.search).get("show") === "archived";

async function change(request, done) {
  try {
    await request;
    refresh();
    done?.();
  } catch (error) {
    toast(error.message, "Dismiss", undefined, true);
    refresh();
  }
}

function act(element) {
  if (!element) return;
  const key = element.closest("tr[data-key]")?.dataset.key ?? menu.dataset.key;
  const actions = {
    theme: nextTheme,
    help: () => helpDialog.showModal(),
    cancel: () => nameDialog.close(),
    menu: () => openMenu(element, key),
    new: () => openName(undefined, element.dataset.title ?? ""),
    rename: () => openName(key, titleOf(key)),
    archive: () => archive(key, !isArchive()),
    delete: () => remove(key),
    restore: () => change(call("POST", at(key, "/restore"))),
    purge: () => askToPurge(true),
    "purge-now": () => {
      askToPurge(false);
      change(call("POST", "purge"));
    },
    "purge-not": () => askToPurge(false),
  };
  if (element.closest("#row-menu")) {
    menu.hidePopover();
    row(key)?.querySelector("[data-act=menu]").focus();
  }
  actions[element.dataset.act]?.();
}

function archive(key, archived) {
  const title = titleOf(key);
  const set = (value) => change(call("PATCH", at(key), { archived: value || null }));
  change(call("PATCH", at(key), { archived: archived || null }), () => toast(archived ? `Archived ‘${title}’.` : `‘${title}’ is back in the list.`, "Undo", () => set(!archived)));
}

function remove(key) {
  const title = titleOf(key);
  change(call("DELETE", at(key)), () => toast(`Deleted ‘${title}’.`, "Undo", () => change(call("POST", at(key, "/restore")))));
}

/** Shows the question instead of the button that empties the trash, or the button again. The list may be drawn again meanwhile. */
function askToPurge(isAsked) {
  main.toggleAttribute("data-purging", isAsked);
  main.querySelector(`[data-act=${isAsked ? "purge-not" : "purge"}]`)?.focus();
}

// ---- the menu of a board ----

function openMenu(button, key) {
  menu.dataset.key = key;
  menu.querySelector("[data-act=archive]").textContent = isArchive() ? "Back to the list" : "Archive";
  menu.setAttribute("aria-label", `Menu of ${titleOf(key)}`);
  menu.showPopover();
  const [place, own] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
  const below = place.bottom + 4 + own.height <= innerHeight;
  menu.style.inset = `${below ? place.bottom + 4 : Math.max(4, place.top - 4 - own.height)}px auto auto ${Math.max(4, place.right - own.width)}px`;
  menu.querySelector("button").focus();
}

function onMenuKey(event) {
  const items = [...menu.querySelectorAll("button")];
  const here = items.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab" || event.key === "Escape") {
    const key = menu.dataset.key;
    menu.hidePopover();
    row(key)?.querySelector("[data-act=menu]").focus();
  } else if (next !== undefined) items.at(next % items.length).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// ---- a new board, another title ----

/** The board whose title is changed; undefined: a new one is made. */
let renamed;

function openName(key, title) {
  renamed = key;
  nameDialog.querySelector("h2").textContent = key === undefined ? "New board" : "Rename the board";
  nameDialog.querySelector(".primary").textContent = key === undefined ? "Make it" : "Rename";
  const field = nameDialog.querySelector("[name=title]");
  field.value = title;
  nameDialog.querySelector("#name-error").hidden = true;
  showAddress();
  nameDialog.showModal();
  field.select();
}

/** The name of a board that is called so: what addresses and scripts use. */
function nameFor(title) {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9_.-]+/g, "-").replace(/^[-.]+|-+$/g, "").slice(0, 64);
}

function showAddress() {
  const name = renamed ?? nameFor(nameDialog.querySelector("[name=title]").value);
  nameDialog.querySelector("#name-address").textContent = name ? `In scripts and addresses: ${name}` : "";
}

async function onName(event) {
  event.preventDefault();
  const title = nameDialog.querySelector("[name=title]").value.trim();
  const errorLine = nameDialog.querySelector("#name-error");
  try {
    if (renamed !== undefined) {
      await call("PATCH", at(renamed), { title: title || null });
      nameDialog.close();
      return refresh();
    }
    const name = nameFor(title);
    if (!name) throw new Error("Take a title with a letter or a digit from a to z, 0 to 9: the address has it.");
    if ((await call("GET", `boards?name=${encodeURIComponent(name)}`)).length) throw new Error(`There is a board '${name}' already; take another title.`);
    await call("PATCH", at(name), { title });
    location.href = new URL(`b/${encodeURIComponent(name)}`, document.baseURI);
  } catch (error) {
    errorLine.textContent = error.message;
    errorLine.hidden = false;
  }
}

// ---- messages ----

function toast(text, label, press, isError) {
  const [box, message, button] = ["div", "span", "button"].map((name) => document.createElement(name));
  box.className = isError ? "toast error" : "toast";
  box.setAttribute("role", isError ? "alert" : "status");
  message.textContent = text;
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => {
    box.remove();
    press?.();
  });
  box.append(message, button);
  toasts.append(box);
  setTimeout(() => box.remove(), isError ? 15_000 : 10_000);
}

// ---- theme and keys ----

const THEMES = ["system", "light", "dark"];

function showTheme() {
  document.querySelector("[data-act=theme]").setAttribute("aria-label", `Theme: ${root.dataset.theme ?? "system"}`);
}

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
  try {
    if (next === "system") localStorage.removeItem("agnez-theme");
    else localStorage.setItem("agnez-theme", next);
  } catch {}
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  showTheme();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target === finder && event.key === "Escape") {
    finder.value = "";
    find();
    return finder.blur();
  }
  if (event.key === "Escape" && main.hasAttribute("data-purging")) return askToPurge(false);
  if (event.target.matches("input, textarea, dialog *")) return;
  const links = [...main.querySelectorAll("tbody th a")];
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const key = links[here]?.closest("tr").dataset.key;
  const go = (to) => links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
  const keys = {
    j: () => go(here + 1),
    k: () => go(here - 1),
    ArrowDown: () => go(here + 1),
    ArrowUp: () => go(here - 1),
    "/": () => finder.focus(),
    t: nextTheme,
    "?": () => helpDialog.showModal(),
    ...(mayWrite && { n: () => openName(undefined, "") }),
    ...(mayWrite && key !== undefined && { e: () => openName(key, titleOf(key)), Delete: () => remove(key) }),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

// A document that is about to be replaced by the one for its token stays as it is.
if (!("replaced" in root.dataset)) start();
