// What is read closely: numbers of tables, pictures on white paper in the dark theme, and the board on paper.
import { readFileSync } from "node:fs";

import type { Locator, Page } from "@playwright/test";

import { GREEN, gif } from "./support/gif.ts";
import { cell, figure, openBoard, picture, stage } from "./support/page.ts";
import { drawn, line, type Points } from "./support/line.ts";
import { expect, test } from "./support/test.ts";

test.describe("tables", () => {
  test.use({ permissions: ["clipboard-read", "clipboard-write"] });

  test("numbers are rounded to read and whole to copy, and sorting moves nothing", async ({ page, agnez }) => {
    const columns = ["run", ...Array.from({ length: 20 }, (_, at) => `metric ${at}`)];
    const rows = Array.from({ length: 30 }, (_, row) => [`run ${row}`, ...Array.from({ length: 20 }, (_, at) => (row * 7 + at) % 30 + 0.1 + 0.2)]);
    const { _id } = await agnez.create({ name: "metrics", type: "table", value: { columns, rows } });
    await openBoard(page);
    const table = figure(cell(page, _id));
    const first = table.locator("tbody td").nth(1);
    await expect(first).toHaveText("0.3");
    await expect(first).toHaveAttribute("title", "0.30000000000000004");

    const box = table.getByRole("region", { name: "Table" });
    await box.evaluate((box) => box.scrollTo({ left: 1e6, top: 60 }));
    const place = () => box.evaluate(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop]);
    const before = await place();
    expect(before[0]).toBeGreaterThan(100);
    for (const order of ["ascending", "descending"]) {
      await table.getByRole("button", { name: "metric 19" }).click();
      await expect(table.getByRole("columnheader", { name: "metric 19" })).toHaveAttribute("aria-sort", order);
      expect(await place()).toEqual(before);
    }
    // The names are still there, in front of what is scrolled below them.
    for (const part of [table.locator("tbody td:first-child").nth(5), table.locator("th:first-child")]) {
      const [left, over] = await part.evaluate((part) => {
        const { left, top } = part.getBoundingClientRect();
        return [left, part.contains(document.elementFromPoint(left + 5, top + 5))];
      });
      expect([left, over]).toEqual([0, true]);
    }

    // Copied and downloaded in full.
    await first.evaluate((td) => {
      const range = document.createRange();
      range.selectNodeContents(td.parentElement!);
      getSelection()!.removeAllRanges();
      getSelection()!.addRange(range);
    });
    const copied = await first.evaluate(() => {
      const data = new DataTransfer();
      document.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
      return data.getData("text/plain");
    });
    expect(copied.split("\t")).toHaveLength(21);
    expect(copied).toContain("\t10.299999999999999\t");
    expect((await agnez.call("GET", `/values/${_id}.csv`)).text).toContain("0.30000000000000004");
  });
});

