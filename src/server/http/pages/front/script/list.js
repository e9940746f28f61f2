// Puts a new list in the place of the one that is shown, and writes its times.

const MINUTE = 60_000;
const DAY = 86_400_000;

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
