// The runs of a board: their list, and how the charts show them.
import type { Locator } from "@playwright/test";

import { canvas, colour, drawn, pixels } from "./support/line.ts";
import { cell, live, openBoard, openMenu } from "./support/page.ts";
import { curve, eye, listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const BOARD = "/b/digits";

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

test("a board without runs has no list of them", async ({ page, agnez }) => {
  await agnez.create({ name: "loss", type: "line" });
  await openBoard(page);
  await expect(panel(page)).toHaveCount(0);
});

test("a run appears while the page is open, with its status and its last values", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", curve("loss", 20));
  await openBoard(page, BOARD);
  await drawn(page, cells.loss!, 20);
  await expect(rows(page)).toHaveCount(1);
  await expect(row(page, "first")).toContainText("running");

  await log(agnez, "digits", "second", curve("loss", 10, 0, (step) => 2 / (1 + step)));
  await expect(rows(page)).toHaveCount(2);
  expect(await listed(page), "the newest first").toEqual(["second", "first"]);
  await drawn(page, cells.loss!, 30);
  await log(agnez, "digits", "second", [{ step: 10, loss: 0.125, "acc/val": 0.75 }]);
  await drawn(page, cells.loss!, 31);
  await expect(panel(page).getByRole("columnheader", { name: "loss" }).first()).toBeVisible();
  await expect(row(page, "second")).toContainText("0.125");
  await expect(row(page, "second")).toContainText("0.75");

  await patchRun(agnez, "digits", "second", { status: "failed" });
  await expect(row(page, "second")).toContainText("failed");
  await expect(panel(page).getByRole("button", { name: /^Runs/ })).toContainText("2 · 1 running");
  await page.reload();
  await live(page);
  expect(await listed(page)).toEqual(["second", "first"]);
});

test("a run has one colour in all charts, in the list, and in the picture of the server", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, loss: 1, acc: 0.1 }, { step: 1, loss: 0.5, acc: 0.6 }]);
  await log(agnez, "digits", "second", [{ step: 0, acc: 0.3, loss: 2 }, { step: 1, acc: 0.4, loss: 1.5 }]);
  await openBoard(page, BOARD);
  await drawn(page, cells.loss!, 4);
  await drawn(page, cells.acc!, 4);
  const colours = await Promise.all(["first", "second"].map((run) => colour(page, cells.loss!, run)));
  expect(colours[0]).not.toEqual(colours[1]);
  for (const [at, run] of ["first", "second"].entries()) {
    expect(await colour(page, cells.acc!, run), run).toEqual(colours[at]);
    expect(await pixels(page, cells.loss!, colours[at]!)).toBeGreaterThan(20);
    expect(await pixels(page, cells.acc!, colours[at]!)).toBeGreaterThan(20);
    const dot = await row(page, run).locator(".run-name").evaluate((name) => getComputedStyle(name, "::before").backgroundColor);
    expect(dot).toBe(`rgb(${colours[at]!.join(", ")})`);
    const hex = "#" + colours[at]!.map((part) => part.toString(16).padStart(2, "0")).join("");
    for (const id of [cells.loss!, cells.acc!]) {
      expect((await agnez.call("GET", `/values/${id}.svg?width=640&height=300&theme=light`)).text, `${run} in ${id}`).toContain(hex);
    }
  }
});

test("with one run a colour is that of a split, with two a dash is", async ({ page, agnez }) => {
  const splits = [{ step: 0, "train/loss": 1, "val/loss": 2 }, { step: 1, "train/loss": 0.5, "val/loss": 1.5 }];
  const cells = await log(agnez, "digits", "first", splits);
  const id = cells["val/loss"]!;
  await openBoard(page, BOARD);
  await drawn(page, id, 4);
  const series = cell(page, id).locator(".legend .series");
  await expect(series).toHaveText(["train", "val"]);
  expect(await colour(page, id, "train")).not.toEqual(await colour(page, id, "val"));
  await log(agnez, "digits", "second", splits);
  await drawn(page, id, 8);
  // A name for each run, and one for each dash.
  await expect(series).toHaveText(["second", "first", "train", "val"]);
  expect(await series.evaluateAll((all) => all.map((one) => one.getAttribute("data-dash")))).toEqual(["0", "0", "1", "0"]);
  const label = canvas(page, id);
  await expect(label).toHaveAttribute("aria-label", /second · train 0.5; second · val 1.5; first · train 0.5; first · val 1.5/);
  await series.getByText("train").click();
  await expect(label, "a split is hidden in all runs").toHaveAttribute("aria-label", /^Line chart: second · val 1.5; first · val 1.5; /);
  await series.getByText("first").click();
  await expect(label, "a run with all of its splits").toHaveAttribute("aria-label", /^Line chart: second · val 1.5; 8 points/);
});