const CLEAR_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><path d="M0 0L200 100" stroke="black"/></svg>';
const THEMED_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><style>rect{fill:#010}@media (prefers-color-scheme:dark){rect{fill:#fef}}</style><rect width="100" height="100"/></svg>`;

test("transparent pictures have white paper in the dark theme, charts have the theme's", async ({ open, agnez }) => {
  const page = await open({ colorScheme: "dark" });
  const svg = (text: string) => `data:image/svg+xml,${encodeURIComponent(text)}`;
  const pictures = {
    svg: svg(CLEAR_SVG),
    gif: `data:image/gif;base64,${gif([GREEN]).toString("base64")}`,
    // One transparent pixel each.
    png: "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    webp: "data:image/webp;base64,UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
    themed: svg(THEMED_SVG),
  };
  const ids: Record<string, string> = {};
  for (const [name, value] of Object.entries(pictures)) ids[name] = (await agnez.create({ name, type: "img", value }))._id;
  const bar = await agnez.create({ name: "bar", type: "bar", value: { a: 1 } });
  const text = await agnez.create({ name: "text", type: "text", value: `![x](${pictures.png})` });
  await openBoard(page);
  const ground = (of: Locator) => of.evaluate((one) => getComputedStyle(one).backgroundColor);
  for (const name of Object.keys(pictures)) {
    await expect.poll(() => ground(picture(cell(page, ids[name]!))), name).toBe("rgb(255, 255, 255)");
  }
  await expect(picture(cell(page, ids.themed!))).toHaveCSS("color-scheme", "light");
  expect(await ground(picture(cell(page, bar._id)))).toBe("rgba(0, 0, 0, 0)");
  await expect(figure(cell(page, text._id)).locator("img")).toHaveCSS("background-color", "rgb(255, 255, 255)");
  // A picture that comes later, and one that becomes a chart.
  await agnez.patch(ids.png!, { value: pictures.svg });
  await expect.poll(() => ground(picture(cell(page, ids.png!)))).toBe("rgb(255, 255, 255)");
  await agnez.patch(ids.svg!, { type: "bar", value: { a: 1 } });
  await expect.poll(() => ground(picture(cell(page, ids.svg!)))).toBe("rgba(0, 0, 0, 0)");
});

test("on paper the board is light, whole and without what can only be pressed", async ({ open, agnez }, info) => {
  const page = await open({ colorScheme: "dark" });
  const loss = await line(agnez, "loss", { train: [[0, 3], [1, 2], [2, 1]], valid: [[0, 3.2], [1, 2.4], [2, 1.7]] });
  for (let at = 0; at < 6; at++) {
    await agnez.create({ name: `bars ${at}`, type: "bar", value: { a: 1, b: 2 } });
    await agnez.create({ name: `figure ${at}`, type: "html", value: `<div style="height:300px;background:#cde">figure ${at}</div>`, description: "A note." });
  }
  await agnez.create({ name: "table", type: "table", value: { columns: ["a"], rows: [[1.5]] } });
  await openBoard(page);
  await page.evaluate(() => document.documentElement.setAttribute("data-theme", "dark"));
  await drawn(page, loss, 6);
  await agnez.patch((await agnez.values()).find(({ name }) => name === "bars 0")._id, { value: { a: 4, b: 1 } });
  const pdf = await page.pdf({ path: info.outputPath("board.pdf"), format: "A4", printBackground: true });
  expect(readFileSync(info.outputPath("board.pdf")).length).toBe(pdf.length);
  expect(pdf.length).toBeGreaterThan(10_000);

  /** How many pixels are nearly white, and how much wider than drawn the chart is shown. */
  const inks = () =>
    stage(cell(page, loss)).locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      // A copy of its own: Chromium warns of a canvas that is read again and again.
      const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      const pen = copy.getContext("2d", { willReadFrequently: true })!;
      pen.drawImage(canvas, 0, 0);
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
      let light = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 3]! > 200 && data[at]! + data[at + 1]! + data[at + 2]! > 600) light++;
      return [light, canvas.width / devicePixelRatio - canvas.clientWidth];
    });
  // The grid of the dark theme is dark.
  await expect.poll(async () => (await inks())[0]).toBe(0);

  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(cell(page, loss)).toHaveCSS("break-inside", "avoid");
  await expect(cell(page, loss)).toHaveCSS("background-color", "rgb(255, 255, 255)");
  await expect(page.locator("h1")).toBeVisible();
  for (const hidden of [".menu-button", ".add", "#filter", ".toolbar", ".live-status", ".icon-button", "[data-share]"]) await expect(page.locator(hidden).first(), hidden).toBeHidden();
  // The grid is light as on white paper, and it is as wide as it is drawn.
  const ink = await inks();
  expect(ink[0]).toBeGreaterThan(0);
  expect(Math.abs(ink[1]!)).toBeLessThanOrEqual(1);
  const box = await cell(page, loss).evaluate((one) => one.getBoundingClientRect().width);
  expect(box).toBeLessThan(370);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.locator("html")).not.toHaveAttribute("data-printing", "");
});

