// Charts that the server draws, and tables and texts in their frames: as they are sent, patched, refused and taken along.
import { readFileSync } from "node:fs";

import type { Locator, Page } from "@playwright/test";

import { address, cell, figure, openBoard, openMenu, painted, picture, stage } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const KINDS: [type: string, value: unknown, about: RegExp][] = [
  ["bar", { labels: ["a", "b"], series: { train: [1, 2], val: [2, "NaN"] } }, /4 bars/],
  ["histogram", { edges: [0, 1, 2, 3], counts: [3, 5, 1] }, /9 values from 0 to 3 in 3 bins/],
  ["heatmap", { values: [[50, 2], [3, 45]], rows: ["cat", "dog"], columns: ["cat", "dog"], row_label: "truth" }, /2 rows and 2 columns/],
  ["scatter", { x: [1, 2, 3], y: [3, 1, "Infinity"], label: ["a", "b", "a"] }, /3 points; 1 ∞/],
  ["number", { value: 93.4, unit: "%", previous: 91.2, trend: [1, 2, 3], better: "up" }, /93\.4%/],
];

test("each kind is drawn, as wide as its tile, before any script and after", async ({ page, agnez }) => {
  const made: string[] = [];
  for (const [type, value] of KINDS) made.push((await agnez.create({ name: type, type, value }))._id);
  await openBoard(page);
  for (const [at, id] of made.entries()) {
    const [type, , about] = KINDS[at]!;
    const drawn = picture(cell(page, id));
    await expect(drawn).toHaveAttribute("alt", type);
    await expect.poll(() => drawn.evaluate((image: HTMLImageElement) => image.complete && image.naturalHeight > 0)).toBe(true);
    const [box, room] = [await drawn.boundingBox(), await stage(cell(page, id)).boundingBox()];
    expect(box!.height).toBe(type === "number" ? 140 : type === "heatmap" ? 320 : 240);
    expect(Math.abs(room!.width - box!.width)).toBeLessThanOrEqual(26);
    const src = await address(drawn);
    const svg = await agnez.call("GET", src);
    expect(svg.headers["cache-control"]).toContain("immutable");
    expect(svg.text).toMatch(about);
  }
});

test("a patch swaps the drawing, and nothing else moves", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "accuracy", type: "number", value: 0.5 });
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  await expect.poll(() => drawn.evaluate((image: HTMLImageElement) => image.complete)).toBe(true);
  // At every moment either the server's picture or what the page has painted is to be seen.
  await drawn.evaluate((image: HTMLImageElement) => {
    const seen: boolean[] = [];
    Object.assign(image, { seen });
    const look = () => {
      const canvas = image.parentElement!.querySelector("canvas");
      const shown = getComputedStyle(image).opacity === "0" ? canvas && canvas.height > 0 : image.complete && image.naturalHeight > 0;
      seen.push(Boolean(shown) && image.clientHeight === 140);
      requestAnimationFrame(look);
    };
    look();
  });
  await expect(painted(cell(page, _id))).toHaveCount(0);
  for (const value of [0.6, 0.7, 0.8, { value: 0.9, previous: 0.8, better: "up" }]) await agnez.patch(_id, { value });
  await expect(painted(cell(page, _id))).toHaveCount(1);
  await expect.poll(async () => (await agnez.call("GET", await address(drawn))).text).toContain(">0.9<");
  const seen = await drawn.evaluate((image) => (image as unknown as { seen: boolean[] }).seen);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(Boolean)).toBe(true);
});

