// The parts of the page, and what happens on it. All files of this folder are one script.
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
