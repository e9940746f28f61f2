// Groups of runs in the panel: rows of groups with their members, and the difference from a baseline.
import type { Locator } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, live, openBoard } from "./support/page.ts";
import { log, panel, patchRun, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Two learning rates with four seeds each: 0.1 has the better accuracy. A seed helps one rate and not the other. */
async function sweep(agnez: Agnez): Promise<void> {
  for (const [lr, best, luck] of [[0.1, 0.9, [0, 1, 2, 3]], [0.01, 0.8, [2, 0, 3, 1]]] as const) {
    for (const [seed, more] of luck.entries()) {
      const run = `lr-${lr}-${seed}`;
      await log(agnez, "digits", run, [{ step: 0, "val/acc": 0.1 }, { step: 1, "val/acc": best + more / 1000 }]);
      await patchRun(agnez, "digits", run, { config: { lr, seed }, status: "finished" });
    }
  }
}

test("runs are averaged over the seed, and compared with a baseline", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const groups = panel(page).locator("tr[data-group]");
  await panel(page).getByTitle("Keys that the runs of a group have in common").click();
  await page.getByRole("dialog", { name: "Group runs" }).getByRole("button", { name: "Average over seed" }).click();
  await page.keyboard.press("Escape");
  await expect(groups).toHaveCount(2);
  expect(new URL(page.url()).searchParams.get("group")).toBe("config.lr");
  await expect(panel(page).getByRole("treegrid", { name: "Runs" })).toBeVisible();
  await expect(panel(page).getByRole("columnheader", { name: /^val\/acc/ })).toContainText("mean ± 95 % t");
  const [best, other] = [groups.first(), groups.last()];
  await expect(best, "the better mean first").toContainText("0.1");
  await expect(best).toContainText("0.90150");
  await expect(best.locator(".letter")).toHaveText("a");
  await expect(best).toHaveAttribute("aria-expanded", "false");

  await best.locator(".run-name").focus();
  await page.keyboard.press("ArrowRight");
  await expect(best).toHaveAttribute("aria-expanded", "true");
  await expect(panel(page).locator("tr[data-run]")).toHaveCount(4);
  await expect(row(page, "lr-0.1-2")).toHaveAttribute("aria-level", "2");
  await expect(row(page, "lr-0.1-2")).toContainText("0.90200@1");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await expect(panel(page).locator("tr[data-run]")).toHaveCount(0);

  await page.keyboard.press("b");
  await expect(best.locator(".verdict")).toHaveText(/^baseline/);
  await expect(panel(page).getByRole("columnheader", { name: /baseline/ })).toContainText("95 %");
  await expect(other.locator(".worse").first()).toHaveText("−0.10000");
  await page.reload();
  await expect(groups, "the groups are in the document").toHaveCount(2);
  await live(page);
  await expect(other.locator(".worse").first()).toHaveText("−0.10000");
  // The verdict has a column of its own, which the server sorts by: the better ones first, then the other way round.
  await expect(other.locator(".verdict")).toHaveText(/^worse/);
  const head = panel(page).getByRole("columnheader", { name: /^Verdict/ });
  await expect(head).toContainText("at 95 %");
  // Without the second line, which stands in the last cell.
  const verdicts = () => groups.locator(".verdict").evaluateAll((cells) => cells.map((cell) => cell.firstChild!.textContent!.trim()));
  await head.getByRole("button").click();
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await expect.poll(verdicts).toEqual(["baseline", "worse"]);
  await head.getByRole("button").click();
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  await expect.poll(verdicts).toEqual(["worse", "baseline"]);
  expect(new URL(page.url()).searchParams.get("sort")).toBe("verdict");
});

test("a running member is said, and the group is not judged", async ({ page, agnez }) => {
  await sweep(agnez);
  await patchRun(agnez, "digits", "lr-0.01-1", { status: "running" });
  await patchRun(agnez, "digits", "lr-0.1-3", { status: "failed" });
  await openBoard(page, `${BOARD}?group=config.lr`);
  const groups = panel(page).locator("tr[data-group]");
  await expect(groups).toHaveCount(2);
  await groups.first().locator(".run-name").focus();
  await page.keyboard.press("b");
  await expect(groups.last()).toContainText("1 of 4 still running: too early to tell");
  await expect(groups.last().locator(".worse, .better")).toHaveCount(0);
  await expect(groups.last().locator(".verdict")).toContainText("too early");
  await expect(groups.first()).toContainText("3 of 4");
  await expect(groups.first().locator('[data-state="failed"]')).toBeVisible();
});

test("rows say what their members share, and names have the keys in which groups differ", async ({ page, agnez }) => {
  await sweep(agnez);
  for (const lr of [0.1, 0.01]) {
    for (const seed of [0, 1, 2, 3]) await patchRun(agnez, "digits", `lr-${lr}-${seed}`, { config: { lr, seed, batch: 64, model: "resnet18" } });
  }
  const { "val/acc": id } = await log(agnez, "digits", "crashed", [{ step: 0, "val/acc": 0.1 }]);
  await patchRun(agnez, "digits", "crashed", { config: { lr: 0.1, seed: 4, batch: 64, crash_at: 80 }, status: "failed" });
  await openBoard(page, `${BOARD}?group=config.batch,config.lr`);
  const groups = panel(page).locator("tr[data-group]");
  await expect(groups.locator(".run-name"), "all have one batch").toContainText(["lr 0.1", "lr 0.01"]);
  await expect(panel(page).getByRole("columnheader").first()).toContainText("lr");
  await expect(panel(page).getByRole("columnheader").first()).not.toContainText("batch");
  const shown = (group: Locator) => group.locator("td.plain:not(.verdict), td.number:not(.count)");
  await expect(panel(page).getByRole("columnheader", { name: /^crash_at|^model/ })).toHaveCount(2);
  await expect(shown(groups.first()), "a missing value is one").toHaveText(["2 values", "2 values"]);
  await expect(shown(groups.last())).toHaveText(["", "resnet18"]);
  const legend = cell(page, id!).locator(".legend");
  for (const name of ["a lr 0.1 · 5 runs, 4 to the end", "b lr 0.01 · 4 runs"]) await expect(legend.getByRole("button", { name, exact: true })).toHaveCount(1);

  // What groups are compared for comes first.
  await groups.first().locator(".run-name").focus();
  await page.keyboard.press("b");
  await expect(groups.first().locator(".verdict")).toHaveText(/^baseline/);
  const heads = await panel(page).getByRole("columnheader").allTextContents();
  expect(heads.findIndex((head) => head.startsWith("Verdict"))).toBeLessThan(heads.findIndex((head) => head.startsWith("model")));
});