test("what a restart superseded is faded, and the tooltip says so", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", curve("loss", 10, 0, () => 1));
  await log(agnez, "digits", "second", curve("loss", 10, 0, () => 3));
  const id = cells.loss!;
  await openBoard(page, BOARD);
  await drawn(page, id, 20);
  const ink = await colour(page, id, "first");
  const before = await pixels(page, id, ink);
  // The script crashed at step 9 and goes on from its checkpoint at step 4.
  await log(agnez, "digits", "first", curve("loss", 6, 4, () => 2));
  await drawn(page, id, 26);
  const svg = (await agnez.call("GET", `/values/${id}.svg?width=640&height=300&theme=light`)).text;
  expect(svg.match(/stroke-opacity="0\.3"/g)?.length, "the picture fades it, too").toBeGreaterThan(0);
  await expect.poll(async () => Math.abs((await pixels(page, id, ink)) - before), { message: "one line in the full ink" }).toBeLessThan(before / 2);
  const box = (await canvas(page, id).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.8);
  await expect(page.locator("#tooltip")).toContainText("before restart");
});

test("a run is hidden everywhere, in two browsers, and shown again", async ({ page, agnez, open }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, loss: 1, acc: 0 }]);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2, acc: 1 }]);
  const other = await open();
  for (const browser of [page, other]) {
    await openBoard(browser, BOARD);
    await drawn(browser, cells.loss!, 2);
    await drawn(browser, cells.acc!, 2);
  }
  await eye(page, "first").click();
  for (const browser of [page, other]) {
    await drawn(browser, cells.loss!, 1);
    await drawn(browser, cells.acc!, 1);
    await expect(eye(browser, "first")).toHaveAttribute("aria-pressed", "false");
    await expect(cell(browser, cells.loss!).locator(".legend .series")).toHaveText(["second"]);
  }
  const svg = async () => (await agnez.call("GET", `/values/${cells.loss}.svg?width=640&height=300`)).text;
  expect(await svg(), "the picture of the server").not.toContain(">first<");
  // Points of a hidden run come with the columns when it is shown.
  await log(agnez, "digits", "first", [{ step: 1, loss: 0.5 }]);
  await eye(other, "first").click();
  for (const browser of [page, other]) {
    await drawn(browser, cells.loss!, 3);
    await expect(eye(browser, "first")).toHaveAttribute("aria-pressed", "true");
  }
  expect(await svg()).toContain(">first<");
  await eye(page, "first").click();
  await eye(page, "second").click();
  await expect(canvas(page, cells.loss!)).toHaveAttribute("aria-label", /All runs are hidden\./);
});

test("of many runs the newest are drawn, and an older one by its eye", async ({ page, agnez }) => {
  let cells: Record<string, string> = {};
  for (let at = 0; at < 23; at++) cells = await log(agnez, "digits", `run-${at}`, [{ step: 0, loss: at }]);
  await openBoard(page, BOARD);
  await drawn(page, cells.loss!, 20);
  await expect(rows(page)).toHaveCount(23);
  await expect(eye(page, "run-2")).toHaveAttribute("aria-pressed", "false");
  await eye(page, "run-2").click();
  await drawn(page, cells.loss!, 21);
  await log(agnez, "digits", "run-2", [{ step: 1, loss: 9 }]);
  await drawn(page, cells.loss!, 22);
});

test("pointing at a run highlights it in every chart", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", curve("loss", 30, 0, () => 1).map((step) => ({ ...step, acc: 1 })));
  await log(agnez, "digits", "second", curve("loss", 30, 0, () => 2).map((step) => ({ ...step, acc: 2 })));
  await openBoard(page, BOARD);
  await drawn(page, cells.loss!, 60);
  await drawn(page, cells.acc!, 60);
  const ink = await colour(page, cells.loss!, "second");
  await row(page, "first").hover();
  for (const id of [cells.loss!, cells.acc!]) {
    await expect.poll(() => pixels(page, id, ink), { message: "the other one is faint" }).toBe(0);
  }
  await page.mouse.move(900, 5);
  for (const id of [cells.loss!, cells.acc!]) await expect.poll(() => pixels(page, id, ink)).toBeGreaterThan(20);
  await cell(page, cells.acc!).locator(".legend").getByRole("button", { name: "first", exact: true }).hover();
  await expect(row(page, "first")).toHaveClass(/lit/);
  await expect.poll(() => pixels(page, cells.loss!, ink)).toBe(0);
});

