// The menu of a board, and the dialog for its title.

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
