// Hostile texts wherever text of clients is shown: none of them may become code of the page, ask another host for anything, or open a window.
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { Canary } from "./support/canary.ts";
import { cell, cells, live, openBoard } from "./support/page.ts";
import { payloads } from "./support/payloads.ts";
import { Stranger } from "./support/stranger.ts";
import { expect, test as base } from "./support/test.ts";

const test = base.extend<{ stranger: Stranger; canary: Canary; hostile: string[] }>({
  stranger: async ({}, use) => {
    const stranger = await Stranger.start();
    await use(stranger);
    stranger.stop();
  },
  canary: async ({ context, agnez, stranger, problems }, use) => {
    // The canary is the judge here; what the browser's console says of addresses that are none is not.
    problems.allow(/./);
    const canary = await Canary.watch(context, agnez.url, stranger);
    await use(canary);
    expect(canary.found()).toEqual([]);
  },
  hostile: async ({ stranger }, use) => use(payloads(stranger.url)),
});

test.describe.configure({ timeout: 300_000 });

/** Lists of at most so many. */
function batches<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** Scrolls through the whole page, so that everything that waits to be seen is loaded. */
async function scrollThrough(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let down = 0; down < document.documentElement.scrollHeight; down += innerHeight) {
      scrollTo(0, down);
      // A browser that has much to do may draw no frame for long: what is in sight is noticed without one, too.
      await new Promise((shown) => (requestAnimationFrame(shown), setTimeout(shown, 500)));
    }
  });
}

async function seeAll(page: Page): Promise<void> {
  await scrollThrough(page);
  await page.waitForLoadState("networkidle");
}

/** Waits until a count has stayed the same for 2 s, for 30 s at most. */
async function settled(page: Page, count: () => number): Promise<void> {
  let [last, since] = [count(), Date.now()];
  const end = Date.now() + 30_000;
  while (Date.now() - since < 2000 && Date.now() < end) {
    await page.waitForTimeout(100);
    if (count() !== last) [last, since] = [count(), Date.now()];
  }
}

function say(place: string, count: number): void {
  console.log(`canary: ${count} texts as ${place}`);
}

test("the canary sees what gets through", async ({ page, context, agnez, stranger, problems, hostile }) => {
  problems.allow(/./);
  expect(hostile.length).toBeGreaterThanOrEqual(500);
  expect(new Set(hostile).size).toBe(hostile.length);
  const canary = await Canary.watch(context, stranger.url, stranger);
  // A page that puts them between its tags: many of them must run.
  const some = hostile.filter((_, at) => at % 3 === 0);
  const documents = some.map((text) => `<iframe srcdoc="${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"></iframe>`);
  stranger.pages.set("/careless", `<!doctype html><meta charset=utf-8>${documents.join("")}`);
  await page.goto(`${stranger.url}/careless`);
  await expect.poll(() => canary.ran.size, { timeout: 30_000 }).toBeGreaterThan(60);
  await expect.poll(() => stranger.hits.filter((hit) => hit.includes("/hit-")).length).toBeGreaterThan(3);
  console.log(`canary: of ${some.length} texts ${canary.ran.size} run in a careless page`);

  // On the board itself, planted past everything that stands before it: the policy stops it, and that is seen as well.
  const board = await Canary.watch(await context.browser()!.newContext({ baseURL: agnez.url }), agnez.url, stranger);
  const planted = await board.context.newPage();
  await openBoard(planted, agnez.url);
  await planted.evaluate((text) => document.body.insertAdjacentHTML("beforeend", text), "<img src=x onerror=canary(1)>");
  await expect.poll(() => board.found().join()).toContain("script-src");
  await planted.evaluate(() => (window as unknown as { canary(n: number): void }).canary(2));
  await expect.poll(() => board.found().join()).toContain("2 ran");
  await board.context.close();
});

test("names, notes, types and values, as drawn by the server and by the page", async ({ page, agnez, canary, hostile }) => {
  const documents = hostile.map((text, pos) => ({ name: text, description: text, type: text, value: pos % 2 ? text : [text], pos }));
  await openBoard(page);
  for (const some of batches(documents, 100)) await agnez.create(some);
  await expect(cells(page)).toHaveCount(hostile.length);
  await seeAll(page);
  // NUL is no character of HTML.
  const plain = (texts: (string | null)[]) => texts.map((text) => text?.replace(/[\0\ufffd\r]/g, ""));
  const shown = () => page.locator(".chart-notes p").evaluateAll((notes) => notes.map((note) => note.textContent));
  expect(plain(await shown())).toEqual(plain(hostile));
  canary.check("the page's own drawing");
  await page.reload();
  await live(page);
  await seeAll(page);
  expect(plain(await shown())).toEqual(plain(hostile));
  canary.check("the server's drawing");
  say("name, note, type and value, each drawn by the server and by the page", hostile.length * 8);

  const ids = (await agnez.values()).map(({ _id }) => _id as string).filter((_, at) => at % 30 === 0);
  for (const id of ids) {
    const here = cell(page, id);
    await here.focus();
    await page.keyboard.press("d");
    await here.getByRole("textbox").press("Escape");
    await page.keyboard.press("Delete");
  }
  await expect(page.locator(".toast").first()).toContainText("Deleted");
  say("field of a note, and message of a deletion", ids.length * 2);
  expect(page.url()).toBe(`${agnez.url}/`);
});

