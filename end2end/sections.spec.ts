// Sections of a board: their heads, what a reader folds, and the order in which a page shows the cells of a run.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, live, openBoard } from "./support/page.ts";
import { eye, log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const filter = (page: Page): Locator => page.getByRole("searchbox", { name: "Filter cells by name" });
const head = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true }).locator(".section-head");
const fold = (page: Page, name: string): Locator => head(page, name).getByRole("button", { name, exact: true });

/** A run with 58 metrics, as a training of a vision transformer logs them. */
async function vit(agnez: Agnez, board: string): Promise<Record<string, string>> {
  const layers = Array.from({ length: 12 }, (_, at) => `layer_${String(at).padStart(2, "0")}`);
  const steps = Array.from({ length: 40 }, (_, step) => {
    const metrics: Record<string, number> = { loss: 2 / (1 + step / 8), accuracy: 1 - 1 / (1 + step / 9), lr: 1e-3, epoch: step / 4 };
    for (const name of ["grad_norm", "weight_norm", "update_ratio", "images_per_s", "ce", "kd", "reg", "batch_time"]) metrics[`optim/${name}`] = 1 + Math.sin(step / 5);
    for (const name of ["loss", "accuracy", "top5", "ece", "nll", "brier"]) metrics[`metrics/${name}_val`] = 1 / (1 + step / 10);
    for (const layer of layers) for (const name of ["norm", "grad", "act"]) metrics[`${layer}/${name}`] = 1 + step / 40;
    for (const name of ["gpu", "memory", "disk", "net"]) metrics[`system/${name}`] = 50 + step;
    return { step, ...metrics };
  });
  return log(agnez, board, "first", steps);
}

test("a board of 58 metrics has sections with heads, which the server draws", async ({ page, agnez }) => {
  const cells = await vit(agnez, "vit");
  expect(new Set(Object.values(cells)).size).toBe(58);
  await page.goto("/b/vit");
  const names = (): Promise<string[]> => page.locator(".section-head h2").allTextContents();
  const before = await names();
  expect(before.slice(0, 2)).toEqual(["Metrics", "optim"]);
  expect(before.at(-1)).toBe("system");
  await live(page);
  expect(await names()).toEqual(before);
  await expect(head(page, "layer_03").locator(".count")).toHaveText("3");
  await expect(head(page, "optim").locator(".count")).toHaveText("8");
});

test("nothing jumps when the page awakes, also not where the reader has folded a section", async ({ page, agnez }) => {
  await vit(agnez, "vit");
  await openBoard(page, "/b/vit");
  await expect(page.locator(".now").first()).toBeVisible();
  await fold(page, "Metrics").click();
  await expect(fold(page, "Metrics")).toHaveAttribute("aria-expanded", "false");
  await expect(head(page, "Metrics").locator(".folded-numbers b").first()).toBeVisible();
  await page.addInitScript(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => seen.push((entry as unknown as { value: number }).value))).observe({ type: "layout-shift", buffered: true });
  });
  await page.reload();
  await live(page);
  await expect(fold(page, "Metrics")).toHaveAttribute("aria-expanded", "false");
  await expect(fold(page, "optim")).toHaveAttribute("aria-expanded", "true");
  const shift = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen.reduce((sum, one) => sum + one, 0));
  expect(shift).toBeLessThan(0.02);
});

test("the filter opens what it finds, and folding is the reader's own", async ({ page, open, agnez }) => {
  const cells = await vit(agnez, "vit");
  await openBoard(page, "/b/vit");
  const id = cells["optim/kd"]!;
  await fold(page, "optim").press("Enter");
  await expect(cell(page, id)).toBeHidden();
  await filter(page).fill("kd");
  await expect(cell(page, id)).toBeVisible();
  await expect(page.locator(".section-head h2:visible"), "one flow, whose titles name their sections").toHaveCount(0);
  await expect(cell(page, id).getByRole("heading")).toHaveText("optim/kd");
  await filter(page).fill("");
  await expect(cell(page, id)).toBeHidden();
  const other = await open();
  await openBoard(other, "/b/vit");
  await expect(cell(other, id)).toBeVisible();
  await fold(page, "optim").press("Shift+Enter");
  await expect(page.locator('.section-head .section-name[aria-expanded="true"]')).toHaveText(["optim"]);
  await fold(page, "optim").press("Shift+Enter");
  await expect(page.locator('.section-head .section-name[aria-expanded="false"]')).toHaveCount(0);
});

