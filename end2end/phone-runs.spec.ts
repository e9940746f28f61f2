// The board and its list of runs on a phone: one row at the top, nothing over anything else, nothing cut off.
import type { Locator } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { drawn } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { log, panel, patchRun } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });

const BOARD = "/b/digits?group=model,lr";
const STEPS = 20;

/** Two models, two rates, three seeds; one run has failed. Answers the chart of the loss. */
async function sweep(agnez: Agnez): Promise<string> {
  let chart = "";
  for (const model of ["cnn", "mlp"]) {
    for (const lr of [0.01, 0.1]) {
      for (const seed of [0, 1, 2]) {
        const run = `${model}-${lr}-${seed}`;
        const loss = (step: number) => (model === "cnn" ? 1 : 2) * lr + seed / 1000 + 1 / (1 + step);
        const points = Array.from({ length: STEPS }, (_, step) => ({ step, "train/loss": loss(step), "val/loss": 1.1 * loss(step) }));
        chart = (await log(agnez, "digits", run, points))["val/loss"]!;
        const status = run === "cnn-0.1-1" ? "failed" : "finished";
        await patchRun(agnez, "digits", run, { config: { model, lr, seed }, status });
      }
    }
  }
  return chart;
}

async function box(one: Locator) {
  return (await one.boundingBox())!;
}

test("the header is one row, and the rest of it a menu", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const header = page.getByRole("banner");
  expect((await box(header)).height).toBeLessThan(60);
  for (const one of await header.locator("> :visible").all()) {
    const { x, width } = await box(one);
    expect(x + width).toBeLessThanOrEqual(390);
  }
  await expect(header.getByRole("button", { name: "Share" })).toBeHidden();
  await header.getByRole("button", { name: "More" }).tap();
  for (const name of ["All charts", "Layout", "Share", /^Theme/, "Help"]) await expect(header.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
  await header.getByRole("button", { name: "Help" }).tap();
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await expect(header.getByRole("button", { name: "Share" })).toBeHidden();
  await page.getByRole("button", { name: "Close" }).tap();
  await expect(header.getByRole("button", { name: "More" })).toBeFocused();
  const filter = page.getByRole("searchbox");
  expect((await box(filter)).width, "a lens").toBeLessThan(50);
  await filter.tap();
  await expect.poll(async () => (await box(filter)).width, { message: "a field" }).toBeGreaterThan(120);
  expect((await box(header)).height).toBeLessThan(60);
});

test("the button of a chart stands over no number", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, "/b/digits");
  await drawn(page, id, 12 * 2 * STEPS);
  const button = await box(cell(page, id).locator(".toolbar"));
  const numbers = await box(cell(page, id).locator(".now"));
  expect(numbers.width).toBeGreaterThan(30);
  expect(numbers.x + numbers.width).toBeLessThanOrEqual(button.x);
});

test("the half sheet shows groups with their numbers of runs, the whole one all settings", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const runs = panel(page);
  await runs.getByRole("button", { name: /^Runs/ }).tap();
  const groups = runs.locator("tr[data-group]");
  await expect(groups).toHaveCount(4);
  await expect(groups.nth(2)).toBeInViewport({ ratio: 1 });
  const failed = groups.filter({ hasText: "cnn · lr 0.1" });
  const count = failed.locator(".count");
  await expect(count).toHaveText("2 of 3");
  await expect(count).toBeInViewport({ ratio: 1 });
  expect((await box(count)).y - (await box(failed)).y, "beside the name").toBeLessThan(20);
  // The name, the number of runs and the mean are beside or below each other.
  const [name, mean] = [await box(failed.locator(".run-name")), await box(failed.locator(".value").first())];
  expect(name.x + name.width).toBeLessThanOrEqual((await box(count)).x);
  expect(mean.y).toBeGreaterThan(name.y);
  for (const one of [failed.locator(".run-name bdi"), failed.locator(".value").first(), failed.locator(".note").first(), failed.locator(".second-line")]) {
    const isOnTop = await one.evaluate((part) => {
      const { x, y, width, height } = part.getBoundingClientRect();
      return part.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    });
    expect(isOnTop, "nothing covers it").toBe(true);
  }
  await expect(runs.locator("thead"), "no heads that stand over nothing").toBeHidden();
  const footer = await box(runs.locator(".runs-footer"));
  expect(footer.height, "one row").toBeLessThan(56);
  expect(footer.y + footer.height).toBeLessThanOrEqual(844);

  await runs.getByRole("separator").focus();
  await page.keyboard.press("ArrowUp");
  await expect(runs.getByRole("columnheader", { name: /^model · lr/ }).getByRole("button")).toBeVisible();
  for (const label of ["Line", "Metric", "by", "Baseline"]) await expect(runs.getByRole("combobox", { name: label, exact: true })).toBeInViewport({ ratio: 1 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing to scroll sideways").toBe(390);
});

test("the comparison of configurations has the width of the phone", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  await panel(page).getByRole("button", { name: /^Runs/ }).tap();
  await panel(page).getByRole("button", { name: "Compare configurations" }).tap();
  const dialog = page.getByRole("dialog", { name: "Configurations" });
  await expect(dialog.getByRole("columnheader")).toHaveCount(5);
  const { x, width } = await box(dialog.getByRole("region", { name: "Values" }));
  expect(x).toBeLessThan(12);
  expect(width).toBeGreaterThan(360);
});