/** How much of two screenshots differs: the share of pixels that are like none of the other's nine around them, of those that are not ground. */
function difference(page: Page, a: Buffer, b: Buffer): Promise<number> {
  const urls = [a, b].map((png) => `data:image/png;base64,${png.toString("base64")}`);
  return page.evaluate(async (urls) => {
    const images = await Promise.all(
      urls.map(async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const context = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }).getContext("2d")!;
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height);
      }),
    );
    const [{ width, height }] = images as [ImageData];
    const channels = (image: ImageData, x: number, y: number) => image.data.slice((y * width + x) * 4, (y * width + x) * 4 + 3);
    const far = (p: Uint8ClampedArray, q: Uint8ClampedArray) => p.some((value, at) => Math.abs(value - q[at]!) > 48);
    let [drawn, differ] = [0, 0];
    for (const [one, other] of [images, images.toReversed()] as [ImageData, ImageData][]) {
      const ground = channels(one, 1, 1);
      for (let y = 1; y < height - 1; y++) {
        for (let x = 1; x < width - 1; x++) {
          const here = channels(one, x, y);
          if (!far(here, ground)) continue;
          drawn++;
          const near = [-1, 0, 1].some((dy) => [-1, 0, 1].some((dx) => !far(here, channels(other, x + dx, y + dy))));
          differ += Number(!near);
        }
      }
    }
    return drawn === 0 || images[0]!.height !== images[1]!.height ? 1 : differ / drawn;
  }, urls);
}

const PAINTED: [type: string, value: unknown][] = [
  ...KINDS.map(([type, value]): [string, unknown] => [type, value]),
  ["bar", { labels: ["cat", "dog", "bird"], values: [3, -2, "NaN"], horizontal: true, unit: "%" }],
  ["histogram", { steps: [1, 2, 4], edges: [0, 1, 2], counts: [[1, 5], [2, 3], [9, 1]] }],
  ["histogram", { view: "ridge", steps: [1, 2, 4], edges: [0, 1, 2, 3], counts: [[1, 5, 2], [2, 3, 9], [9, 1, 0]] }],
  ["heatmap", { values: [[1, "NaN", -3], [4, 5, "Infinity"]], rows: ["a", "b"], column_label: "predicted" }],
  ["number", { value: -0.5, previous: 0.5, better: "up", trend: [1, "NaN", 3, 2, "Infinity"] }],
];

for (const scheme of ["light", "dark"] as const) {
  test(`what the page paints is what the server draws: ${scheme}`, async ({ page, agnez }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 1100, height: 900 });
    for (const [at, [type, value]] of PAINTED.entries()) {
      // One cell on a board: it is near, and nothing else moves.
      const { _id } = await agnez.create({ board: `painted-${at}`, name: type, type });
      await openBoard(page, `/b/painted-${at}`);
      await agnez.patch(_id, { value });
      const drawing = picture(cell(page, _id));
      await expect(painted(cell(page, _id))).toHaveCount(0);
      await expect.poll(() => drawing.evaluate((image: HTMLImageElement) => image.complete && image.naturalHeight > 0)).toBe(true);
      // The same value once more is a new version of it.
      await agnez.patch(_id, { value });
      await expect(painted(cell(page, _id))).toHaveCount(1);
      for (const width of [1100, 480]) {
        await page.setViewportSize({ width, height: 900 });
        const at = await drawing.getAttribute("data-at");
        await expect.poll(() => painted(cell(page, _id)).evaluate((canvas: HTMLCanvasElement) => Math.abs(canvas.width - canvas.clientWidth))).toBeLessThanOrEqual(1);
        const canvas = await stage(cell(page, _id)).screenshot({ animations: "disabled" });
        await page.evaluate(() => document.querySelector(".picture canvas")!.setAttribute("hidden", ""));
        const empty = await stage(cell(page, _id)).screenshot({ animations: "disabled" });
        await drawing.evaluate(async (image: HTMLImageElement, at) => {
          image.style.opacity = "1";
          image.src = at!;
          await image.decode();
        }, at);
        const svg = await stage(cell(page, _id)).screenshot({ animations: "disabled" });
        expect(await difference(page, canvas, svg), `${type} ${JSON.stringify(value)} at ${width}`).toBeLessThan(0.02);
        expect(await difference(page, canvas, empty), "nothing is told apart from it").toBeGreaterThan(0.9);
        await page.evaluate(() => document.querySelector(".picture canvas")!.removeAttribute("hidden"));
        await drawing.evaluate((image: HTMLImageElement) => image.style.removeProperty("opacity"));
      }
    }
  });
}

