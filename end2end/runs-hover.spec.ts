// What a pointer and keys in the panel do to charts and rows: highlights end with their row, buttons cover no name, keys stay in fields.
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { canvas, colour, drawn, pixels } from "./support/line.ts";
import { openBoard } from "./support/page.ts";
import { eye, listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";
const STEPS = 20;

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Two models, each with two learning rates and two seeds. Answers the chart. */
async function sweep(agnez: Agnez): Promise<string> {
  let chart = "";
  for (const [at, model] of ["cnn", "mlp"].entries()) {
    for (const lr of [0.1, 0.2]) {
      for (const seed of [7, 8]) {
        const run = `${model}-${lr}-${seed}`;
        const points = Array.from({ length: STEPS }, (_, step) => ({ step, acc: 0.1 + at * 0.3 + lr + seed / 1000 + step / 100 }));
        chart = (await log(agnez, "digits", run, points)).acc!;
        await patchRun(agnez, "digits", run, { config: { model, lr, seed }, status: "finished" });
      }
    }
  }
  return chart;
}

function search(page: Page) {
  return page.getByRole("combobox", { name: "Search runs" });
}

function group(page: Page, label: string) {
  return panel(page).locator("tr[data-group]").filter({ hasText: label });
}

test("members of an open group have the columns of the search, also after another one", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?group=config.model`);
  await group(page, "cnn").locator(".run-name").click();
  await expect(rows(page)).toHaveCount(4);
  const cells = (run: string) => row(page, run).locator("td.number");
  await expect(cells("cnn-0.1-7")).toHaveText(["7", "0.1"]);
  // Now the learning rate is no column.
  await search(page).fill("model:cnn lr=0.1");
  await expect(rows(page)).toHaveCount(2);
  await expect(cells("cnn-0.1-7")).toHaveText(["7"]);
  await expect(row(page, "cnn-0.1-7")).toContainText("0.39700@19");
  await search(page).fill("");
  await expect(rows(page)).toHaveCount(4);
  await expect(cells("cnn-0.2-8")).toHaveText(["8", "0.2"]);
});

test("a group that the search removes below the pointer leaves the charts as they are", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, `${BOARD}?group=config.model`);
  await drawn(page, id, 2 * STEPS);
  const other = await colour(page, id, "a cnn · 4 runs");
  await search(page).click();
  await group(page, "mlp").hover();
  await expect.poll(() => pixels(page, id, other), { message: "the other one is faint" }).toBe(0);
  await page.keyboard.type("model:cnn");
  await expect(group(page, "mlp")).toHaveCount(0);
  await drawn(page, id, STEPS);
  await expect.poll(() => pixels(page, id, other)).toBeGreaterThan(50);
});

test("what was just hidden is not shown in front of the others", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, `${BOARD}?group=config.model`);
  await drawn(page, id, 2 * STEPS);
  const other = await colour(page, id, "a cnn · 4 runs");
  await group(page, "mlp").locator(".eye").click();
  await expect(group(page, "mlp").locator(".eye")).toHaveAttribute("aria-pressed", "false");
  await expect.poll(() => pixels(page, id, other)).toBeGreaterThan(50);
});

test("the buttons of a row cover neither its name nor its state", async ({ page, agnez }) => {
  await sweep(agnez);
  await patchRun(agnez, "digits", "cnn-0.1-7", { name: "cnn-with-a-name-that-is-much-longer-than-its-column", status: "failed" });
  await openBoard(page, BOARD);
  await row(page, "cnn-0.1-7").hover();
  const pin = row(page, "cnn-0.1-7").getByRole("button", { name: /^Pin/ });
  await expect(pin).toBeVisible();
  const from = (await pin.boundingBox())!.x;
  for (const part of [".eye", ".run-name", ".run-state"]) {
    const box = (await row(page, "cnn-0.1-7").locator(part).boundingBox())!;
    expect(box.x + box.width, part).toBeLessThanOrEqual(from);
  }
  await row(page, "cnn-0.1-7").locator(".run-name").click();
  await expect(panel(page).getByRole("region", { name: /^cnn-with/ })).toBeVisible();
});

test("hiding a run says that it is for everyone, and can be undone", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  await expect(eye(page, "mlp-0.2-8")).toHaveAttribute("title", /for everyone/);
  await eye(page, "mlp-0.2-8").click();
  const toast = page.locator(".toast").filter({ hasText: "Hid the run ‘mlp-0.2-8’ for everyone." });
  await toast.getByRole("button", { name: "Undo" }).click();
  await expect(eye(page, "mlp-0.2-8")).toHaveAttribute("aria-pressed", "true");
  await expect(toast).toHaveCount(0);
});

test("a tag is typed at once, its letters are no keys of the page, and it can be undone", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  await row(page, "cnn-0.1-7").locator(".run-name").click({ modifiers: ["Control"] });
  const actions = panel(page).getByRole("group", { name: "Chosen runs" });
  await actions.getByRole("button", { name: "Tag" }).click();
  await expect(actions.getByRole("textbox", { name: "Tag" })).toBeFocused();
  await page.keyboard.type("fine x");
  await page.keyboard.press("Enter");
  const toast = page.locator(".toast").filter({ hasText: "Tagged 1 run with ‘fine x’." });
  await expect(toast).toBeVisible();
  await expect(page.getByRole("article")).toHaveCount(1);
  const tags = async () => (await agnez.call("GET", "/boards/digits/runs/cnn-0.1-7")).json.tags ?? [];
  expect(await tags()).toEqual(["fine x"]);
  await toast.getByRole("button", { name: "Undo" }).click();
  await expect.poll(tags).toEqual([]);
});

test("a search that finds nothing is named in the charts, and archived runs are found by their key", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, BOARD);
  await drawn(page, id, 8 * STEPS);
  await search(page).fill("lr>5");
  await expect(rows(page)).toHaveCount(0);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /No run matches the search\./);
  await patchRun(agnez, "digits", "cnn-0.1-7", { archived: true });
  await search(page).fill("archived=true");
  await expect.poll(() => listed(page)).toEqual(["cnn-0.1-7"]);
  await search(page).fill("");
  await panel(page).getByRole("button", { name: "1 archived" }).click();
  await expect(rows(page)).toHaveCount(1);
  await panel(page).getByRole("button", { name: "Back to runs" }).click();
  await expect(rows(page)).toHaveCount(7);
});

test("groups are compared in the order of the table, with the baseline as the reference", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?group=config.model&sort=-mean`);
  await expect(panel(page).locator("tr[data-group]").first()).toContainText("mlp");
  const dialog = page.getByRole("dialog", { name: "Configurations" });
  const compare = panel(page).getByRole("button", { name: "Compare configurations" });
  await compare.click();
  await expect(dialog.locator("thead th .run-name")).toHaveText(["bmlp", "acnn"]);
  await expect(dialog.locator("th.reference"), "the best").toContainText("mlp");
  await page.keyboard.press("Escape");
  await group(page, "cnn").locator(".run-name").focus();
  await page.keyboard.press("x");
  await expect(panel(page).getByRole("status")).toContainText("Runs are chosen, not groups");
  await page.keyboard.press("b");
  await expect(group(page, "cnn")).toContainText("baseline");
  await expect(panel(page).getByRole("columnheader", { name: /^acc − baseline/ })).toContainText("95 %");
  await expect(group(page, "mlp").locator(".better").last()).toContainText("better");
  await compare.click();
  await expect(dialog.locator("th.reference")).toContainText("cnn");
});

test("the link to the view is copied", async ({ page, agnez }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await sweep(agnez);
  await openBoard(page, `${BOARD}?group=config.model`);
  await panel(page).getByRole("button", { name: "Copy link" }).click();
  await expect(page.locator(".toast").filter({ hasText: "Copied the link to this view." })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
});
