// What the runs panel asks the server for: once, again when something has changed, and later where the server is busy.
import type { Page } from "@playwright/test";

import { openBoard } from "./support/page.ts";
import { listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";
const MANY_FRAMES = 60;

/** Four runs of two learning rates, the last of which has failed. */
async function sweep(agnez: Parameters<typeof log>[0]): Promise<void> {
  for (const [at, lr] of [0.1, 0.1, 0.01, 0.01].entries()) {
    await log(agnez, "digits", `run-${at}`, [0, 1].map((step) => ({ step, "val/acc": step + at, "val/loss": 1 })));
    await patchRun(agnez, "digits", `run-${at}`, { config: { opt: { lr } }, status: at === 3 ? "failed" : "finished" });
  }
}

/** How many requests a page makes for each of these addresses. */
function counted<Name extends string>(page: Page, ...names: Name[]): Record<Name, number> {
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  page.on("request", (request) => names.forEach((name) => (counts[name] += request.url().includes(`/${name}?`) ? 1 : 0)));
  return counts;
}

/** Long enough for a loop of requests to be seen. */
async function frames(page: Page): Promise<void> {
  await page.evaluate(async (count) => {
    for (let frame = 0; frame < count; frame += 1) await new Promise(requestAnimationFrame);
  }, MANY_FRAMES);
}

test("a refused comparison is asked for once, and again when runs change", async ({ page, agnez, problems }) => {
  problems.allow(/status of 400/);
  await sweep(agnez);
  const requests = counted(page, "run-groups", "run-table");
  await openBoard(page, `${BOARD}?group=opt.lr&baseline=lr%3D0.1`);
  await expect(panel(page).getByRole("alert")).toContainText("The id of a run");
  await frames(page);
  expect(requests["run-groups"]).toBeLessThanOrEqual(2);
  expect(requests["run-table"]).toBeLessThanOrEqual(2);
  const before = requests["run-groups"];
  await patchRun(agnez, "digits", "run-0", { name: "renamed" });
  await expect.poll(() => requests["run-groups"]).toBeGreaterThan(before);
});

test("while groups take long, what stands beside them is asked for once", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  let go = (): void => {};
  const released = new Promise<void>((done) => (go = done));
  await page.route(/\/run-groups\?/, async (route) => {
    await released;
    await route.continue();
  });
  const requests = counted(page, "run-groups", "run-table");
  await panel(page).getByRole("button", { name: "none" }).click();
  await page.locator("#group-menu").getByLabel("opt.lr").check();
  await expect.poll(() => requests["run-groups"]).toBe(1);
  await frames(page);
  expect(requests["run-table"]).toBeLessThanOrEqual(2);
  go();
  await expect(panel(page).getByRole("heading", { name: /^Runs/ })).toContainText("2 groups");
});

test("a server that stays busy is asked less and less often, once for all parts", async ({ page, agnez, problems }) => {
  problems.allow(/status of 502/);
  await sweep(agnez);
  await openBoard(page, `${BOARD}?group=opt.lr`);
  await expect(panel(page).getByRole("heading", { name: /^Runs/ })).toContainText("2 groups");
  const times: number[] = [];
  await page.route(/\/run-(table|groups)\?/, (route) => {
    times.push(Date.now());
    return route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" });
  });
  await page.getByRole("combobox", { name: "Search runs" }).fill("opt.lr<0.05");
  await expect(panel(page).getByRole("alert")).toHaveText("The server cannot be reached; trying again.");
  // Rounds of requests, by the pauses between them: at once, after 2 s and after 4 s more.
  const rounds = (): number => times.filter((time, at) => at === 0 || time - times[at - 1]! > 1000).length;
  await expect.poll(rounds, { timeout: 20_000 }).toBe(3);
  expect(times.length, "two parts in each round, and what the letters have begun").toBeLessThanOrEqual(9);
  await page.unroute(/\/run-(table|groups)\?/);
  await expect(panel(page).getByRole("alert")).toHaveCount(0, { timeout: 15_000 });
});

test("a search that finds the server busy is made again without a change", async ({ page, agnez, problems }) => {
  problems.allow(/status of 503/);
  await sweep(agnez);
  await openBoard(page, BOARD);
  let isBusy = true;
  await page.route(/\/run-table\?/, (route) => {
    if (!isBusy) return route.continue();
    return route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ message: "Too much is waiting; try again in a second." }) });
  });
  await page.getByRole("combobox", { name: "Search runs" }).fill("opt.lr<0.05");
  await expect(panel(page).getByRole("alert")).toContainText("try again in a second");
  isBusy = false;
  await expect.poll(() => listed(page)).toEqual(["run-3", "run-2"]);
  await expect(panel(page).getByRole("alert")).toHaveCount(0);
});

test("another rank in a sorted table asks for no charts, and a folded section has the numbers of the newest run", async ({ page, agnez }) => {
  for (const [run, acc] of [["old", 1], ["new", 2]] as const) await log(agnez, "digits", run, [{ step: 0, "x/acc": acc, "x/loss": acc, "y/acc": acc }]);
  const requests = counted(page, "empty-charts");
  await openBoard(page, `${BOARD}?sort=metrics.x/acc.last`);
  await expect.poll(() => listed(page)).toEqual(["old", "new"]);
  await page.getByRole("button", { name: "x", exact: true }).click();
  await expect(page.locator(".folded-numbers")).toContainText("acc 2");
  await expect.poll(() => requests["empty-charts"]).toBeGreaterThan(0);
  await frames(page);
  const before = requests["empty-charts"];
  await log(agnez, "digits", "old", [{ step: 1, "x/acc": 3 }]);
  await expect.poll(() => listed(page)).toEqual(["new", "old"]);
  await frames(page);
  expect(requests["empty-charts"]).toBe(before);
});

test("failed runs are hidden from every alternative of a search", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?q=${encodeURIComponent("opt.lr=0.01|opt.lr=0.1")}`);
  await expect(rows(page)).toHaveCount(4);
  await panel(page).getByRole("button", { name: "Hide 1 failed" }).click();
  await expect(row(page, "run-3")).toHaveCount(0);
  await expect(rows(page)).toHaveCount(3);
});
