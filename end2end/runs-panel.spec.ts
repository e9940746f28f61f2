// The runs panel: columns by difference, search, rules, selection, many rows.
import { canvas, drawn } from "./support/line.ts";
import { live, openBoard } from "./support/page.ts";
import { eye, listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Four runs of two learning rates and two seeds, with the same batch size. The best accuracy of each is its last one. */
async function sweep(agnez: Parameters<typeof log>[0], status = "finished") {
  let cells: Record<string, string> = {};
  for (const [at, [lr, seed]] of [[0.1, 1], [0.1, 2], [0.01, 1], [0.01, 2]].entries()) {
    const run = `run-${at}`;
    cells = await log(agnez, "digits", run, [{ step: 0, "val/acc": 0.1 }, { step: 1, "val/acc": 0.5 + at / 10 }]);
    await patchRun(agnez, "digits", run, { config: { opt: { lr }, seed, batch: 64 }, status });
  }
  return cells;
}

test("columns are the keys that differ; a head sorts by one", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const head = (name: RegExp) => panel(page).getByRole("columnheader", { name });
  await expect(head(/^opt\.lr/)).toBeVisible();
  await expect(head(/^seed/)).toBeVisible();
  await expect(head(/^batch/)).toHaveCount(0);
  await expect(panel(page).locator(".equal-keys")).toContainText("1 key is equalbatch 64");
  await expect(row(page, "run-3")).toContainText("0.01");
  await expect(row(page, "run-3")).toContainText("0.80000@1");
  expect(await listed(page), "the newest first").toEqual(["run-3", "run-2", "run-1", "run-0"]);

  await head(/^opt\.lr/).getByRole("button").click();
  await expect(head(/^opt\.lr/)).toHaveAttribute("aria-sort", "ascending");
  await expect.poll(async () => (await listed(page)).slice(2).sort()).toEqual(["run-0", "run-1"]);
  await head(/^val\/acc max/).getByRole("button").click();
  await expect(head(/^val\/acc max/), "the better end first").toHaveAttribute("aria-sort", "descending");
  await expect.poll(() => listed(page)).toEqual(["run-3", "run-2", "run-1", "run-0"]);
  await head(/^val\/acc max/).getByRole("button").click();
  await expect.poll(() => listed(page)).toEqual(["run-0", "run-1", "run-2", "run-3"]);
  expect(new URL(page.url()).searchParams.get("sort")).toBe("metrics.val/acc.max");
  await page.reload();
  expect(await listed(page), "before the script").toEqual(["run-0", "run-1", "run-2", "run-3"]);
  await live(page);
  expect(await listed(page)).toEqual(["run-0", "run-1", "run-2", "run-3"]);
});

test("a search narrows rows and charts, and is in the address", async ({ page, agnez }) => {
  const cells = await sweep(agnez);
  await openBoard(page, BOARD);
  await drawn(page, cells["val/acc"]!, 8);
  const search = page.getByRole("combobox", { name: "Search runs" });
  await search.fill("opt.lr<0.05");
  await expect.poll(() => listed(page)).toEqual(["run-3", "run-2"]);
  await expect(panel(page).getByRole("button", { name: /^Runs/ })).toContainText("2 of 4");
  await drawn(page, cells["val/acc"]!, 4);
  expect(new URL(page.url()).searchParams.get("q")).toBe("opt.lr<0.05");
  await page.reload();
  await live(page);
  expect(await listed(page)).toEqual(["run-3", "run-2"]);
  await expect(search).toHaveValue("opt.lr<0.05");
  await panel(page).getByRole("button", { name: "Clear the search" }).click();
  await expect(rows(page)).toHaveCount(4);
  await drawn(page, cells["val/acc"]!, 8);
});

test("suggestions complete a name, and errors say what is near", async ({ page, agnez, problems }) => {
  // The browser reports the refusal of the search.
  problems.allow(/status of 400/);
  await sweep(agnez);
  await openBoard(page, BOARD);
  const search = page.getByRole("combobox", { name: "Search runs" });
  await search.click();
  await expect(async () => {
    await search.fill("");
    await search.pressSequentially("op");
    await expect(page.getByRole("listbox", { name: "Suggestions" }).getByRole("option", { name: "opt.lr" })).toBeVisible({ timeout: 500 });
  }).toPass();
  await search.press("ArrowDown");
  await expect(search).toHaveAttribute("aria-activedescendant", "run-suggestion-0");
  await search.press("Enter");
  await expect(search).toHaveValue("opt.lr");
  await search.fill("");
  await expect(rows(page)).toHaveCount(4);
  await search.fill("sed=1");
  const error = panel(page).getByRole("alert");
  await expect(error).toContainText("sed");
  await expect(rows(page), "the rows stay").toHaveCount(4);
  await error.getByRole("button", { name: "seed" }).click();
  await expect(search).toHaveValue("config.seed=1");
  await expect(rows(page)).toHaveCount(2);
  await expect(error).toHaveCount(0);
});

