// The sweep of the README: 12 real trainings, grouped over their seeds, and compared with a baseline.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

import { cells, openBoard } from "./support/page.ts";
import { panel, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");
const BOARD = "/b/digits-sweep";

// The test reads pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

test("a sweep of 12 trainings is averaged over its seeds, and one diverged run stays in sight", async ({ page, agnez }) => {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: 'make e2e' makes it, or name a Python that has scikit-learn with AGNEZ_PYTHON.`);
  test.setTimeout(120_000);
  if (process.env.SCREENSHOTS) await page.setViewportSize({ width: 1280, height: 500 });
  const script = spawn(PYTHON, ["../examples/sweep.py", "--url", agnez.url], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  script.stdout.on("data", (chunk) => (said += chunk));
  script.stderr.on("data", (chunk) => (said += chunk));
  const [code] = await once(script, "exit");
  expect(code, said).toBe(0);

  await openBoard(page, BOARD);
  await expect(rows(page)).toHaveCount(12);
  await expect(cells(page)).toHaveCount(2);
  await panel(page).getByTitle("Keys that the runs of a group have in common").click();
  await page.getByRole("dialog", { name: "Group runs" }).getByRole("button", { name: "Average over seed" }).click();
  await page.keyboard.press("Escape");
  const groups = panel(page).locator("tr[data-group]");
  await expect(groups).toHaveCount(4);
  const of = (keys: string) => groups.filter({ hasText: keys });
  await expect(of("batch 16 · lr 0.4")).toContainText("2 of 3");
  await expect(of("batch 16 · lr 0.4")).toContainText("1 of 3 diverged");

  await of("batch 64 · lr 0.1").locator(".run-name").focus();
  await page.keyboard.press("b");
  await expect(of("batch 64 · lr 0.1").locator(".verdict")).toHaveText(/^baseline/);
  // Three seeds tell nothing here, and the table says so; a group with a diverged member is never judged.
  await expect(groups.locator(".better, .worse")).toHaveCount(0);
  await expect(groups.filter({ hasText: "can’t tell" })).toHaveCount(3);
  await expect(panel(page)).toContainText("2 comparisons at 95 %: expect 0.1 by chance");
  // The table shows the numbers of the server.
  const { groups: answered } = (await agnez.call("GET", `/boards/digits-sweep/run-groups?by=batch,lr&metric=val/acc`)).json;
  for (const { label, mean } of answered) await expect(of(label)).toContainText(mean.toFixed(5));

  if (process.env.SCREENSHOTS) {
    mkdirSync("../docs", { recursive: true });
    await page.mouse.move(0, 0);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.waitForTimeout(500);
    await page.screenshot({ path: "../docs/comparison.png" });
  }
});
