// What is read closely: numbers of tables, pictures on white paper in the dark theme, and the board on paper.
import { readFileSync } from "node:fs";

import type { Locator } from "@playwright/test";

import { GREEN, gif } from "./support/gif.ts";
import { cell, figure, openBoard, picture, stage } from "./support/page.ts";
import { drawn, line } from "./support/line.ts";
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

  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(cell(page, loss)).toHaveCSS("break-inside", "avoid");
  await expect(cell(page, loss)).toHaveCSS("background-color", "rgb(255, 255, 255)");
  await expect(page.locator("h1")).toBeVisible();
  for (const hidden of [".menu-button", ".add", "#filter", ".tools", ".live", ".icon", "[data-share]"]) await expect(page.locator(hidden).first(), hidden).toBeHidden();
  // Its lines are dark on white, and it is as wide as it is drawn.
  const ink = await stage(cell(page, loss)).locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let light = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3]! > 200 && data[at]! + data[at + 1]! + data[at + 2]! > 600) light++;
    return [light, canvas.width / devicePixelRatio - canvas.clientWidth];
  });
  expect(Math.abs(ink[1]!)).toBeLessThanOrEqual(1);
  const box = await cell(page, loss).evaluate((one) => one.getBoundingClientRect().width);
  expect(box).toBeLessThan(370);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.locator("html")).not.toHaveAttribute("data-printing", "");
});
