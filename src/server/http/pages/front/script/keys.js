// The theme, and the keys of the page.

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
