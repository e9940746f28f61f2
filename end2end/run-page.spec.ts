// One run, and the configurations of several: what differs, the run before, the next run, the console.
import { type Locator, type Page } from "@playwright/test";

import { drawn } from "./support/line.ts";
import { openBoard } from "./support/page.ts";
import { log, panel, patchRun, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Three runs that differ in the rate, in the type of the crop, and in keys that one of them lacks. */
async function three(agnez: Parameters<typeof log>[0]) {
  let cells: Record<string, string> = {};
  const configs = [{ lr: 1e-3, crop: 4, batch: 64 }, { lr: 3e-4, crop: "4", batch: 64.0, mixup: 0.2 }, { lr: 1e-3, crop: 4, batch: 64 }];
  for (const [at, config] of configs.entries()) {
    cells = await log(agnez, "digits", `run-${at}`, [{ step: 0, "val/acc": 0.5 }, { step: 1, "val/acc": at === 1 ? 0.502 : 0.5 }]);
    await patchRun(agnez, "digits", `run-${at}`, { config, status: "finished" });
  }
  return cells;
}

async function choose(page: Page, ...runs: string[]): Promise<void> {
  for (const run of runs) {
    await row(page, run).locator(".run-name").focus();
    await page.keyboard.press("x");
  }
}

/** The cells of a row, as texts. */
function values(dialog: Locator, key: string): Promise<string[]> {
  return dialog.getByRole("row").filter({ has: dialog.page().getByRole("rowheader", { name: key, exact: true }) }).getByRole("cell").allInnerTexts();
}

test("configurations of chosen runs are compared by type with a reference", async ({ page, agnez }) => {
  await three(agnez);
  await openBoard(page, BOARD);
  await choose(page, "run-0");
  const compare = panel(page).getByRole("button", { name: "Compare configurations" });
  await expect(compare, "one run has no other").toBeHidden();
  await choose(page, "run-1", "run-2");
  await compare.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Configurations" });
  await expect(dialog.getByRole("status")).toHaveText("3 keys differ, 1 equal.");
  await expect(dialog.getByRole("rowheader"), "keys, then metrics").toHaveText(["lr", "crop", "mixup", "val/acc max", "val/acc last"]);
  expect(await values(dialog, "crop")).toEqual(["4", 'text "4"', "4"]);
  expect(await values(dialog, "mixup")).toEqual(["–", "0.2", "–"]);
  const changed = () => dialog.locator("td.changed").allInnerTexts();
  expect(await changed()).toEqual(["0.0003", 'text "4"', "0.2"]);
  await expect(dialog.locator("td.changed").first()).toHaveCSS("border-left-width", "2px");

  const metric = () => values(dialog, "val/acc max");
  expect(await metric()).toEqual(["0.50000", "0.50200 +0.00200", "0.50000 0.00000"]);
  await expect(dialog.locator(".metrics td.best").first()).toHaveText("0.50200 +0.00200");
  await expect(dialog.locator(".metrics td.reference")).toHaveText(["0.50000", "0.50000"]);

  await dialog.getByLabel("Show equal keys").check();
  expect(await values(dialog, "batch")).toEqual(["64", "64", "64"]);
  const second = dialog.getByRole("columnheader", { name: "run-1" }).getByRole("button");
  await second.press("Enter");
  await expect(second).toHaveAttribute("aria-pressed", "true");
  await expect.poll(metric).toEqual(["0.50000 −0.00200", "0.50200", "0.50000 −0.00200"]);
  await expect(second, "the focus stays").toBeFocused();
  await expect.poll(changed).toEqual(["0.001", "0.001", "number 4", "number 4", "–", "–"]);

  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(compare).toBeFocused();
});

test("on a phone the keys stay while the values scroll, and groups are compared", async ({ page, agnez }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (let at = 0; at < 6; at++) {
    await log(agnez, "digits", `run-${at}`, [{ step: 0, loss: at }]);
    await patchRun(agnez, "digits", `run-${at}`, { config: { lr: 0.1 * (1 + (at % 3)), model: `resnet-${at % 3}-with-a-long-name`, seed: at }, status: "finished" });
  }
  await openBoard(page, `${BOARD}?group=config.lr`);
  await panel(page).getByRole("button", { name: /^Runs/ }).click();
  await panel(page).getByRole("button", { name: "Compare configurations" }).click();
  const dialog = page.getByRole("dialog", { name: "Configurations" });
  await expect(dialog.getByRole("columnheader")).toHaveCount(4);
  expect(await values(dialog, "seed")).toEqual(["2 values", "2 values", "2 values"]);
  await expect(dialog.locator(".metrics").getByRole("rowheader")).toHaveText("loss mean");
  const scroll = dialog.getByRole("region", { name: "Values" });
  await scroll.evaluate((element) => element.scrollTo(1000, 0));
  expect(await scroll.evaluate((element) => element.scrollLeft)).toBeGreaterThan(50);
  await expect(dialog.getByRole("rowheader", { name: "model" })).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a run is compared with the one before; j and k lead on, Esc to its row", async ({ page, agnez }) => {
  const cells = await three(agnez);
  await openBoard(page, BOARD);
  await drawn(page, cells["val/acc"]!, 6);
  await row(page, "run-1").locator(".run-name").press("Enter");
  const compared = panel(page).getByRole("region", { name: "Compared with the previous run" });
  await expect(compared).toContainText("Compared with run-0");
  await expect(compared.locator("dt")).toHaveText(["lr", "crop", "mixup", "val/acc last"]);
  await expect(compared.locator("dd")).toHaveText(["0.001 → 0.0003", '4 → "4"', "– → 0.2", "0.5 → 0.502 (+0.4 %)"]);
  await drawn(page, cells["val/acc"]!, 2);

  await page.keyboard.press("j");
  await expect(panel(page).getByRole("region", { name: "run-0" })).toBeVisible();
  await expect(compared, "it is the first one").toHaveCount(0);
  await expect(panel(page).getByRole("button", { name: "Next run (j)" })).toBeDisabled();
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  await expect(panel(page).getByRole("region", { name: "run-2" })).toBeVisible();
  expect(new URL(page.url()).searchParams.get("run")).toBe("run-2");
  const next = panel(page).getByRole("button", { name: "Next run (j)" });
  await next.press("Enter");
  await expect(panel(page).getByRole("region", { name: "run-1" })).toBeVisible();
  await expect(next).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, "run-1").locator(".run-name")).toBeFocused();
  await drawn(page, cells["val/acc"]!, 6);
});

