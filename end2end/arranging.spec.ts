// Arranging where it is not plain: beside the open list of runs, in blocks, among folded and pinned sections; and where the focus is then.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, cells, openBoard } from "./support/page.ts";
import { eye, log, patchRun } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** A run with charts in two sections, and texts in a third. */
async function fill(agnez: Agnez): Promise<Record<string, string>> {
  const step = (step: number) => ({ step, loss: 1 / (1 + step), acc: step / 9, "opt/lr": 0.1, "opt/momentum": 0.9 });
  const ids = await log(agnez, "digits", "first", [0, 1, 2].map(step));
  for (const name of ["one", "two"]) ids[name] = (await agnez.create({ board: "digits", name, type: "foo", value: name, layout: { section: "notes" } }))._id;
  return ids;
}

async function put(agnez: Agnez, layout: object): Promise<void> {
  const answer = await agnez.call("PUT", "/boards/digits/layout", layout);
  expect(answer.status, answer.text).toBe(200);
}

const box = async (of: Locator): Promise<{ x: number; y: number; width: number; height: number }> => (await of.boundingBox())!;
const inSection = (page: Page, name: string): Promise<(string | null)[]> =>
  page.locator(`section[data-section="${name}"] article`).evaluateAll((all) => all.map((one) => one.getAttribute("data-id")));
const spoken = (page: Page): Locator => page.locator("main > .spoken");
const head = (page: Page, name: string): Locator => page.locator(".section-head").getByRole("button", { name, exact: true });
const heads = (page: Page): Promise<string[]> => page.locator(".section-head h2:visible").allTextContents();