test("drawings follow the theme of the page", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ type: "heatmap", value: [[0, 0], [0, 0]] });
  const colours = async (scheme: "light" | "dark") => {
    await page.emulateMedia({ colorScheme: scheme });
    await openBoard(page);
    const drawn = picture(cell(page, _id));
    await expect.poll(() => drawn.evaluate((image: HTMLImageElement) => image.complete && image.naturalHeight > 0)).toBe(true);
    return (await drawn.screenshot()).toString("base64");
  };
  expect(await colours("light")).not.toBe(await colours("dark"));
});

test("what is painted follows the theme that is chosen", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "classes", type: "bar", value: { cat: 3 } });
  await page.emulateMedia({ colorScheme: "light" });
  await openBoard(page);
  await agnez.patch(_id, { value: { cat: 4 } });
  const bar = () =>
    painted(cell(page, _id)).evaluate((canvas: HTMLCanvasElement) => {
      const middle = new OffscreenCanvas(1, 1).getContext("2d")!;
      middle.drawImage(canvas, -canvas.width / 2, -canvas.height / 2);
      return [...middle.getImageData(0, 0, 1, 1).data];
    });
  await expect(painted(cell(page, _id))).toHaveCount(1);
  await expect.poll(bar).toEqual([0x0b, 0x5f, 0xbe, 255]);
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect.poll(bar).toEqual([0x74, 0xb4, 0xff, 255]);
});

test("a table is sorted by a click, its texts stay texts", async ({ page, agnez }) => {
  const rows = [["b <img src=x onerror=parent.hacked=1>", 2, "x"], ["a", 10, "y"], ["c", "NaN", "z"]];
  const { _id } = await agnez.create({ name: "runs", type: "table", value: { columns: ["run", "acc", "note"], rows } });
  await openBoard(page);
  const table = figure(cell(page, _id));
  const column = (at: number) => table.locator(`tbody td:nth-child(${at})`).allTextContents();
  await expect.poll(() => column(2)).toEqual(["2", "10", "NaN"]);
  await table.getByRole("button", { name: "acc" }).click();
  expect(await column(2)).toEqual(["2", "10", "NaN"]);
  await table.getByRole("button", { name: "acc" }).click();
  expect(await column(2)).toEqual(["10", "2", "NaN"]);
  await table.getByRole("button", { name: "run" }).click();
  expect((await column(1)).map((text) => text[0])).toEqual(["a", "b", "c"]);
  await expect(table.locator("img")).toHaveCount(0);
});

test("a text is Markdown, and HTML in it is shown as it is written", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "notes", type: "text", value: "# Run 7\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>document.title = 'x'</script>\n" });
  await openBoard(page);
  const text = figure(cell(page, _id));
  await expect(text.getByRole("heading", { name: "Run 7" })).toBeVisible();
  await expect(text.locator("td")).toHaveText(["1", "2"]);
  await expect(text.getByText("<script>")).toBeVisible();
  await agnez.patch(_id, { value: "*newer*" });
  await expect(figure(cell(page, _id)).locator("em")).toHaveText("newer");
});

test("a link in a text opens a page of its own, which learns nothing of the board", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "notes", type: "text", value: "[other](/b/other) [here](#x)" });
  const html = await agnez.create({ name: "figure", type: "html", value: '<a href="/b/other" target="_blank">out</a>', pos: 1 });
  await openBoard(page);
  const frame = cell(page, _id).locator("iframe").filter({ visible: true });
  // As high as its text: the script of the server runs, and none else may.
  await expect.poll(async () => (await frame.boundingBox())!.height).toBeLessThan(100);
  const { headers } = await agnez.call("GET", await address(frame));
  expect(headers["content-security-policy"]).toMatch(/^sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'nonce-\w+';/);
  const opening = page.context().waitForEvent("page");
  await figure(cell(page, _id)).getByRole("link", { name: "other" }).click();
  const opened = await opening;
  await expect(opened).toHaveURL(`${agnez.url}/b/other`);
  expect(await opened.evaluate(() => window.opener)).toBeNull();
  await expect(opened.locator("html"), "it is no sandbox").toHaveAttribute("data-hydrated", /.*/);
  await opened.close();

  // Figures of others may not, by attribute and by header.
  const other = cell(page, html._id).locator("iframe").filter({ visible: true });
  await expect(other).toHaveAttribute("sandbox", "allow-scripts");
  expect((await agnez.call("GET", await address(other))).headers["content-security-policy"]).toMatch(/^sandbox allow-scripts; /);
  // A cell that becomes a figure loses what a text may.
  await agnez.patch(_id, { type: "html", value: "<p>now a figure</p>" });
  await expect(figure(cell(page, _id)).getByText("now a figure")).toBeVisible();
  await expect(cell(page, _id).locator("iframe").filter({ visible: true })).toHaveAttribute("sandbox", "allow-scripts");
});

