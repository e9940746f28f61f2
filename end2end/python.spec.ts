// The Python package's calls, as they appear in the page: a training script and a reader, and subplots where Matplotlib has them.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import type { Locator } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, cells, colour, figure, openBoard, picture, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");

/** Runs a script with the package; it ends when its standard input does, so that the page is seen while it lives. */
async function python(agnez: Agnez, script: string): Promise<ChildProcess> {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: 'make e2e' makes it, or name a Python with AGNEZ_PYTHON.`);
  const env = { ...process.env, PYTHONPATH: resolve("../python/src"), AGNEZ_URL: agnez.url, AGNEZ_SPOOL: resolve(agnez.folder, "spool") };
  const child = spawn(PYTHON, ["-c", script], { env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdout!.resume();
  return child;
}

/** Lets it go on to its end. */
async function ended(script: ChildProcess): Promise<void> {
  script.stdin!.end();
  const [code] = await once(script, "exit");
  expect(code).toBe(0);
}

const place = async (cell: Locator) => (await cell.boundingBox())!;

test("what a script logs is on the page while it runs", async ({ page, agnez }) => {
  await openBoard(page, "/b/mnist");
  const script = await python(
    agnez,
    `
import sys
import agnez
board = agnez.Board("mnist")
for step in range(200):
    board.log(step=step, loss=2 / (step + 1), **{"acc/train": step / 200, "acc/val": step / 250})
board.image("sample", [[[0, 0, 255]] * 24] * 16)
board.text("notes", "learning rate **0.1**")
board.bar("classes", {"cat": 3, "dog": 5})
board.table("runs", [{"run": "a", "acc": 0.9}])
sys.stdin.read()
board.log(step=200, loss=float("nan"))
`,
  );
  await expect(cells(page)).toHaveCount(6);
  const loss = cell(page, "mnist-loss");
  await expect(title(loss)).toContainText("loss");
  await expect(loss.locator("canvas")).toHaveAttribute("data-points", "200");
  await expect(cell(page, "mnist-acc").locator(".legend").getByRole("button")).toHaveText(["train", "val"]);
  const sample = picture(cell(page, "mnist-sample"));
  await sample.scrollIntoViewIfNeeded();
  expect(await colour(sample)).toEqual([0, 0, 255]);
  await expect(figure(cell(page, "mnist-notes")).locator("strong")).toHaveText("0.1");
  await expect(figure(cell(page, "mnist-runs")).locator("td").first()).toHaveText("a");
  await expect(picture(cell(page, "mnist-classes"))).toBeVisible();
  // It still runs: nothing had to end for this to be seen, and what it says last comes when it does end.
  expect(script.exitCode).toBeNull();
  await ended(script);
  await expect(loss.locator("canvas")).toHaveAttribute("data-points", "201");
});

test("subplots stand as Matplotlib arranges them", async ({ page, agnez }) => {
  await agnez.create({ _id: "before", board: "main", name: "before" });
  const script = await python(
    agnez,
    `
import agnez
board = agnez.Board()
cells = board.subplots(2, 3)
cells[0, 0].plot([3, 2, 1], label="train").set_title("loss")
cells[0, 1].imshow([[0, 255], [255, 0]])
cells[0, 2].hist([1, 2, 2, 3])
cells[1, 0].scatter([1, 2], [3, 4])
cells[1, 2].bar(["a", "b"], [1, 2])
`,
  );
  await ended(script);
  await agnez.create({ _id: "after", board: "main", name: "after" });
  await openBoard(page);
  await expect(cells(page)).toHaveCount(8);
  const [block] = ((await (await fetch(`${agnez.url}/boards/main/layout`)).json()) as { blocks: { mosaic: string; cells: Record<string, string> }[] }).blocks;
  expect(block!.mosaic).toBe("ABC;DEF");
  const values = await agnez.values();
  const documents = Object.values(block!.cells).map((id) => values.find((document) => document._id === id)!);
  const boxes = await Promise.all(documents.map((document) => place(cell(page, document._id))));
  for (const row of [0, 3]) {
    const [left, middle, right] = boxes.slice(row, row + 3) as [typeof boxes[0], typeof boxes[0], typeof boxes[0]];
    expect([middle.y, right.y], "one row").toEqual([left.y, left.y]);
    expect(left.x + left.width).toBeLessThan(middle.x);
    expect(middle.x + middle.width).toBeLessThan(right.x);
    expect([middle.x, right.x], "under each other").toEqual([boxes[1]!.x, boxes[2]!.x]);
  }
  expect(boxes[3]!.y).toBeGreaterThan(boxes[0]!.y);
  const [before, after] = [await place(cell(page, "before")), await place(cell(page, "after"))];
  expect(before.y, "other cells stand before and after").toBeLessThan(boxes[0]!.y);
  expect(after.y).toBeGreaterThan(boxes[3]!.y);
  expect(before.width, "three in a row, as on a board without a density of its own").toBeCloseTo(boxes[0]!.width, 0);
  await expect(cell(page, documents[0]._id).getByRole("heading")).toHaveText("loss");
  await expect(cell(page, documents[0]._id).locator("canvas")).toHaveAttribute("data-points", "3");
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "results/subplots.png", fullPage: true });

  // A phone has one column, in the order of the arrangement.
  await page.setViewportSize({ width: 390, height: 800 });
  const narrow = await Promise.all(documents.map((document) => place(cell(page, document._id))));
  for (let at = 1; at < narrow.length; at++) {
    expect(narrow[at]!.x).toBe(narrow[0]!.x);
    expect(narrow[at]!.y).toBeGreaterThan(narrow[at - 1]!.y);
  }
});

test("subplots that come while the page is open stand there at once", async ({ page, agnez }) => {
  await openBoard(page);
  await ended(await python(agnez, 'import agnez\nfor axes in agnez.Board().subplots(1, 4, name="row"):\n    axes.set_title("here")'));
  await expect(cells(page)).toHaveCount(4);
  const boxes = await Promise.all((await agnez.values()).map((document) => place(cell(page, document._id))));
  expect(new Set(boxes.map((box) => box.y)).size).toBe(1);
  expect(boxes.every((box, at) => at === 0 || box.x > boxes[at - 1]!.x)).toBe(true);
});