test("labels, units, series, columns and cells of every kind", async ({ page, agnez, canary, hostile }) => {
  // Pictures in Markdown are stopped by the policy of its frame: none is asked for, which the stranger sees.
  canary.allow("img-src");
  const some = batches(hostile, 30);
  const plain = (text: string) => text.replace(/[\0-\x1f\x7f-\x9f]/g, "");
  // Units and titles are one line of a bounded length.
  const title = (text = "") => plain(text).slice(0, 200);
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
  const kinds: Record<string, (texts: string[]) => unknown> = {
    bar: (texts) => ({ labels: texts, series: Object.fromEntries(texts.slice(0, 3).map((text) => [text, numbers(texts.length)])), unit: title(texts[0]), x_label: title(texts[1]), y_label: title(texts[2]) }),
    histogram: (texts) => ({ edges: [0, 1, 2], counts: [1, 2], unit: title(texts[1]), x_label: title(texts[3]), y_label: title(texts[4]) }),
    heatmap: (texts) => ({ values: [numbers(texts.length)], rows: [texts[0]], columns: texts, row_label: title(texts[1]), column_label: title(texts[2]), unit: title(texts[3]) }),
    scatter: (texts) => ({ x: numbers(texts.length), y: numbers(texts.length), label: texts, x_label: title(texts[5]), y_label: title(texts[6]) }),
    number: (texts) => ({ value: 1, previous: 2, unit: title(texts[0]) }),
    table: (texts) => ({ columns: texts.slice(0, 5), rows: batches(texts, 5).map((row) => [...row, ...Array<null>(5 - row.length).fill(null)]) }),
    text: (texts) => texts.join("\n\n"),
  };
  const made: Record<string, string[]> = { line: [] };
  for (const [type, value] of Object.entries(kinds)) {
    const documents = some.filter((texts) => type !== "table" || texts.length >= 5).map((texts, at) => ({ name: `${type} ${at}`, type, value: value(texts) }));
    made[type] = ((await agnez.create(documents)) as { _id: string }[]).map(({ _id }) => _id);
  }
  for (const texts of some) {
    const { _id } = await agnez.create({ name: "line", type: "line", chart: { unit: plain(texts[0]!).slice(0, 16), x_label: title(texts[7]), y_label: title(texts[8]) } });
    // Names of series are short and have no control characters.
    const body = Object.fromEntries(texts.map((text) => [plain(text).slice(0, 128), numbers(3)]));
    const answer = await agnez.call("POST", `/values/${_id}/points`, body);
    expect(answer.status, answer.text).toBe(201);
    made.line!.push(_id);
  }
  await openBoard(page);
  await seeAll(page);
  let said = 0;
  for (const type of ["line", "bar", "heatmap", "scatter", "number", "histogram"]) {
    for (const id of made[type]!.slice(0, 3)) said += await pointAt(page, id, type);
  }
  canary.check("what is said at the pointer");
  say("labels, series, units, titles, columns, cells and Markdown", hostile.length * 7);
  say("line at the pointer", said);
  expect(said).toBeGreaterThan(50);

  // Drawings opened as documents of their own, and files.
  const drawn = ["line", "bar", "heatmap", "scatter"].flatMap((type) => made[type]!).concat(made.number!.slice(0, 3), made.histogram!.slice(0, 3));
  for (const id of drawn) {
    await page.goto(`${agnez.url}/values/${id}.svg`);
    expect(await page.evaluate(() => document.contentType)).toBe("image/svg+xml");
    expect(await page.evaluate(() => document.querySelector("parsererror")?.textContent)).toBeUndefined();
  }
  for (const id of made.table!) await page.goto(`${agnez.url}/figure/${id}/1`);
  for (const id of made.text!) await page.goto(`${agnez.url}/figure/${id}/1`);
  say("drawing, table and text opened by itself", drawn.length + made.table!.length + made.text!.length);
  await files(agnez, [...drawn, ...made.table!]);
});