test("a value that does not fit is refused with its place, and the drawing stays", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "m", type: "heatmap", value: [[1, 2]] });
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  const before = (await drawn.getAttribute("src"))!;
  const refused = await agnez.call("PATCH", `/values/${_id}`, { value: [[1, 2], [3, true]] });
  expect(refused.status).toBe(400);
  expect(refused.json.message).toBe("value[1][1] must be a number, not a boolean.");
  await agnez.patch(_id, { description: "still here" });
  await expect(cell(page, _id)).toContainText("still here");
  await expect(drawn).toHaveAttribute("src", before);
});

test("what is drawn from numbers is saved from its menu", async ({ page, agnez }) => {
  const bar = await agnez.create({ name: "classes", type: "bar", value: { cat: 3, dog: 4 }, pos: 0 });
  const note = await agnez.create({ name: "note", type: "text", value: "x", pos: 1 });
  await openBoard(page);
  for (const [item, name, part] of [
    ["Save as SVG", "classes.svg", "<svg"],
    ["Save as CSV", "classes.csv", "cat"],
  ] as const) {
    const coming = page.waitForEvent("download");
    await openMenu(cell(page, bar._id), item);
    const file = await coming;
    expect(file.suggestedFilename()).toBe(name);
    expect(readFileSync(await file.path(), "utf8")).toContain(part);
  }
  expect(page.url()).toBe(`${agnez.url}/`);
  await cell(page, note._id).getByRole("button", { name: /^Menu/ }).click();
  await expect(page.getByRole("menuitem", { name: "Copy id" })).toBeVisible();
  await expect(page.getByRole("menuitem", { name: "Save as SVG" })).toBeHidden();
  await page.keyboard.press("End");
  // The four sizes and Delete are below it.
  for (let up = 0; up < 5; up += 1) await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("menuitem", { name: "Copy link to value" })).toBeFocused();
});

/** Moves the pointer to a place of a drawing: a share of its width, and pixels from its top. */
async function point(drawn: Locator, share: number, down: number): Promise<void> {
  await drawn.scrollIntoViewIfNeeded();
  const box = (await drawn.boundingBox())!;
  await drawn.page().mouse.move(box.x + box.width * share, box.y + down);
}

const tip = (page: Page) => page.locator("#tooltip");

/** The lines of what is said: the heading, then names and values. */
const said = (page: Page) => tip(page).locator("p").allInnerTexts().then((lines) => lines.map((line) => line.replace(/\s+/g, " ").trim()).filter(Boolean));

test("a drawing tells the value that is pointed at, and follows when it changes", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "classes", type: "bar", value: { labels: ["cat", "dog"], series: { train: [1, 2], val: [3, "NaN"] }, unit: "%" } });
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  const before = await drawn.boundingBox();
  await point(drawn, 0.3, 100);
  await expect.poll(() => said(page)).toEqual(["cat", "train 1 %", "val 3 %"]);
  await point(drawn, 0.8, 100);
  await expect.poll(() => said(page)).toEqual(["dog", "train 2 %", "val NaN %"]);
  await expect(stage(cell(page, _id)).locator(".hit-outline")).toHaveCount(1);
  // The pointer rests; the value changes.
  await agnez.patch(_id, { value: { labels: ["cat", "dog"], series: { train: [1, 7], val: [3, 8] }, unit: "%" } });
  await expect.poll(() => said(page)).toEqual(["dog", "train 7 %", "val 8 %"]);
  expect(await drawn.boundingBox()).toEqual(before);
  await expect(drawn).toHaveAttribute("aria-label", /^classes: 4 bars from 1 to 8$/);
  await page.mouse.move(2, 2);
  await expect(tip(page)).toBeHidden();
  await expect(page.locator(".hit-outline")).toHaveCount(0);
});

