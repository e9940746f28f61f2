// What is done to boards, by requests to REST.

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
