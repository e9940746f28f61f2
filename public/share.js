// The dialog that makes and ends links to this board. Loaded when it is opened for the first time; see /shares in docs/rest.md.
const STYLE = `
  #share form, #share li { display: flex; align-items: center; gap: 8px }
  #share form input { flex: 1; min-width: 0; min-height: 34px; padding: 2px 8px }
  #share ul { list-style: none; margin: 14px 0; padding: 0 }
  #share li { padding: 4px 0; border-top: 1px solid var(--line) }
  #share li span { flex: 1; min-width: 0; overflow-wrap: anywhere }
  #share time { color: var(--muted); font-size: 0.875rem; white-space: nowrap }
  #share [role="alert"] { margin: 14px 0; color: var(--bad) }
  #share [role="alert"].need { color: inherit }
  #share .new { margin: 14px 0; padding: 12px; background: var(--well); border: 1px solid var(--line); border-radius: 4px }
  #share .new p { margin: 8px 0 0 }`;
const page = JSON.parse(document.getElementById("agnez-page").textContent);
const board = page.board.name;
/** What a new element is made of: its name, its properties and what stands in it. Text never becomes HTML. */
const element = (name, properties, ...content) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
};

/** The server's answer, or an error whose message is a sentence. Addresses are relative to the page's `<base>`. */
const ask = async (method, address, body) => {
  const token = sessionStorage.getItem("agnez-token");
  const headers = { Accept: "application/json", "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const reply = await fetch(address, { method, headers, body: body && JSON.stringify(body), cache: "no-store" }).catch(() => {
    throw new Error("The server could not be reached; nothing was changed.");
  });
  const told = await reply.json().catch(() => ({ message: `The server answered ${reply.status}.` }));
  if (!reply.ok) throw Object.assign(new Error(told.message), { isRefused: reply.status === 401 || reply.status === 403 });
  return told;
};

const list = element("ul", { ariaLabel: "Links to this board" });
const said = element("p", { role: "alert", hidden: true });
const made = element("div", { className: "new", hidden: true });
const name = element("input", { maxLength: 100, placeholder: "For whom (optional)", ariaLabel: "For whom", autocomplete: "off" });
const form = element("form", {}, name, element("button", {}, "Make a link"));
const close = element("button", {}, "Close");
const isHere = /\/\/(localhost|127\.|\[::1\])/.test(page.origin);
const dialog = element(
  "dialog",
  { id: "share" },
  element("style", {}, STYLE),
  element("h2", { id: "share-title" }, "Share this board"),
  element("p", {}, "Whoever has a link sees this board live, no other, and can change nothing.", isHere ? " It begins with the address of this page, which only this machine knows." : ""),
  form,
  said,
  made,
  list,
  element("form", { method: "dialog" }, close),
);
dialog.setAttribute("aria-labelledby", "share-title");
dialog.setAttribute("closedby", "any");
document.body.append(dialog);

/** Does it, and says what went wrong. */
const attempt = async (what) => {
  said.hidden = true;
  form.hidden = false;
  try {
    await what();
  } catch (error) {
    said.textContent = error.message;
    said.hidden = false;
    // Without a token there is nothing to fill in, only something to read. It is no fault, either.
    said.className = error.isRefused ? "need" : "";
    form.hidden = Boolean(error.isRefused);
    if (form.hidden) close.focus();
  }
};

const refresh = async () => {
  const shares = await ask("GET", `shares?board=${encodeURIComponent(board)}`);
  list.replaceChildren(
    ...shares.map((share) => {
      const label = share.name || share.id;
      const end = element("button", { type: "button", ariaLabel: `Revoke the link ${label}` }, "Revoke");
      end.onclick = () =>
        attempt(async () => {
          if (!confirm(`Revoke the link ${label}? Whoever has it is cut off, and cannot come back with it.`)) return;
          await ask("DELETE", `shares/${share.id}`);
          made.hidden ||= made.dataset.id === share.id;
          await refresh();
        });
      const when = element("time", { dateTime: share.createdAt }, new Date(share.createdAt).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
      return element("li", {}, element("span", {}, label), when, end);
    }),
  );
};

form.onsubmit = (event) => {
  event.preventDefault();
  attempt(async () => {
    const share = await ask("POST", "shares", { board, name: name.value.trim() });
    const link = element("input", { readOnly: true, value: share.link, ariaLabel: "Link" });
    const copy = element("button", { type: "button" }, "Copy");
    copy.onclick = () =>
      attempt(async () => {
        link.select();
        // Pages without TLS on other machines have no clipboard; what is marked can be copied by hand.
        await navigator.clipboard?.writeText(link.value);
        copy.textContent = navigator.clipboard ? "Copied" : "Press Ctrl+C";
      });
    made.replaceChildren(element("form", { onsubmit: () => false }, link, copy), element("p", {}, "It is shown this once: the server keeps no copy."));
    made.dataset.id = share.id;
    made.hidden = false;
    name.value = "";
    link.select();
    await refresh();
  });
};

export const open = () => {
  dialog.showModal();
  attempt(refresh);
};
dialog.onclose = () => {
  // The link has been shown.
  made.hidden = true;
  made.replaceChildren();
};
