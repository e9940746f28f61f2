// The code of the runs panel is a part of its own: the server's table is there from the first paint on, and works when the part has come.
import type { Page, Route } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { awake, openBoard, status } from "./support/page.ts";
import { curve, listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const PART = /\/pkg\/agnez-runs\.[0-9a-f]{8}\.wasm$/;
const BOARD = "/b/later";

/** Runs of two learning rates, more than the panel has room for. */
async function runs(agnez: Agnez, count = 40): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const id = `run-${String(at).padStart(2, "0")}`;
    await log(agnez, "later", id, curve("loss", 2, 0, () => at));
    await patchRun(agnez, "later", id, { config: { lr: at % 2 ? 0.1 : 0.01 }, status: "finished" });
  }
}

/** Opens the board; the part comes when the answer is called. */
async function openHeld(page: Page, path = BOARD): Promise<() => Promise<void>> {
  let come = () => {};
  const held = new Promise<void>((done) => (come = done));
  await page.route(PART, async (route: Route) => {
    await held;
    await route.continue();
  });
  await page.goto(path);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", /.*/);
  await expect(status(page)).toHaveText(/\blive\b/i);
  return async () => {
    come();
    await awake(page);
  };
}

test("a board with runs loads the code of its panel beside that of the page, and once", async ({ page, agnez }) => {
  await runs(agnez, 2);
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await openBoard(page, BOARD);
  expect(requested.filter((url) => PART.test(url))).toHaveLength(1);
  const began = await page.evaluate(() => {
    const files = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const file = (name: RegExp) => files.find((entry) => name.test(entry.name));
    return { part: file(/agnez-runs/)?.startTime, page: file(/agnez\.\w+\.wasm/)?.responseEnd };
  });
  expect(began.part, "not after the page's own code").toBeLessThan(began.page!);
});

test("a board without runs has no panel and loads none, until its first run", async ({ page, agnez }) => {
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await openBoard(page, BOARD);
  await expect(panel(page)).toHaveCount(0);
  expect(requested.filter((url) => PART.test(url))).toEqual([]);
  await runs(agnez, 1);
  await expect.poll(() => listed(page)).toEqual(["run-00"]);
  expect(requested.filter((url) => PART.test(url))).toHaveLength(1);
  await row(page, "run-00").locator(".run-name").click();
  await expect(page).toHaveURL(/run=run-00/);
});

test("the table is read before its code is there, and works then with what was begun", async ({ page, agnez }) => {
  await runs(agnez);
  const release = await openHeld(page);
  // As the server has drawn it.
  await expect(rows(page).first()).toBeVisible();
  const before = await listed(page);
  expect(before.slice(0, 2)).toEqual(["run-39", "run-38"]);
  const place = await panel(page).boundingBox();
  // What a reader has begun: choices, a search, and the focus.
  const show = panel(page).getByRole("combobox", { name: "Show" });
  await show.selectOption("all");
  await row(page, "run-38").getByRole("checkbox").check();
  const search = panel(page).getByRole("combobox", { name: "Search runs" });
  await search.click();
  await page.keyboard.type("lr=0.01", { delay: 5 });
  await page.keyboard.press("ArrowLeft");

  await release();
  await expect(search).toBeFocused();
  await expect(search).toHaveValue("lr=0.01");
  expect(await search.evaluate((field: HTMLInputElement) => field.selectionStart)).toBe(6);
  expect(await panel(page).boundingBox()).toEqual(place);
  await expect(show).toHaveValue("all");
  await expect(page.getByRole("group", { name: "Chosen runs" })).toContainText("1 chosen");
  // What was typed is searched for, and typing goes on.
  await expect(panel(page).getByRole("button", { name: /^Runs/ })).toContainText("20 of 40");
  await page.keyboard.press("End");
  await page.keyboard.type(" name:run-02");
  await page.keyboard.press("Enter");
  await expect.poll(() => listed(page)).toEqual(["run-02"]);
  await expect(panel(page)).toHaveCount(1);
});

test("a row keeps the focus and its place, and its keys work when the code is there", async ({ page, agnez }) => {
  await runs(agnez);
  const release = await openHeld(page);
  const scroller = panel(page).locator(".runs-scroll");
  const top = () => scroller.evaluate((element) => element.scrollTop);
  await scroller.evaluate((element) => (element.scrollTop = 60));
  await row(page, "run-35").locator(".run-name").focus();
  expect(await top()).toBe(60);
  // The rows move meanwhile.
  await log(agnez, "later", "run-new", curve("loss", 2));
  await release();
  await expect(row(page, "run-35").locator(".run-name")).toBeFocused();
  expect(await top()).toBe(60);
  await expect.poll(async () => (await listed(page))[0]).toBe("run-new");
  await page.keyboard.press("j");
  await expect(row(page, "run-34").locator(".run-name")).toBeFocused();
  await page.keyboard.press("p");
  await expect(row(page, "run-34").locator(".mark")).toHaveText("pinned");
});

test("the table follows a search that the history has brought back before the code was there", async ({ page, agnez }) => {
  await runs(agnez, 3);
  const release = await openHeld(page);
  await page.evaluate((board) => {
    history.pushState(null, "", `${board}?q=name:run-01`);
    history.pushState(null, "", board);
    history.back();
  }, BOARD);
  await expect(page).toHaveURL(/q=name/);
  await release();
  await expect.poll(() => listed(page)).toEqual(["run-01"]);
});

test("code that cannot be loaded says so, the table stays, and works when the code can be loaded", async ({ page, agnez, problems }) => {
  problems.allow(/agnez-runs/, /Failed to fetch/);
  await runs(agnez, 3);
  let isRefused = true;
  await page.route(PART, (route) => (isRefused ? route.abort("connectionrefused") : route.continue()));
  await page.goto(BOARD);
  await expect(page.getByRole("alert").filter({ hasText: "The panel of runs could not be loaded. The page tries again." })).toHaveCount(1);
  expect(await listed(page)).toEqual(["run-02", "run-01", "run-00"]);
  isRefused = false;
  await awake(page);
  await row(page, "run-01").locator(".run-name").click();
  await expect(page).toHaveURL(/run=run-01/);
  await expect(panel(page)).toHaveCount(1);
});