test("going back leads to all runs, also after steps", async ({ page, agnez }) => {
  await three(agnez);
  await openBoard(page, BOARD);
  await row(page, "run-2").locator(".run-name").press("Enter");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(panel(page).getByRole("region", { name: "run-0" })).toBeVisible();
  await page.goBack();
  await expect(row(page, "run-0")).toBeVisible();
  expect(new URL(page.url()).searchParams.get("run")).toBeNull();
});

test("a long configuration is searched, the console has the newest lines", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  const config = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`key-${at}`, at]));
  await patchRun(agnez, "digits", "first", { config: { ...config, model: "ResNet" }, command: "python train.py --name 'a b'" });
  const lines = Array.from({ length: 600 }, (_, at) => `epoch ${at}\n`).join("");
  const answer = await agnez.call("POST", "/boards/digits/runs/first/console", lines);
  expect(answer.status, answer.text).toBe(200);
  await openBoard(page, `${BOARD}?run=first`);
  const details = panel(page).getByRole("region", { name: "first" });
  await expect(details.getByRole("row", { name: "key-29 29" })).toBeVisible();
  await expect(details.getByRole("row", { name: "command python train.py --name 'a b'" })).toBeVisible();
  const search = details.getByRole("searchbox", { name: "Search the configuration" });
  await search.fill("resnet");
  await expect(details.getByRole("row", { name: "model ResNet" })).toBeVisible();
  await expect(details.getByRole("row", { name: "key-29 29" })).toHaveCount(0);
  await search.fill("nothing");
  await expect(details).toContainText("No key or value matches.");
  await details.getByText("Console").click();
  const output = details.locator("pre");
  await expect(output).toContainText("epoch 599");
  await expect(output).not.toContainText("epoch 99\n");
  expect(await output.evaluate((pre) => pre.scrollHeight - pre.scrollTop - pre.clientHeight), "at its end").toBeLessThan(2);
  await agnez.call("POST", "/boards/digits/runs/first/console", "the end\n");
  await expect(output, "while the run runs").toContainText("the end", { timeout: 15_000 });
});

test("the page of a run lists metrics whose line another name feeds, also new ones", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, "loss/val": 1, "val/loss": 2, lr: 0.1 }]);
  await log(agnez, "digits", "second", [{ step: 0, "val/loss": 2 }]);
  await openBoard(page, `${BOARD}?run=first`);
  const own = panel(page).getByRole("table", { name: "Metrics with a chart of their own" });
  await expect(own.getByRole("row")).toHaveText(["val/lossits line shows loss/val"]);
  await drawn(page, cells["val/loss"]!, 1);
  await log(agnez, "digits", "first", [{ step: 1, "acc/val": 1, "val/acc": 2 }]);
  await expect(own.getByRole("rowheader"), "while the page is open").toHaveText(["val/acc", "val/loss"]);
  await page.keyboard.press("k");
  await expect(panel(page).getByRole("region", { name: "second" })).toBeVisible();
  await expect(own, "its line was free").toHaveCount(0);
});

test("tags and notes that are typed survive a failed reading, another run and a new page", async ({ page, agnez, problems }) => {
  problems.allow(/503/);
  await three(agnez);
  await openBoard(page, `${BOARD}?run=run-1`);
  const notes = (): Locator => page.getByLabel("Notes, in Markdown");
  await page.getByText("Add tags and notes").click();
  await page.getByLabel("Tags, with commas between them").fill("good, wide");
  await notes().fill("Warm up longer.");
  const document = /\/runs\/run-1(\?|$)/;
  await page.route(document, (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ message: "The server is busy.", code: 503, className: "unavailable", name: "Unavailable" }) }));
  await patchRun(agnez, "digits", "run-1", { status: "failed" });
  await expect(page.getByRole("alert").filter({ hasText: "The server is busy." })).toBeVisible();
  await expect(notes(), "the form stays").toHaveValue("Warm up longer.");
  await page.unroute(document);
  await expect(page.getByRole("alert").filter({ hasText: "The server is busy." })).toBeHidden({ timeout: 15_000 });
  await expect(notes()).toHaveValue("Warm up longer.");

  await page.getByRole("button", { name: "Next run" }).click();
  await expect(page.getByText("Add tags and notes")).toBeVisible();
  await page.getByRole("button", { name: "Previous run" }).click();
  await expect(notes()).toHaveValue("Warm up longer.");
  await page.reload();
  await expect(notes()).toHaveValue("Warm up longer.");
  await expect(page.getByLabel("Tags, with commas between them")).toHaveValue("good, wide");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("list", { name: "Tags" })).toHaveText("goodwide");
  await expect(notes(), "it is stored").toBeHidden();
});
