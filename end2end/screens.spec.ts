// Pictures for people to look at: `make screens` writes them to results/. No test fails by them.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { BLUE, GREEN, RED, gif } from "./support/gif.ts";
import { cell, cells, figure, openBoard, openMenu, picture } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");
const PLOT = `
import random, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt, mpld3
random.seed(7)
figure = plt.figure()
plt.plot([1 / (1 + step / 8) + random.random() / 9 for step in range(60)])
plt.plot([1 / (1 + step / 6) + random.random() / 20 for step in range(60)])
print(mpld3.fig_to_html(figure))
`;

test.describe("screens", { tag: "@screens" }, () => {
  test("empty board", async ({ page, open }) => {
    await openBoard(page);
    await save(page, "empty");
    const dark = await open({ colorScheme: "dark" });
    await openBoard(dark);
    await save(dark, "empty-dark");
  });

  test("quick-start board", async ({ page, agnez, open }) => {
    const ids = await quickStart(agnez);
    await openBoard(page);
    await drawn(page, ids);
    await save(page, "quickstart");
    await openMenu(cell(page, ids.plot), "Edit note");
    await save(page, "quickstart-editing");
    await page.keyboard.press("Escape");
    await cell(page, ids.image).focus();
    await page.keyboard.press("Delete");
    await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
    await save(page, "quickstart-undo");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(cells(page)).toHaveCount(2);
    await page.keyboard.press("?");
    await save(page, "help");
    const dark = await open({ colorScheme: "dark" });
    await openBoard(dark);
    await drawn(dark, ids);
    await save(dark, "quickstart-dark");
  });

  test("every kind of cell", async ({ page, agnez, open }) => {
    const ids = await everyKind(agnez);
    await openBoard(page);
    await drawn(page, ids);
    await save(page, "kinds", true);
    const wide = await open({ viewport: { width: 1920, height: 1080 } });
    await openBoard(wide);
    await drawn(wide, ids);
    await save(wide, "kinds-wide");
  });

  test("phone", async ({ agnez, open }) => {
    const ids = await everyKind(agnez);
    const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
    for (const [name, colorScheme] of [["phone", "light"], ["phone-dark", "dark"]] as const) {
      const page = await open({ ...phone, colorScheme });
      await openBoard(page);
      await drawn(page, ids);
      await save(page, name, true);
    }
  });

  test("without JavaScript", async ({ agnez, open, problems }) => {
    problems.allow(/\.js: csp/);
    await everyKind(agnez);
    const page = await open({ javaScriptEnabled: false });
    await page.goto("/", { waitUntil: "networkidle" });
    await save(page, "nojs", true);
  });

  test("reconnecting", async ({ page, agnez, problems }) => {
    problems.allow(/./);
    const ids = await quickStart(agnez);
    await openBoard(page);
    await drawn(page, ids);
    await agnez.end();
    await expect(page.getByText(/reconnecting/)).toBeVisible();
    await save(page, "reconnecting");
  });
});

interface Ids {
  plot: string;
  image: string;
}

async function quickStart(agnez: Agnez): Promise<Ids> {
  const html = execFileSync(PYTHON, ["-c", PLOT], { encoding: "utf8" });
  writeFileSync(join(agnez.images, "main_img.gif"), gif([RED, GREEN, BLUE], 240));
  const plot = await agnez.create({ name: "test1", type: "html", value: html, pos: 0, description: "simple test" });
  const image = await agnez.create({ name: "test2", type: "img", value: "./images/main_img.gif", pos: 1, description: "simple image" });
  return { plot: plot._id, image: image._id };
}

async function everyKind(agnez: Agnez): Promise<Ids> {
  const ids = await quickStart(agnez);
  const metrics = { accuracy: 0.9731, loss: 0.0834, classes: ["cat", "dog", "bird"], confusion: [[91, 4, 5], [2, 97, 1], [0, 3, 97]] };
  await agnez.create([
    { name: "metrics", type: "json", value: metrics, pos: 2, description: "after 12 epochs\nbatch size 64" },
    { name: "log", type: "log", value: Array.from({ length: 60 }, (_, epoch) => `epoch ${epoch + 1}: loss ${(1 / (epoch + 2)).toFixed(4)}`).join("\n"), pos: 3 },
    { name: "", type: "img", value: [], pos: 4 },
    { name: "a table from pandas, with a title that is long enough to need more than one line on most screens", type: "html", value: "<table border=1><tr><th>run<th>loss<tr><td>1<td>0.12<tr><td>2<td>0.10</table>", pos: 5 },
  ]);
  return ids;
}

async function drawn(page: Page, ids: Ids): Promise<void> {
  await expect(figure(cell(page, ids.plot)).locator("svg path").first()).toBeAttached();
  await expect(picture(cell(page, ids.image))).toBeVisible();
  await page.waitForLoadState("networkidle");
}

async function save(page: Page, name: string, whole = false): Promise<void> {
  mkdirSync("results", { recursive: true });
  if (whole) {
    // Figures below the fold are drawn when they are scrolled to.
    for (const each of await cells(page).all()) await each.scrollIntoViewIfNeeded();
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => scrollTo(0, 0));
  }
  await page.screenshot({ path: `results/${name}.png`, fullPage: whole });
}