test("the title of a chart has its newest number", async ({ page, agnez }) => {
  const cells = await log(agnez, "b", "first", [{ step: 0, loss: 2 }, { step: 1, loss: 0.5 }]);
  await openBoard(page, "/b/b");
  const now = cell(page, cells["loss"]!).locator(".now");
  await expect(now).toHaveText("0.5");
  await log(agnez, "b", "first", [{ step: 2, loss: 0.25 }]);
  await expect(now).toHaveText("0.25");
});

test("a section is renamed, moved and kept on top, on every page", async ({ page, open, agnez }) => {
  await vit(agnez, "vit");
  await openBoard(page, "/b/vit");
  const other = await open();
  await openBoard(other, "/b/vit");
  const names = (of: Page) => of.locator(".section-head h2:visible").allTextContents();
  await fold(page, "optim").press("F2");
  await page.getByRole("textbox", { name: "Name of the section" }).fill("optimiser");
  await page.keyboard.press("Enter");
  for (const one of [page, other]) await expect(fold(one, "optimiser")).toBeVisible();
  await fold(page, "optimiser").press("Alt+ArrowUp");
  for (const one of [page, other]) await expect.poll(async () => (await names(one))[0]).toBe("optimiser");
  await page.getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect.poll(async () => (await names(one))[0]).toBe("Metrics");
  await page.getByRole("button", { name: "Menu of the section system" }).click();
  await page.getByRole("menuitem", { name: "Keep on top" }).click();
  for (const one of [page, other]) await expect.poll(async () => (await names(one))[0]).toBe("system");
  await page.reload();
  expect((await names(page))[0]).toBe("system");
});

test("the filter stands in the address, and finds names in any normal form", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "size", name: "gr\u00f6\u00dfe", type: "text", value: "1" });
  await agnez.create({ board: "b", _id: "other", name: "other", type: "text", value: "1" });
  await openBoard(page, "/b/b");
  // As a Mac writes it: an o and a diaeresis.
  await filter(page).fill("gro\u0308");
  await expect(cell(page, "size")).toBeVisible();
  await expect(cell(page, "other")).toBeHidden();
  await expect(page).toHaveURL(/\?filter=gro%CC%88$/);
  await page.reload();
  await live(page);
  await expect(filter(page)).toHaveValue("gro\u0308");
  await expect(cell(page, "other")).toBeHidden();
  await page.getByRole("button", { name: "1 hidden" }).click();
  await expect(page).toHaveURL(`${agnez.url}/b/b`);
});

test("charts without points of the runs that are shown are collapsed, which is said", async ({ page, agnez }) => {
  const cells = await log(agnez, "b", "old", [{ step: 0, "body/loss": 1, "body/aux": 2, "extra/norm": 3 }]);
  await log(agnez, "b", "new", [{ step: 0, "body/loss": 1 }]);
  await agnez.create({ board: "b", _id: "text", name: "remarks", type: "text", value: "1" });
  await openBoard(page, "/b/b");
  const note = (section: string): Locator => page.getByRole("region", { name: section, exact: true }).locator(".empty-charts");
  await expect(cell(page, cells["body/aux"]!)).toBeVisible();
  await expect(note("body")).toHaveCount(0);
  await eye(page, "old").click();
  await expect(cell(page, cells["body/aux"]!)).toBeHidden();
  await expect(cell(page, cells["body/loss"]!)).toBeVisible();
  await expect(cell(page, "text")).toBeVisible();
  await expect(note("body")).toHaveText(/^1 chart has no points of the runs that are shown\./);
  await expect(head(page, "extra").locator(".count")).toHaveText("0");
  // The filter opens what it finds, and so does a point.
  await filter(page).fill("aux");
  await expect(cell(page, cells["body/aux"]!)).toBeVisible();
  await filter(page).fill("");
  await expect(cell(page, cells["body/aux"]!)).toBeHidden();
  await log(agnez, "b", "new", [{ step: 1, "body/aux": 2 }]);
  await expect(cell(page, cells["body/aux"]!)).toBeVisible();
  await note("extra").getByRole("button", { name: "Show" }).click();
  await expect(cell(page, cells["extra/norm"]!)).toBeVisible();
  await note("extra").getByRole("button", { name: "Hide" }).click();
  await eye(page, "old").click();
  await expect(cell(page, cells["extra/norm"]!)).toBeVisible();
  await expect(note("extra")).toHaveCount(0);
});