/** Moves over a drawing; how many lines were said there in all. */
async function pointAt(page: Page, id: string, type: string): Promise<number> {
  const drawing = cell(page, id).locator(type === "line" ? ".line-chart" : ".picture img");
  await drawing.scrollIntoViewIfNeeded();
  const box = (await drawing.boundingBox())!;
  let lines = 0;
  const steps = type === "line" ? 1 : 8;
  for (let step = 0; step < steps; step++) {
    const part = (step + 0.5) / steps;
    await page.mouse.move(box.x + box.width * part, box.y + box.height * (type === "scatter" ? 1 - part : 0.6));
    if (step === 0) await page.locator("#tooltip p").first().waitFor({ timeout: 500 }).catch(() => undefined);
    lines += await page.locator("#tooltip p").count();
  }
  return lines;
}

/** What is no document must not be taken for one, whatever is in it. */
async function files(agnez: Agnez, ids: string[]): Promise<void> {
  for (const id of ids) {
    const answer = await agnez.call("GET", `/values/${id}.csv?download=1`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers).toMatchObject({ "content-type": "text/csv; charset=utf-8", "x-content-type-options": "nosniff" });
    expect(answer.headers["content-disposition"]).toMatch(/^attachment/);
  }
}

test("pictures that are none, and figures of their own origin", async ({ page, agnez, canary, hostile }) => {
  // The address of a picture is the client's choice, and the policy stops those that are not https.
  canary.allow("img-src");
  const [pictures, figures] = [hostile.map((text) => ({ name: "picture", type: "img", value: text })), batches(hostile, 20)];
  for (const some of batches(pictures, 100)) await agnez.create(some);
  await openBoard(page);
  await seeAll(page);
  canary.check("pictures");
  say("address of a picture", hostile.length);

  // A figure may run what it likes, in a place that is not the page's: there the canary must sing, and only there.
  canary.allow("frame-src", "in a figure");
  const board = `${agnez.url}/b/figures`;
  const close = "</script></style></textarea></title></template></select></noscript></iframe>-->";
  await agnez.create(figures.map((texts) => ({ board: "figures", name: "figure", type: "html", value: texts.join(close) })));
  await openBoard(page, board);
  // Some of these figures load themselves again without end, so the network need not become idle.
  await scrollThrough(page);
  await expect.poll(() => canary.strangers.size, { message: "figures run", timeout: 30_000 }).toBeGreaterThan(20);
  await settled(page, () => canary.strangers.size);
  expect(page.url()).toBe(board);
  say("figure", hostile.length);
});

test("addresses, and errors that repeat them", async ({ page, agnez, canary, hostile }) => {
  const places = (text: string) => ["/b/", "/values/", "/values?x=", "/figure/", "/"].map((start) => start + encodeURIComponent(text));
  let asked = 0;
  const judge = async (text: string) => {
    for (const path of places(text).filter((path) => path.length < 7000)) {
      const answer = await agnez.call("GET", path);
      asked += 1;
      const type = String(answer.headers["content-type"]);
      expect(answer.headers["x-content-type-options"], path).toBe("nosniff");
      expect(answer.headers["content-security-policy"], path).toMatch(/default-src 'none'/);
      if (/html|svg|xml/.test(type)) expect(answer.text, path).not.toContain(text.length > 8 && /<(script|img|svg)/.test(text) ? text : "\u0000");
    }
    for (const bad of [{ _id: text }, { type: "bar", value: { [text]: text } }]) {
      const answer = await agnez.call("POST", "/values", bad);
      asked += 1;
      if (answer.status >= 400) expect(answer.headers["content-type"]).toBe("application/json");
    }
  };
  for (const some of batches(hostile, 20)) await Promise.all(some.map(judge));
  say("address or body that is refused", asked);
  for (const text of hostile.filter((_, at) => at % 20 === 0)) {
    for (const path of places(text).slice(0, 3)) await page.goto(`${agnez.url}${path}`).catch(() => undefined);
  }
  canary.check("errors as documents");

  // What the server says of a change that it refused, in the page's own words.
  const { _id } = await agnez.create({ name: "a", type: "log", value: "1" });
  let message = "";
  const error = () => JSON.stringify({ name: "BadRequest", message, code: 400, className: "bad-request", data: {}, errors: {} });
  await page.route("**/rpc/**", (route) => route.fulfill({ status: 400, contentType: "application/json", body: error() }));
  await openBoard(page);
  const told = hostile.filter((_, at) => at % 20 === 0);
  for (const [at, text] of told.entries()) {
    message = text;
    await cell(page, _id).focus();
    await page.keyboard.press("d");
    const field = cell(page, _id).getByRole("textbox");
    await field.fill(`changed ${at}`);
    await page.keyboard.press("Control+Enter");
    await expect(page.locator(".toast.error").filter({ hasText: /canary|hit-/ }).last()).toBeVisible();
    await page.keyboard.press("Escape");
  }
  say("message of an error", told.length);
  const filter = page.getByRole("searchbox");
  const typed = hostile.filter((_, at) => at % 5 === 0);
  for (const text of typed) await filter.fill(text);
  await expect(cells(page)).toBeHidden();
  say("filter", typed.length);
});
