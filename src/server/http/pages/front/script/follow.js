// The list is asked for again and again: each request is answered once it is another one.

/** Seconds that the server holds a request until something changes. */
const WAIT = 25;
/** Milliseconds that an answer may take beyond that: then the connection is dead. */
const PATIENCE = 15_000;
const MAX_RETRY_MS = 10_000;
/** Between the beginnings of two requests that wait for changes. */
const MIN_INTERVAL_MS = 1000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

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
