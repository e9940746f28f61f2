// Charts that the server draws, and tables and texts in their frames: as they are sent, patched, refused and taken along.
import { readFileSync } from "node:fs";

import { cell, figure, openBoard, openMenu, picture, stage } from "./support/page.ts";
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
    const src = (await drawn.getAttribute("src"))!;
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
  // An image that is exchanged off the screen is complete at every moment at which it can be seen.
  await drawn.evaluate((image: HTMLImageElement) => {
    const seen: boolean[] = [];
    Object.assign(image, { seen });
    const look = () => {
      seen.push(image.complete && image.naturalHeight > 0 && image.clientHeight === 140);
      requestAnimationFrame(look);
    };
    look();
  });
  const before = await drawn.getAttribute("src");
  for (const value of [0.6, 0.7, 0.8, { value: 0.9, previous: 0.8, better: "up" }]) await agnez.patch(_id, { value });
  await expect(drawn).not.toHaveAttribute("src", before!);
  await expect.poll(async () => (await agnez.call("GET", (await drawn.getAttribute("src"))!)).text).toContain(">0.9<");
  const seen = await drawn.evaluate((image) => (image as unknown as { seen: boolean[] }).seen);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(Boolean)).toBe(true);
});

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
  const { headers } = await agnez.call("GET", (await frame.getAttribute("src"))!);
  expect(headers["content-security-policy"]).toMatch(/^sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'nonce-\w+';/);
  const opening = page.context().waitForEvent("page");
  await figure(cell(page, _id)).getByRole("link", { name: "other" }).click();
  const opened = await opening;
  await expect(opened).toHaveURL(`${agnez.url}/b/other`);
  expect(await opened.evaluate(() => window.opener)).toBeNull();
  await expect(opened.locator("html"), "it is no sandbox").toHaveAttribute("data-awake", /.*/);
  await opened.close();

  // Figures of others may not, by attribute and by header.
  const other = cell(page, html._id).locator("iframe").filter({ visible: true });
  await expect(other).toHaveAttribute("sandbox", "allow-scripts");
  expect((await agnez.call("GET", (await other.getAttribute("src"))!)).headers["content-security-policy"]).toMatch(/^sandbox allow-scripts; /);
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
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("menuitem", { name: "Copy link to value" })).toBeFocused();
});