test("beside the list of runs a mosaic stands as it is written, and is read as it stands", async ({ page, agnez }) => {
  const { loss, acc } = (await fill(agnez)) as { loss: string; acc: string };
  await put(agnez, { blocks: [{ mosaic: "AB", cells: { A: acc, B: loss } }] });
  const html = await (await page.request.get(BOARD)).text();
  expect(html.indexOf(`data-id="${acc}"`), "before the script").toBeLessThan(html.indexOf(`data-id="${loss}"`));
  await openBoard(page, BOARD);
  for (const width of [1280, 1440, 1920, 900]) {
    await page.setViewportSize({ width, height: 900 });
    const [a, b] = [await box(cell(page, acc)), await box(cell(page, loss))];
    expect(Math.abs(a.y - b.y), `${width}`).toBeLessThan(1);
    expect(a.x + a.width, `${width}`).toBeLessThan(b.x);
    expect(Math.abs(a.width - b.width), `${width}`).toBeLessThan(2);
  }
  await expect.poll(() => inSection(page, "Metrics")).toEqual([acc, loss]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await cell(page, acc).focus();
  await page.keyboard.press("j");
  await expect(cell(page, loss)).toBeFocused();

  // A block decides the widths of its cells.
  await cell(page, loss).hover();
  await expect(cell(page, loss).locator(".handle")).toHaveCount(1);
  await page.keyboard.press("Alt+Shift+ArrowRight");
  await expect(spoken(page)).toHaveText("The block decides the width of loss.");
  await page.keyboard.press("Alt+Shift+ArrowDown");
  await expect(spoken(page)).toHaveText(/^loss, in a block, \d+ rows, place 2 of 2 in Metrics$/);
  expect((await agnez.call("GET", "/boards/digits/layout")).json.cells[loss].width).toBeUndefined();
  await cell(page, loss).getByRole("button", { name: "Menu of loss" }).click();
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeVisible();
  await expect(page.getByRole("menuitemradio")).toHaveCount(0);
});

test("beside the list of runs each step of a width is seen, and a drag gives what its ghost says", async ({ page, agnez }) => {
  const ids = await fill(agnez);
  const [lr, momentum] = [ids["opt/lr"]!, ids["opt/momentum"]!];
  await put(agnez, { cells: { [lr]: { width: 12 }, [momentum]: { width: 3 } } });
  await openBoard(page, BOARD);
  const flow = cell(page, lr).locator("..");
  const columns = async (id: string): Promise<number> => Math.round((12 * ((await box(cell(page, id))).width + 15)) / ((await box(flow)).width + 15));
  await cell(page, lr).focus();
  for (const narrower of [6, 4, 3]) {
    await page.keyboard.press("Alt+Shift+ArrowLeft");
    await expect.poll(() => columns(lr)).toBe(narrower);
    await expect(spoken(page)).toHaveText(new RegExp(`, ${narrower} of 12 columns, `));
  }
  for (const wider of [4, 6, 12]) {
    await page.keyboard.press("Alt+Shift+ArrowRight");
    await expect.poll(() => columns(lr)).toBe(wider);
  }
  for (const [share, ghost] of [[0.52, 6], [0.35, 4], [1, 12]] as const) {
    await cell(page, momentum).hover();
    const [own, all] = [await box(cell(page, momentum)), await box(flow)];
    const y = own.y + own.height / 2;
    await page.mouse.move(own.x + own.width + 1, y);
    await page.mouse.down();
    await page.mouse.move(own.x + share * all.width, y, { steps: 4 });
    await expect(page.locator(".ghost b")).toHaveText(`${ghost} of 12`);
    await page.mouse.up();
    await expect.poll(() => columns(momentum)).toBe(ghost);
  }
});

test("a block is moved past as a whole, and a cell that leaves it comes to stand beside it", async ({ page, agnez }) => {
  const { loss, acc } = (await fill(agnez)) as { loss: string; acc: string };
  const later = (await log(agnez, "digits", "first", [{ step: 3, error: 1 }]))["error"]!;
  await put(agnez, { blocks: [{ mosaic: "AB", cells: { A: acc, B: loss } }] });
  await openBoard(page, BOARD);
  await cell(page, later).focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await expect.poll(() => inSection(page, "Metrics")).toEqual([later, acc, loss]);
  await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(() => inSection(page, "Metrics")).toEqual([acc, loss, later]);
  await cell(page, acc).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(() => inSection(page, "Metrics")).toEqual([loss, acc, later]);
});

test("a section that is renamed keeps the focus and stays folded", async ({ page, agnez }) => {
  const ids = await fill(agnez);
  await openBoard(page, BOARD);
  await head(page, "notes").press("Enter");
  await expect(head(page, "notes")).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("F2");
  await expect(page.getByRole("textbox", { name: "Name of the section" })).toBeFocused();
  await page.keyboard.type("remarks");
  await page.keyboard.press("Enter");
  await expect(head(page, "remarks")).toBeFocused();
  await expect(head(page, "remarks")).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("F2");
  await expect(page.getByRole("textbox", { name: "Name of the section" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(head(page, "remarks")).toBeFocused();

  // A step leads past what is folded; at the end of what is seen nothing happens.
  const [lr, momentum] = [ids["opt/lr"]!, ids["opt/momentum"]!];
  await head(page, "opt").press("Enter");
  await head(page, "remarks").press("Enter");
  await cell(page, ids["acc"]!).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(() => inSection(page, "remarks")).toEqual([ids["acc"], ids["one"], ids["two"]]);
  await expect(cell(page, ids["acc"]!)).toBeFocused();
  expect(await inSection(page, "opt")).toEqual([lr, momentum]);
  // Playwright takes the level of the element, browsers that of the attribute.
  await expect(cell(page, ids["acc"]!).getByRole("heading")).toHaveAttribute("aria-level", "3");

  await page.getByRole("button", { name: "Layout" }).click();
  await page.getByRole("button", { name: "Close the layout panel" }).click();
  await expect(page.locator("main#board")).toBeFocused();
});

test("only what the reader has moved is announced", async ({ page, agnez }) => {
  const ids = await fill(agnez);
  await openBoard(page, BOARD);
  await cell(page, ids["one"]!).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect(spoken(page)).toHaveText("one, place 2 of 2 in notes");
  await agnez.create({ board: "digits", name: "three", type: "foo", value: "3", layout: { section: "notes" } });
  await expect.poll(() => inSection(page, "notes")).toHaveLength(3);
  await expect(spoken(page)).toHaveText("one, place 2 of 2 in notes");
});

test("a section moves among the pinned ones, or among the others", async ({ page, agnez }) => {
  await fill(agnez);
  await put(agnez, { sections: [{ name: "opt", pinned: true }, { name: "Metrics" }, { name: "notes" }] });
  await openBoard(page, BOARD);
  expect(await heads(page)).toEqual(["opt", "Metrics", "notes"]);
  await head(page, "opt").press("Alt+ArrowDown");
  await head(page, "Metrics").press("Alt+ArrowUp");
  await head(page, "notes").press("Alt+ArrowUp");
  await expect.poll(() => heads(page)).toEqual(["opt", "notes", "Metrics"]);
  await expect(page.locator(".toast")).toHaveText(/^Moved ‘notes’\./);
});

test("an edge is let go when its cell is deleted, and its handles stay while the pointer is there", async ({ page, agnez }) => {
  const ids = await fill(agnez);
  await openBoard(page, BOARD);
  const last = cell(page, ids["two"]!);
  await last.scrollIntoViewIfNeeded();
  await last.hover();
  await last.getByRole("button", { name: "Menu of two" }).focus();
  await cell(page, ids["one"]!).focus();
  await expect(last.locator(".handle")).toHaveCount(3);
  const own = await box(last);
  await page.mouse.move(own.x + own.width + 1, own.y + own.height / 2);
  await page.mouse.down();
  await page.mouse.move(own.x + own.width - 80, own.y + own.height / 2, { steps: 3 });
  await expect(page.locator(".ghost")).toBeVisible();
  await agnez.remove(ids["two"]!);
  await expect(last).toHaveCount(0);
  await expect(page.locator(".ghost")).toHaveCount(0);
  await page.mouse.up();
  await expect(page.locator(".toast")).toHaveCount(0);
});

test("a layout is copied with names that stand for one cell", async ({ page, agnez }) => {
  const { acc } = (await fill(agnez)) as { acc: string };
  const twins = [];
  for (const section of ["train", "val"]) twins.push((await agnez.create({ board: "digits", name: "twin", type: "foo", value: 1, layout: { section } }))._id);
  await put(agnez, { blocks: [{ mosaic: "ABC", cells: { A: twins[0], B: twins[1], C: acc } }] });
  await openBoard(page, BOARD);
  await page.getByRole("button", { name: "Layout" }).click();
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  const body = JSON.parse((await page.locator(".layout-code pre").textContent())!);
  expect(body.blocks[0].cells).toEqual({ A: twins[0], B: twins[1], C: "acc" });
  await put(agnez, body);
});

test("the title of the board follows, and Ctrl+Z shows a run again", async ({ page, agnez }) => {
  await fill(agnez);
  await patchRun(agnez, "digits", "first", { name: "first try" });
  await openBoard(page, BOARD);
  expect((await agnez.call("PATCH", "/boards/digits", { title: "Handwritten digits" })).status).toBe(200);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Handwritten digits");
  await expect(page).toHaveTitle("Handwritten digits · Agnez");
  await eye(page, "first").click();
  await expect(page.locator(".toast")).toContainText("Hid the run ‘first try’");
  await expect(eye(page, "first")).toHaveAttribute("aria-pressed", "false");
  await page.locator("main#board").focus();
  await page.keyboard.press("Control+z");
  await expect(eye(page, "first")).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".toast")).toHaveCount(0);
  await expect(cells(page).first()).toBeVisible();
});