test("the details of a run: configuration, status and last values", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", [{ step: 0, loss: 1, "acc/val": 0.5 }]);
  await patchRun(agnez, "digits", "first", {
    config: { opt: { name: "sgd", lr: 0.001 }, seed: 7 },
    host: "gpu-1",
    git: { commit: "0123abcd", dirty: true },
    command: "python train.py",
    tags: ["ok", "<b>bold</b>"],
    group: "sweep",
  });
  await openBoard(page, BOARD);
  await row(page, "first").getByRole("button", { name: "first", exact: true }).click();
  const details = panel(page).getByRole("region", { name: "first" });
  await expect(details.getByRole("row", { name: "opt.lr 0.001" })).toBeVisible();
  for (const text of ["seed 7", "opt.name sgd", "host gpu-1", "git.commit 0123abcd", "command python train.py", "acc/val 0.5"]) {
    await expect(details.getByRole("row", { name: text })).toBeVisible();
  }
  await expect(details).toContainText("running");
  await expect(details.getByRole("list", { name: "Tags" }).getByRole("listitem")).toHaveText(["ok", "<b>bold</b>"]);
  await patchRun(agnez, "digits", "first", { config: { seed: 8 } });
  await expect(details.getByRole("row", { name: "seed 8" })).toBeVisible();

  // Tags and notes stand above the configuration, and are edited there; what is typed outlives another change of the run.
  await details.getByText("Edit tags and notes").click();
  await details.getByLabel("Notes, in Markdown").fill("**Best run** of <i>all</i>");
  await patchRun(agnez, "digits", "first", { config: { seed: 9 } });
  await expect(details.getByRole("row", { name: "seed 9" })).toBeVisible();
  await details.getByLabel("Tags, with commas between them").fill("ok, paper");
  await details.getByRole("button", { name: "Save" }).click();
  await expect(details.getByRole("list", { name: "Tags" }).getByRole("listitem")).toHaveText(["ok", "paper"]);
  const notes = details.locator(".run-notes");
  await expect(notes.locator("strong")).toHaveText("Best run");
  await expect(notes).toHaveText("Best run of <i>all</i>");
  const top = async (part: Locator) => (await part.boundingBox())!.y;
  expect(await top(notes)).toBeLessThan(await top(details.getByRole("row", { name: "seed 9" })));
  await details.getByRole("button", { name: "All runs" }).click();
  await expect(row(page, "first").getByRole("button", { name: "first", exact: true })).toBeFocused();
});

test("a run is renamed, deleted, and brought back", async ({ page, agnez, open }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2 }]);
  const other = await open();
  for (const browser of [page, other]) await openBoard(browser, BOARD);
  await drawn(other, cells.loss!, 2);
  await row(page, "first").getByRole("button", { name: "first", exact: true }).focus();
  await page.keyboard.press("F2");
  const field = page.getByRole("textbox", { name: "Name of the run" });
  await expect(field).toBeFocused();
  await field.fill("first <i>try</i>");
  await page.keyboard.press("Enter");
  await expect(panel(page).getByRole("heading", { name: "first <i>try</i>" })).toBeVisible();
  await expect(row(other, "first")).toContainText("first <i>try</i>");
  await expect(cell(other, cells.loss!).locator(".legend .series")).toHaveText(["second", "first <i>try</i>"]);

  await panel(page).getByRole("button", { name: "Delete" }).click();
  for (const browser of [page, other]) {
    await expect(rows(browser)).toHaveCount(1);
    await drawn(browser, cells.loss!, 1);
  }
  const toast = page.getByRole("status").filter({ hasText: "Deleted the run" });
  await expect(toast).toContainText("first <i>try</i>");
  await toast.getByRole("button", { name: "Undo" }).click();
  for (const browser of [page, other]) {
    await expect(rows(browser)).toHaveCount(2);
    await drawn(browser, cells.loss!, 2);
  }
  // The same by keys.
  await row(page, "second").locator(".run-name").focus();
  await page.keyboard.press("Delete");
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(2);
});

test("a deletion can be undone for as long as its toast says, also right after another one", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2 }]);
  await page.clock.install();
  await openBoard(page, BOARD);
  const remove = async () => {
    await row(page, "first").locator(".run-name").focus();
    await page.keyboard.press("Delete");
    await expect(rows(page)).toHaveCount(1);
  };
  await remove();
  await page.clock.fastForward(3000);
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(2);
  await remove();
  await page.clock.fastForward(8000);
  await page.keyboard.press("Control+z");
  await expect(rows(page)).toHaveCount(2);
});

test("counters and console output have no cell on the page", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", [{ step: 0, loss: 1, epoch: 0 }]);
  await agnez.call("POST", "/boards/digits/runs/first/console", "epoch 0");
  await openBoard(page, BOARD);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2, epoch: 0, global_step: 5 }]);
  await expect(rows(page)).toHaveCount(2);
  await expect(page.locator("[data-id]")).toHaveCount(1);
});

