// The example: a real network on real data, shown while it learns.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

import { cell, cells, openBoard, picture } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");
const EPOCHS = process.env.SCREENSHOTS ? 30 : 3;
const BATCHES = 43;

test("the example trains, and the page shows it", async ({ page, agnez }) => {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: 'make e2e' makes it, or name a Python that has scikit-learn with AGNEZ_PYTHON.`);
  if (process.env.SCREENSHOTS) await page.setViewportSize({ width: 1280, height: 1000 });
  await openBoard(page);
  const script = spawn(PYTHON, ["../examples/digits.py", "--url", agnez.url, "--board", "main", "--epochs", String(EPOCHS)], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  script.stdout.on("data", (chunk) => (said += chunk));
  script.stderr.on("data", (chunk) => (said += chunk));
  const [code] = await once(script, "exit");
  expect(code, said).toBe(0);

  await expect(cells(page)).toHaveCount(9);
  const loss = cell(page, "main-loss");
  // One training loss a batch, one validation loss an epoch.
  await expect(loss.locator("canvas")).toHaveAttribute("data-points", String(EPOCHS * (BATCHES + 1)));
  await expect(loss.locator(".legend").getByRole("button")).toHaveText(["train", "val"]);
  const confusion = cell(page, "main-confusion");
  await confusion.scrollIntoViewIfNeeded();
  await expect(picture(confusion)).toBeVisible();
  await expect.poll(() => picture(confusion).evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  const { value } = await agnez.value("main-confusion");
  expect(value.values.flat().reduce((sum: number, count: number) => sum + count, 0), "each digit held back is counted once").toBe(450);

  if (process.env.SCREENSHOTS) {
    mkdirSync("../docs", { recursive: true });
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(500);
    await page.screenshot({ path: "../docs/screenshot.png" });
  }
});