test("keys move a cell past charts that are collapsed, which are asked for again after a lost connection", async ({ page, agnez, problems }) => {
  problems.allow(/WebSocket connection to/, /ERR_CONNECTION/, /ERR_EMPTY_RESPONSE/, /Failed to load resource/);
  const cells = await log(agnez, "b", "old", [{ step: 0, a: 1, b: 2, c: 3, d: 4 }]);
  await log(agnez, "b", "new", [{ step: 0, a: 1, d: 1 }]);
  await openBoard(page, "/b/b");
  await eye(page, "old").click();
  const [a, b, d] = ["a", "b", "d"].map((name) => cell(page, cells[name]!)) as [Locator, Locator, Locator];
  await expect(b).toBeHidden();
  await a.focus();
  await page.keyboard.press("Alt+ArrowRight");
  const order = () => page.locator("article[data-id]:visible").evaluateAll((all) => all.map((one) => one.getAttribute("data-id")));
  await expect.poll(order).toEqual([cells["d"], cells["a"]]);
  await expect(d).toBeVisible();
  await agnez.end();
  await expect(page.getByRole("banner").getByRole("status")).not.toHaveText(/\blive\b/i);
  await agnez.restart();
  // Before the page is connected again: these points are not sent to it.
  await log(agnez, "b", "new", [{ step: 1, b: 2 }]);
  await live(page);
  await expect(b).toBeVisible();
});

test("the menu of another section opens while one is open", async ({ page, agnez }) => {
  await log(agnez, "b", "first", [{ step: 0, "body/loss": 1, "other/loss": 3 }]);
  await openBoard(page, "/b/b");
  const button = (name: string): Locator => page.getByRole("button", { name: `Menu of the section ${name}` });
  const menu = (name: string): Locator => page.getByRole("menu", { name: `Section ${name}` });
  // A menu lies over what is below it.
  for (const name of ["other", "body"]) {
    await button(name).click();
    await expect(menu(name).getByRole("menuitem").first()).toBeVisible();
    await expect(page.getByRole("menu").filter({ visible: true })).toHaveCount(1);
    await expect(button(name)).toHaveAttribute("aria-expanded", "true");
  }
  await button("body").click();
  await expect(page.getByRole("menu").filter({ visible: true })).toHaveCount(0);
  await button("other").click();
  await expect(menu("other")).toBeVisible();
});

test("the menu of a section adds a cell, copies the layout and dissolves the section", async ({ page, context, open, agnez }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const cells = await log(agnez, "b", "first", [{ step: 0, "body/loss": 1, "body/acc": 2, "other/loss": 3 }]);
  await agnez.call("PUT", "/boards/b/layout", { cells: { "body/loss": { width: 6, height: 30 } } });
  await openBoard(page, "/b/b");
  const other = await open();
  await openBoard(other, "/b/b");
  const choose = async (item: string): Promise<void> => {
    await page.getByRole("button", { name: "Menu of the section body" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await choose("Add cell here");
  await page.getByLabel("Name", { exact: true }).fill("remarks");
  await page.keyboard.press("Enter");
  for (const one of [page, other]) await expect(one.getByRole("region", { name: "body", exact: true }).locator("article")).toHaveCount(3);
  await expect(page.getByRole("region", { name: "body", exact: true }).locator("article").last()).toContainText("remarks");

  await choose("Copy layout as Python");
  await expect(page.locator(".toast").last()).toHaveText(/Copied the layout/);
  const code = await page.evaluate(() => navigator.clipboard.readText());
  expect(code).toContain('board = agnez.Board("b")');
  expect(code).toContain('"body/loss": {"section": "body", "width": 6, "height": 30},');
  expect(code).toContain('"remarks": {"section": "body"},');

  await choose("Dissolve section");
  for (const one of [page, other]) await expect(head(one, "body")).toHaveCount(0);
  await expect(cell(page, cells["body/loss"]!)).toBeVisible();
  await page.locator(".toast").filter({ hasText: "Dissolved ‘body’." }).getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect(one.getByRole("region", { name: "body", exact: true }).locator("article")).toHaveCount(3);
});

test("on a phone the cells are one column, and heads stick", async ({ browser, agnez }) => {
  await vit(agnez, "vit");
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, baseURL: agnez.url });
  const page = await context.newPage();
  await openBoard(page, "/b/vit");
  const lefts = await page.locator("article[data-id]:visible").evaluateAll((all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().left))).size);
  expect(lefts).toBe(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.evaluate(() => scrollTo(0, 700));
  await expect.poll(() => head(page, "Metrics").evaluate((one) => Math.round(one.getBoundingClientRect().top))).toBe(0);
  await context.close();
});