test("the list is used by keys", async ({ page, agnez }) => {
  for (const run of ["a", "b", "c"]) await log(agnez, "digits", run, [{ step: 0, loss: 1 }]);
  await openBoard(page, BOARD);
  const name = (run: string) => row(page, run).locator(".run-name");
  await panel(page).getByRole("columnheader").last().getByRole("button").focus();
  await page.keyboard.press("Tab");
  await expect(row(page, "c").getByRole("checkbox"), "the newest run").toBeFocused();
  await page.keyboard.press("Tab");
  await expect(eye(page, "c")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(name("c")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(name("b")).toBeFocused();
  await expect(row(page, "b")).toHaveClass(/lit/);
  await page.keyboard.press("End");
  await expect(name("a")).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(eye(page, "a"), "one row is reached by Tab").toBeFocused();
  await page.keyboard.press("Space");
  await expect(eye(page, "a")).toHaveAttribute("aria-pressed", "false");
});

test("the list is closed and stays closed", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", curve("loss", 5));
  await openBoard(page, BOARD);
  const width = async () => (await canvas(page, cells.loss!).boundingBox())!.width;
  const before = await width();
  const toggle = panel(page).getByRole("button", { name: /^Runs/ });
  await expect(toggle).toHaveAttribute("aria-expanded", "true");
  await toggle.click();
  await expect(toggle).toHaveAttribute("aria-expanded", "false");
  await expect(rows(page).first()).toBeHidden();
  await expect.poll(width).toBeGreaterThan(before);
  await page.reload();
  await live(page);
  await expect(rows(page).first()).toBeHidden();
  await toggle.click();
  await expect(rows(page).first()).toBeVisible();
});

test("a reader with a link hides runs in this tab only", async ({ page, agnez, open }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2 }]);
  await openBoard(page, BOARD);
  const { token } = await newToken(agnez, "share", { board: "digits" });
  const reader = await open();
  await openBoard(reader, `${BOARD}#token=${token}`);
  await drawn(reader, cells.loss!, 2);
  await eye(reader, "first").click();
  await drawn(reader, cells.loss!, 1);
  await row(reader, "second").locator(".run-name").click();
  await expect(panel(reader).getByRole("button", { name: "Delete" })).toHaveCount(0);
  await drawn(page, cells.loss!, 2);
  await expect(eye(page, "first")).toHaveAttribute("aria-pressed", "true");
});

test("hiding a series in one chart is of that chart, and in its picture", async ({ page, agnez }) => {
  const cells = await log(agnez, "digits", "first", [{ step: 0, loss: 1, acc: 0 }]);
  await log(agnez, "digits", "second", [{ step: 0, loss: 2, acc: 1 }]);
  await openBoard(page, BOARD);
  await drawn(page, cells.loss!, 2);
  await cell(page, cells.loss!).locator(".legend").getByRole("button", { name: "first", exact: true }).click();
  await expect(canvas(page, cells.loss!)).toHaveAttribute("aria-label", /^Line chart: second 2; /);
  await expect(canvas(page, cells.acc!)).toHaveAttribute("aria-label", /second 1; first 0; /);
  const csv = (await agnez.call("GET", `/values/${cells.loss}.csv`)).text;
  expect(csv.split("\r\n").slice(0, 3).map((line) => line.split(",").slice(0, 4).join(","))).toEqual(["run,series,index,step", "second,,0,0.0", "first,,0,0.0"]);
  const download = page.waitForEvent("download");
  await openMenu(cell(page, cells.loss!), "Save as SVG");
  const stream = await (await download).createReadStream();
  const svg = (await stream.toArray()).join("");
  expect(svg).toContain(">second<");
  expect(svg).not.toContain(">first<");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });

  test("the list is a sheet at the lower edge", async ({ page, agnez }) => {
    const cells = await log(agnez, "digits", "first", curve("loss", 20));
    await log(agnez, "digits", "second", curve("loss", 20, 0, () => 1));
    await openBoard(page, BOARD);
    await drawn(page, cells.loss!, 40);
    const toggle = panel(page).getByRole("button", { name: /^Runs/ });
    await expect(toggle).toHaveAttribute("aria-expanded", "false");
    await expect(rows(page).first()).toBeHidden();
    const sheet = async () => (await panel(page).boundingBox())!;
    expect((await sheet()).y + (await sheet()).height).toBe(844);
    expect((await sheet()).height).toBeLessThan(60);
    await toggle.tap();
    await expect(rows(page)).toHaveCount(2);
    await expect(rows(page).first()).toBeVisible();
    expect((await sheet()).height).toBeGreaterThan(300);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    for (const box of await panel(page).locator("button:visible").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height))) {
      expect(box, "large enough for a finger").toBeGreaterThanOrEqual(40);
    }
    await row(page, "first").locator(".run-name").tap();
    await expect(panel(page).getByRole("region", { name: "first" })).toBeVisible();
    await toggle.tap();
    await expect(panel(page).getByRole("region", { name: "first" })).toBeHidden();
  });
});
