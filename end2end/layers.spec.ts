// Whose a key is: what lies over the page has the keys, and nothing that it covers changes or moves.
import type { Page } from "@playwright/test";

import { line, drawn } from "./support/line.ts";
import { cell, cells, notes, openBoard, openMenu, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

/** Every key that means something on the board, and some that might. */
const KEYS = [
  "j", "k", "Delete", "n", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "/", "Alt+ArrowLeft", "Alt+ArrowRight", "Control+z", "Delete",
  "Backspace", "Control+k", "1", "9", "x", "End", "Home", "PageDown", " ", "Tab", "Delete", "Shift+Tab", "Delete", "j", "Delete",
];

async function board(page: Page, agnez: { create(document: unknown): Promise<{ _id: string }> }): Promise<string[]> {
  const ids = [];
  for (const name of ["a", "b", "c"]) ids.push((await agnez.create({ name, type: "foo", value: name, description: `note of ${name}` }))._id);
  await openBoard(page);
  return ids;
}

test("in full screen no key reaches a cell that is covered", async ({ page, agnez }) => {
  const [a, b, c] = await board(page, agnez);
  // There is something to undo.
  await cell(page, c!).focus();
  await page.keyboard.press("Delete");
  await expect(cells(page)).toHaveCount(2);
  const before = await agnez.values();
  await cell(page, a!).focus();
  await page.keyboard.press("f");
  await expect(cell(page, a!)).toHaveClass(/\bfullscreen\b/);
  for (const key of KEYS) await page.keyboard.press(key);
  await page.mouse.click(640, 400);
  for (const key of KEYS) await page.keyboard.press(key);
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
  expect(await agnez.values()).toEqual(before);
  await expect(cell(page, a!)).toHaveClass(/\bfullscreen\b/);
  // Nothing that is covered can be reached.
  const reached = await page.evaluate(() => document.activeElement?.closest("article")?.getAttribute("data-id") ?? document.activeElement?.tagName);
  expect([a, "BODY", "MAIN", "BUTTON"]).toContain(reached);
  await expect(cell(page, b!)).toHaveAttribute("inert", "");
  await expect(page.locator("header.page-header")).toHaveAttribute("inert", "");

  // What concerns the shown cell is still there, wherever the focus is.
  await page.keyboard.press("e");
  await expect(title(cell(page, a!)).getByRole("textbox")).toBeFocused();
  await page.keyboard.type("renamed");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await agnez.value(a!)).name).toBe("renamed");
  await page.keyboard.press("d");
  await expect(notes(cell(page, a!)).getByRole("textbox")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(cell(page, a!)).toHaveClass(/\bfullscreen\b/);
  await page.keyboard.press("Escape");
  await expect(cell(page, a!)).not.toHaveClass(/\bfullscreen\b/);
  await expect(cell(page, b!)).not.toHaveAttribute("inert", "");
  // And on the board everything works again.
  await page.keyboard.press("j");
  await expect(cell(page, b!)).toBeFocused();
});

test("full screen ends when its cell is deleted elsewhere, and the board can be used", async ({ page, agnez }) => {
  const [a, b] = await board(page, agnez);
  await cell(page, a!).focus();
  await page.keyboard.press("f");
  await agnez.remove(a!);
  await expect(cells(page)).toHaveCount(2);
  await expect(cell(page, b!)).not.toHaveAttribute("inert", "");
  await expect.poll(() => new URL(page.url()).search).toBe("");
  await page.keyboard.press("j");
  await expect(cell(page, b!)).toBeFocused();
});

test("what lies over the page has the keys", async ({ page, agnez, problems }) => {
  // Links to the board are made with a token only; the dialog says so.
  problems.allow(/status of 401.*\/shares/);
  const [a] = await board(page, agnez);
  const chart = await line(agnez, "loss", { loss: [[0, 1], [1, 2]] });
  await drawn(page, chart, 2);
  const before = await agnez.values();
  const over = {
    help: () => page.keyboard.press("?"),
    menu: () => title(cell(page, a!)).getByRole("button", { name: /^Menu of/ }).click(),
    boards: () => page.locator(".board-switch").click(),
    share: () => page.getByRole("button", { name: "Share" }).click(),
    panel: async () => {
      await cell(page, chart).hover();
      await cell(page, chart).getByRole("button", { name: "Chart" }).click();
    },
    "all charts": () => page.getByRole("button", { name: "All charts" }).click(),
  };
  for (const [name, open] of Object.entries(over)) {
    await cell(page, a!).focus();
    await open();
    await expect(page.locator(":popover-open, dialog[open]"), name).toHaveCount(1);
    for (const key of ["j", "Delete", "n", "d", "e", "Control+z", "Alt+ArrowRight", "f", "Delete"]) await page.keyboard.press(key);
    await page.evaluate(() => new Promise((done) => setTimeout(done, 150)));
    expect(await agnez.values(), name).toEqual(before);
    await expect(page.locator(".chart-wrapper.fullscreen"), name).toHaveCount(0);
    for (let tries = 0; tries < 3 && (await page.locator(":popover-open, dialog[open]").count()) > 0; tries++) await page.keyboard.press("Escape");
    await expect(page.locator(":popover-open, dialog[open]"), name).toHaveCount(0);
  }
});

test("a menu follows its cell and closes when that is gone", async ({ page, agnez }) => {
  const [a] = await board(page, agnez);
  await title(cell(page, a!)).getByRole("button", { name: /^Menu of/ }).click();
  const menu = page.getByRole("menu", { name: "Cell" });
  await expect(menu).toBeVisible();
  await expect(menu.getByRole("menuitem", { name: "Save as CSV" })).toBeHidden();
  await agnez.patch(a!, { type: "bar", value: { x: 1 } });
  await expect(menu.getByRole("menuitem", { name: "Save as CSV" })).toBeVisible();
  await expect.poll(() => cell(page, a!).locator("img").evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
  await agnez.remove(a!);
  await expect(menu).toBeHidden();
});

test("renaming marks the whole title, with the caret at its end", async ({ page, agnez }) => {
  const [a] = await board(page, agnez);
  await agnez.patch(a!, { name: "a long name 😀" });
  const field = title(cell(page, a!)).getByRole("textbox");
  const marked = () => field.evaluate(({ value, selectionStart, selectionEnd, selectionDirection }: HTMLInputElement) => ({ value, selectionStart, selectionEnd, selectionDirection }));
  const wanted = { value: "a long name 😀", selectionStart: 0, selectionEnd: 14, selectionDirection: "forward" };
  const ways = [
    async () => {
      await cell(page, a!).focus();
      await page.keyboard.press("e");
    },
    () => title(cell(page, a!)).getByRole("heading").click(),
    () => openMenu(cell(page, a!), "Rename"),
  ];
  for (const way of ways) {
    await expect(title(cell(page, a!))).toContainText("a long name");
    await way();
    await expect(field).toBeFocused();
    await expect.poll(marked).toEqual(wanted);
    await page.keyboard.press("Escape");
    await expect(field).toHaveCount(0);
  }
  await cell(page, a!).focus();
  await page.keyboard.press("e");
  await expect(field).toBeFocused();
  await page.keyboard.type("new");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await agnez.value(a!)).name).toBe("new");
});