test("the rule says which runs are drawn, the eye overrides it, and a pinned one stays", async ({ page, agnez }) => {
  const cells = await sweep(agnez);
  const id = cells["val/acc"]!;
  await openBoard(page, `${BOARD}?sort=-metrics.val/acc.max`);
  await drawn(page, id, 8);
  await panel(page).getByLabel("Show", { exact: true }).selectOption("first:5");
  await drawn(page, id, 8);
  await openBoard(page, `${BOARD}?sort=-metrics.val/acc.max&show=first:1`);
  await drawn(page, id, 2);
  await expect(eye(page, "run-3")).toHaveAttribute("aria-pressed", "true");
  await expect(eye(page, "run-2")).toHaveAttribute("aria-pressed", "false");
  await expect(panel(page).getByRole("status")).toHaveText("1 of 4 shown: first 1 of the table");
  await eye(page, "run-0").click();
  await drawn(page, id, 4);
  await row(page, "run-1").locator(".run-name").focus();
  await page.keyboard.press("p");
  await drawn(page, id, 6);
  await expect(row(page, "run-1")).toContainText("pinned");
  await page.keyboard.press("o");
  await drawn(page, id, 2);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /run-1 · val 0\.6/);
  expect(new URL(page.url()).searchParams.get("solo")).toBe("run-1");
  await page.keyboard.press("o");
  await drawn(page, id, 6);
});

test("a run is opened with an entry in the history, and back leads to all", async ({ page, agnez }) => {
  const cells = await sweep(agnez);
  await openBoard(page, BOARD);
  await drawn(page, cells["val/acc"]!, 8);
  await row(page, "run-1").locator(".run-name").click();
  await expect(panel(page).getByRole("region", { name: "run-1" })).toBeVisible();
  await drawn(page, cells["val/acc"]!, 2);
  await page.goBack();
  await expect(rows(page)).toHaveCount(4);
  await drawn(page, cells["val/acc"]!, 8);
});

test("chosen runs are deleted together, and come back long after", async ({ page, agnez }) => {
  await sweep(agnez);
  await page.clock.install();
  await openBoard(page, BOARD);
  await row(page, "run-3").locator(".run-name").focus();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+X");
  const actions = panel(page).getByRole("group", { name: "Chosen runs" });
  await expect(actions).toContainText("3 chosen");
  await expect(row(page, "run-2")).toHaveAttribute("aria-selected", "true");
  await actions.getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await page.clock.fastForward(60_000);
  await panel(page).getByText("Deleted 3 runs.").getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(4);
  await expect(actions).toHaveCount(0);
});

test("all that were found are archived and counted", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?q=seed=1`);
  await expect(rows(page)).toHaveCount(2);
  await row(page, "run-0").locator(".run-name").click({ modifiers: ["Control"] });
  const actions = panel(page).getByRole("group", { name: "Chosen runs" });
  await actions.getByRole("button", { name: "Choose all 2" }).click();
  await actions.getByRole("button", { name: "Archive" }).click();
  await expect(panel(page).getByRole("status")).toHaveText("No run matches the search.");
  await expect(panel(page)).toContainText("2 archived");
});

test("after the last run is deleted the panel says so", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  await openBoard(page, BOARD);
  await row(page, "first").locator(".run-name").focus();
  await page.keyboard.press("Delete");
  await expect(panel(page).getByRole("status")).toHaveText("All runs are deleted.");
  await panel(page).getByText("Deleted ‘first’.").getByRole("button", { name: "Undo" }).click();
  await expect(rows(page)).toHaveCount(1);
});

test("of many runs the rows in sight are in the document, and keys reach all of them", async ({ page, agnez }) => {
  test.slow();
  const board = "/boards/digits/runs";
  for (let at = 0; at < 400; at++) {
    const answer = await agnez.call("POST", board, { _id: `run-${at}`, config: { at, lr: at % 3 } });
    expect(answer.status).toBe(201);
  }
  await openBoard(page, BOARD);
  const table = panel(page).getByRole("table", { name: "Runs" });
  await expect(table).toHaveAttribute("aria-rowcount", "401");
  expect(await rows(page).count()).toBeLessThan(80);
  await expect(row(page, "run-399")).toHaveAttribute("aria-rowindex", "2");
  await row(page, "run-399").locator(".run-name").focus();
  await page.keyboard.press("End");
  await expect(row(page, "run-0").locator(".run-name")).toBeFocused();
  await expect(row(page, "run-0")).toHaveAttribute("aria-rowindex", "401");
  expect(await rows(page).count()).toBeLessThan(80);
  await page.keyboard.press("ArrowUp");
  await expect(row(page, "run-1").locator(".run-name")).toBeFocused();
  await panel(page).locator(".runs-scroll").evaluate((scroll) => scroll.scrollTo(0, 0));
  await expect(row(page, "run-390")).toBeVisible();
  await expect(row(page, "run-1").locator(".run-name"), "the focus stays").toBeFocused();
});

test("the panel is resized, folded, and reached by keys", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const width = async () => (await panel(page).boundingBox())!.width;
  const before = await width();
  await panel(page).getByRole("separator").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  expect(await width()).toBe(Math.round(before) + 32);
  await page.reload();
  await live(page);
  expect(await width(), "it stays").toBe(Math.round(before) + 32);
  await page.keyboard.press("r");
  await expect(row(page, "run-3").locator(".run-name")).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "Search runs" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, "run-3").locator(".run-name")).toBeFocused();
  await page.keyboard.press("[");
  await expect(rows(page).first()).toBeHidden();
  await page.keyboard.press("[");
  await expect(rows(page).first()).toBeVisible();
});

test("a link leads to one run, also before the script is there", async ({ page, agnez }) => {
  await sweep(agnez);
  expect((await agnez.call("GET", "/b/digits?run=run-1")).status).toBe(200);
  await openBoard(page, `${BOARD}?run=run-1`);
  await expect(panel(page).getByRole("region", { name: "run-1" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(rows(page)).toHaveCount(4);
});
