// What axe finds on the pages, in light and dark, at a desk and on a phone, with each menu, panel and dialog open.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { dataUri, gif, RED } from "./support/gif.ts";
import { cell, live, openBoard, openMenu } from "./support/page.ts";
import { curve, log, panel, patchRun, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

// axe reads the pixels of canvases.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));
// Each state is looked at by some hundred rules.
test.describe.configure({ timeout: 180_000 });

/** Fails with the rule and the elements of each violation, and goes on with the next state. */
async function check(page: Page, state: string): Promise<void> {
  // Popovers and dialogs are in the top layer, outside of the landmarks.
  const { violations } = await new AxeBuilder({ page }).exclude("iframe").disableRules("region").analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary?.split("\n")[1]?.trim()})`).join("; ")}`);
  expect.soft(found, state).toEqual([]);
}

/** A board with runs in groups, one of which has failed, and with a cell of each kind. */
async function fill(agnez: Agnez): Promise<Record<string, string>> {
  let cells: Record<string, string> = {};
  for (const [at, lr] of [0.1, 0.1, 0.01, 0.01].entries()) {
    const rows = curve("train/loss", 20, 0, (step) => (1 + at / 4) / (1 + step));
    cells = await log(agnez, "b", `run-${at}`, rows.map((row, step) => ({ ...row, "val/acc": step / 20 })));
    await patchRun(agnez, "b", `run-${at}`, { config: { lr, seed: at % 2 }, status: at === 3 ? "failed" : "finished" });
  }
  await agnez.create({ board: "b", _id: "text", name: "notes", type: "text", value: "# Plan\n\nRead **this**." });
  await agnez.create({ board: "b", _id: "table", name: "results", type: "table", value: { columns: ["a", "b"], rows: [[1, 2], [3, 4]] } });
  await agnez.create({ board: "b", _id: "picture", name: "sample", type: "img", value: dataUri(gif([RED])) });
  await agnez.create({ board: "b", _id: "empty", name: "nothing yet" });
  return cells;
}

for (const scheme of ["light", "dark"] as const) {
  test(`the list of boards, ${scheme}`, async ({ open, agnez }) => {
    await fill(agnez);
    await agnez.create({ board: "other", name: "a note", type: "text", value: "1" });
    const page = await open({ colorScheme: scheme });
    await page.goto("/");
    await live(page);
    await check(page, "list");
    await page.locator('main tr[data-key="b"]').getByRole("button", { name: /^Menu of/ }).click();
    await check(page, "menu of a board");
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await expect(page.locator(".toast")).toBeVisible();
    await check(page, "a message");
    await page.goto("/?show=trash");
    await live(page);
    await check(page, "trash");
  });

  test(`a board and what opens on it, ${scheme}`, async ({ open, agnez, problems }) => {
    // Links to the board are for those who have a token.
    problems.allow(/401 \(Unauthorized\).*\/shares/);
    const cells = await fill(agnez);
    const page = await open({ colorScheme: scheme });
    await openBoard(page, "/b/b");
    await check(page, "board");
    const loss = cell(page, cells["train/loss"]!);
    await loss.getByRole("button", { name: /^Menu of/ }).click();
    await check(page, "menu of a chart");
    await page.getByRole("menuitem", { name: "Move to section…" }).click();
    await expect(page.getByRole("menuitem", { name: "New section…" })).toBeVisible();
    await check(page, "sections in the menu of a chart");
    await page.getByRole("menuitem", { name: "New section…" }).click();
    await expect(page.getByLabel("Name of a new section")).toBeFocused();
    await check(page, "a new section in the menu of a chart");
    await page.keyboard.press("Escape");
    await loss.focus();
    await page.keyboard.press("o");
    await check(page, "settings of a chart");
    await page.keyboard.press("Escape");
    await page.locator(".views-button").click();
    await expect(page.locator("#views")).toBeVisible();
    await check(page, "views");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toBeVisible();
    await check(page, "help");
    await page.keyboard.press("Escape");
    await openMenu(cell(page, "text"), "Edit text");
    await expect(page.locator("dialog.text-editor").getByLabel("Markdown")).toBeEditable();
    await check(page, "editor");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Layout/ }).click();
    await check(page, "layout");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Share/ }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await check(page, "share");
  });

  test(`runs, ${scheme}`, async ({ open, agnez }) => {
    await fill(agnez);
    const page = await open({ colorScheme: scheme });
    await openBoard(page, "/b/b");
    await row(page, "run-0").getByRole("checkbox").check();
    await row(page, "run-1").getByRole("checkbox").check();
    await expect(panel(page).getByRole("button", { name: "Delete" })).toBeVisible();
    await check(page, "chosen runs");
    await row(page, "run-0").getByRole("checkbox").uncheck();
    await row(page, "run-1").getByRole("checkbox").uncheck();
    await panel(page).getByTitle("Columns of the table").click();
    await check(page, "columns");
    await page.keyboard.press("Escape");
    await openBoard(page, "/b/b?group=lr");
    await expect(panel(page).locator("tr[data-group]").first()).toBeVisible();
    await check(page, "groups");
    await openBoard(page, "/b/b?run=run-3");
    await check(page, "details of a run");
  });
}

test("a board and its runs on a phone", async ({ open, agnez }) => {
  await fill(agnez);
  const page = await open(PHONE);
  await openBoard(page, "/b/b");
  await check(page, "board");
  await page.getByRole("button", { name: /^Runs/ }).first().click();
  await check(page, "sheet of runs");
});