test("every kind of drawing has its words", async ({ page, agnez }) => {
  const made: [id: string, share: number, down: number, words: (string | RegExp)[]][] = [];
  const add = async (type: string, value: unknown, share: number, down: number, words: (string | RegExp)[]) => {
    made.push([(await agnez.create({ name: type, type, value }))._id, share, down, words]);
  };
  await add("histogram", { edges: [0, 1, 2, 3], counts: [3, 5, 1], unit: "s" }, 0.5, 120, ["1 to 2 s", "count 5"]);
  await add("histogram", { steps: [10, 20], edges: [0, 1, 2], counts: [[5, 7], [6, 9]] }, 0.3, 190, ["step 10", "value 0 to 1", "count 5"]);
  await add("histogram", { steps: [10, 20], edges: [0, 1, 2], counts: [[5, 7], [6, 9]], view: "ridge" }, 0.7, 210, ["step 20", "value 1 to 2", "count 9"]);
  const confusion = { values: [[40, 10], [0, 45]], rows: ["cat", "dog"], columns: ["cat", "dog"], row_label: "truth", column_label: "predicted" };
  await add("heatmap", confusion, 0.3, 80, ["truth cat", "predicted cat", "value 40", "of the row 80 %"]);
  await add("scatter", { x: [1, 2, 3], y: [3, 1, 2], label: ["a", "b", "a"], x_label: "lr" }, 0.52, 212, ["b", "lr 2", "y 1"]);
  await add("number", { value: 93.123456789, unit: "%", previous: 91.2, trend: [1, 2, 3], better: "up" }, 0.1, 40, ["now", "value 93.123456789 %", "before 91.2 %"]);
  await openBoard(page);
  for (const [id, share, down, words] of made) {
    // The page may still scroll to the chart, which hides the tooltip: the pointer moves again.
    await expect
      .poll(async () => {
        await point(picture(cell(page, id)), share, down);
        return said(page);
      })
      .toEqual(words);
  }
  await point(picture(cell(page, made.at(-1)![0])), 0.95, 110);
  await expect.poll(() => said(page)).toEqual(["3 of 3 in the trend", "value 3 %"]);
});

test("values are reached by keys, and by a finger", async ({ page, agnez, open }) => {
  const { _id } = await agnez.create({ name: "classes", type: "bar", value: { cat: 3, dog: 4 } });
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  await cell(page, _id).focus();
  await expect(drawn).toHaveAttribute("aria-label", /2 bars from 3 to 4/);
  await page.keyboard.press("]");
  await expect.poll(() => said(page)).toEqual(["cat", "value 3"]);
  await expect(tip(page)).toHaveAttribute("role", "status");
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  await expect.poll(() => said(page)).toEqual(["dog", "value 4"]);
  await page.keyboard.press("[");
  await expect.poll(() => said(page)).toEqual(["cat", "value 3"]);
  await agnez.patch(_id, { value: { cat: 5, dog: 4 } });
  await expect.poll(() => said(page)).toEqual(["cat", "value 5"]);
  await page.locator("h1, header a, header button").first().focus();
  await expect(tip(page)).toBeHidden();

  const phone = await open({ hasTouch: true, viewport: { width: 390, height: 800 } });
  await openBoard(phone);
  const touched = picture(cell(phone, _id));
  const box = (await touched.boundingBox())!;
  await phone.touchscreen.tap(box.x + box.width * 0.8, box.y + 100);
  await expect.poll(() => said(phone)).toEqual(["dog", "value 4"]);
  await phone.touchscreen.tap(box.x + box.width / 2, box.y + box.height + 120);
  await expect(tip(phone)).toBeHidden();
});