/** What stands in the page for paper. */
const made = (page: Page) =>
  page.evaluate(() => ({
    frames: document.querySelectorAll(".figure-surface iframe").length,
    pictures: document.querySelectorAll("img.static-chart").length,
    lazy: [...document.images].filter((image) => image.loading === "lazy" && !image.complete).length,
    // Said in place of what is not made.
    said: [...document.querySelectorAll(".not-printed")].filter((one) => one.checkVisibility() && one.textContent!.includes("Not printed")).length,
    isPrinting: document.documentElement.hasAttribute("data-printing"),
  }));

test("what has never been near the screen is printed, too, and afterwards the board is as before", async ({ page, agnez }) => {
  const steps: Points = [[0, 3], [1, 2], [2, 1]];
  for (let at = 0; at < 20; at++) {
    await line(agnez, `loss ${at}`, { train: steps });
    await agnez.create([
      { name: `bars ${at}`, type: "bar", value: { a: 1, b: 2 } },
      { name: `figure ${at}`, type: "html", value: `<p style="height:60px">figure ${at}</p>` },
      { name: `table ${at}`, type: "table", value: { columns: ["a"], rows: [[`table ${at}`]] } },
    ]);
  }
  await page.addInitScript(() => {
    // Before the page's own: it sees what went to the printer.
    addEventListener("afterprint", () => Object.assign(window, { printed: [document.querySelectorAll(".figure-surface iframe").length, document.querySelectorAll(".line-chart:not(:has(canvas, .static-chart))").length] }));
  });
  await openBoard(page);
  await drawn(page, (await agnez.values()).find(({ name }) => name === "loss 0")._id, 3);
  const before = await made(page);
  expect(before.frames).toBeLessThan(40);
  await page.pdf({ format: "A4" });
  expect(await page.evaluate(() => Reflect.get(window, "printed"))).toEqual([40, 0]);
  // Frames that are there stay, as after scrolling; pictures and marks do not.
  expect(await made(page)).toMatchObject({ frames: 40, pictures: before.pictures, said: 0, isPrinting: false });

  // Tools that only change the medium, and take the picture when all is there.
  await page.reload();
  await openBoard(page);
  await page.emulateMedia({ media: "print" });
  await expect.poll(() => made(page)).toMatchObject({ frames: 40, lazy: 0, said: 0, isPrinting: true });
  const charts = page.locator(".line-chart");
  await expect(charts).toHaveCount(20);
  for (const chart of await charts.all()) {
    const isThere = () => chart.evaluate((chart) => [...chart.querySelectorAll<HTMLElement>(".static-chart, canvas")].some((one) => (one instanceof HTMLImageElement ? one.naturalWidth > 0 : one.clientWidth > 0)));
    await expect.poll(isThere).toBe(true);
  }
  await expect(page.frameLocator("iframe[title='table 19']").getByText("table 19")).toBeVisible();
  await page.emulateMedia({ media: "screen" });
  await expect.poll(() => made(page)).toMatchObject({ said: 0, isPrinting: false });
});

test("of a board of hundreds so much is made for paper, and the rest says so", async ({ page, agnez }) => {
  const many = (count: number, type: string, value?: unknown) => Array.from({ length: count }, (_, at) => ({ name: `${type} ${at}`, type, ...(value === undefined ? {} : { value }) }));
  await agnez.create([...many(260, "line"), ...many(140, "text", "words")]);
  await openBoard(page);
  const before = await made(page);
  expect(before).toMatchObject({ said: 0, isPrinting: false });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  const during = await made(page);
  expect(during).toMatchObject({ pictures: 200 + before.pictures, isPrinting: true });
  expect(during.frames).toBe(100);
  const blank = await page.locator(".line-chart:not(:has(canvas, .static-chart))").count();
  expect(blank).toBeGreaterThan(0);
  expect(during.said).toBe(blank + 140 - during.frames);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  expect(await made(page)).toMatchObject({ pictures: before.pictures, said: 0, isPrinting: false });
});
