// Brings the page's list of boards up to date: others may have begun, or ended, since the page was drawn. See /boards in docs/rest.md.
const own = JSON.parse(document.getElementById("agnez-page").textContent).board.name;

export const renew = async () => {
  const list = document.getElementById("boards");
  // Who may see one board has no list.
  if (!list) return;
  const token = sessionStorage.getItem("agnez-token");
  // Addresses are relative to the page's `<base>`.
  const reply = await fetch("boards", { headers: token ? { Authorization: `Bearer ${token}` } : {}, cache: "no-store" });
  if (!reply.ok) return;
  const names = new Set((await reply.json()).map(({ name }) => name));
  for (const link of [...list.children]) if (!names.delete(link.textContent) && link.textContent !== own) link.remove();
  // Those that stay are not touched: one of them may have the focus.
  for (const name of names) {
    const link = document.createElement("a");
    link.textContent = name;
    // As src/client/urls.rs has it: beside the key of the page, not behind it.
    link.href = name === "main" ? "../" : `../b/${encodeURIComponent(name)}`;
    list.insertBefore(link, [...list.children].find((other) => other.textContent > name) ?? null);
  }
};