test("a plane of 100,000 points tells the nearest at once, and asks for nothing before", async ({ page, agnez }) => {
  const count = 100_000;
  const x = Array.from({ length: count }, (_, at) => (at * 7919) % count);
  const y = Array.from({ length: count }, (_, at) => (at * 104_729) % count);
  const { _id } = await agnez.create({ name: "plane", type: "scatter", value: { x, y } });
  const asked: string[] = [];
  page.on("request", (request) => request.url().includes(".json?") && asked.push(request.url()));
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  await expect.poll(() => drawn.evaluate((image: HTMLImageElement) => image.complete && image.naturalHeight > 0)).toBe(true);
  expect(asked).toEqual([]);
  await point(drawn, 0.5, 100);
  await expect(tip(page)).toBeVisible();
  const before = await said(page);
  await point(drawn, 0.6, 100);
  await expect.poll(() => said(page)).not.toEqual(before);
  expect(asked).toHaveLength(1);
});

test("a drawing that is far away is not fetched, and is the newest one when it is reached", async ({ page, agnez }) => {
  for (let pos = 0; pos < 60; pos++) await agnez.create({ name: `n${pos}`, type: "bar", value: { a: pos }, pos });
  const { _id } = await agnez.create({ name: "far", type: "number", value: 0.5, pos: 60 });
  const fetched: string[] = [];
  page.on("request", (request) => request.url().includes(`/${_id}.`) && fetched.push(request.url()));
  await openBoard(page);
  await agnez.patch(_id, { value: 0.75 });
  await agnez.patch(_id, { value: 0.875, description: "changed" });
  await expect(cell(page, _id)).toContainText("changed");
  expect(fetched).toEqual([]);
  const drawn = picture(cell(page, _id));
  await drawn.scrollIntoViewIfNeeded();
  await expect.poll(() => drawn.evaluate((image: HTMLImageElement) => image.complete && image.naturalHeight > 0)).toBe(true);
  await expect.poll(async () => (await agnez.call("GET", await address(drawn))).text).toContain(">0.875<");
  await page.mouse.move(1, 1);
  await point(drawn, 0.1, 60);
  await expect.poll(() => said(page)).toEqual(["now", "value 0.875"]);
});

test("a drawing fills the full screen, its values are found there, and it is as before afterwards", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "classes", type: "bar", value: { cat: 3, dog: 4 } });
  await openBoard(page);
  const drawn = picture(cell(page, _id));
  const height = async () => Math.round((await drawn.boundingBox())!.height);
  const room = async () => (await stage(cell(page, _id)).boundingBox())!.height - 24;
  expect(await height()).toBe(240);
  await cell(page, _id).focus();
  await page.keyboard.press("f");
  await expect.poll(height).toBeGreaterThan(400);
  expect(Math.abs((await height()) - (await room()))).toBeLessThanOrEqual(1);
  // A new value keeps the size.
  await agnez.patch(_id, { value: { cat: 3, dog: 40 } });
  await expect.poll(async () => (await agnez.call("GET", await address(drawn))).text).toContain("2 bars from 3 to 40");
  expect(Math.abs((await height()) - (await room()))).toBeLessThanOrEqual(1);
  await point(drawn, 0.8, (await height()) - 60);
  await expect.poll(() => said(page)).toEqual(["dog", "value 40"]);
  await page.setViewportSize({ width: 900, height: 560 });
  await expect.poll(async () => Math.abs((await height()) - (await room()))).toBeLessThanOrEqual(1);
  await page.keyboard.press("Escape");
  await expect.poll(height).toBe(240);

  await page.goto(`${agnez.url}/?full=${_id}`);
  await expect.poll(height).toBeGreaterThan(300);
  expect(Math.abs((await height()) - (await room()))).toBeLessThanOrEqual(1);
});
