// Everything with keys only, and the focus where a reader expects it.
import type { Locator, Page } from "@playwright/test";

import { line, ramp } from "./support/line.ts";
import { cell, cells, notes, openBoard, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test("create, rename, note, move, delete and undo", async ({ page, agnez }) => {
  await openBoard(page);
  await page.keyboard.press("n");
  await expect(cells(page)).toHaveCount(1);
  const [first] = await agnez.values();
  const a = cell(page, first._id);
  // It asks for its name at once; that can be left empty.
  await expect(title(a).getByRole("textbox")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(a).toBeFocused();

  await page.keyboard.press("e");
  await expect(title(a).getByRole("textbox")).toBeFocused();
  await page.keyboard.type("loss n t j k ?");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article", { name: "loss n t j k ?" })).toBeVisible();
  await expect(a, "single keys are text while one types").toBeFocused();
  await expect(cells(page)).toHaveCount(1);

  await page.keyboard.press("e");
  await page.keyboard.type("given up");
  await page.keyboard.press("Escape");
  await expect(title(a)).toContainText("loss n t j k ?");
  await expect(a).toBeFocused();

  await page.keyboard.press("d");
  await expect(notes(a).getByRole("textbox")).toBeFocused();
  await page.keyboard.type("first line");
  await page.keyboard.press("Enter");
  await page.keyboard.type("second line");
  await page.keyboard.press("Control+Enter");
  await expect(notes(a)).toContainText("first line\nsecond line");
  await expect(a).toBeFocused();

  // Three cells, moved about.
  const second = await agnez.create({ name: "second", type: "text", value: "2", pos: 10 });
  const third = await agnez.create({ name: "third", type: "text", value: "3", pos: 11 });
  const [b, c] = [cell(page, second._id), cell(page, third._id)];
  await expect(cells(page)).toHaveCount(3);
  await page.keyboard.press("j");
  await expect(b).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(c).toBeFocused();
  await page.keyboard.press("k");
  await expect(b).toBeFocused();
  await page.keyboard.press("Alt+ArrowLeft");
  await order(page, [second._id, first._id, third._id]);
  await expect(b, "the focus goes with the cell").toBeFocused();
  await page.keyboard.press("Alt+ArrowDown");
  await order(page, [first._id, second._id, third._id]);
  await expect(b).toBeFocused();

  await page.keyboard.press("Delete");
  await order(page, [first._id, third._id]);
  await expect.poll(async () => (await focusIsWithin(a)) || (await focusIsWithin(c)), { message: "the focus goes to the neighbour" }).toBe(true);
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await page.keyboard.press("Control+z");
  await order(page, [first._id, second._id, third._id]);
  expect((await agnez.value(second._id)).value).toBe("2");
});

test("a new cell that is given up leaves nothing", async ({ page, agnez }) => {
  await openBoard(page);
  await page.keyboard.press("n");
  await expect(cells(page)).toHaveCount(1);
  await page.keyboard.type("given up");
  await page.keyboard.press("Escape");
  await expect(cells(page)).toHaveCount(0);
  expect(await agnez.values()).toEqual([]);
  await expect(page.locator(".toast")).toHaveCount(0);

  // One that has got something meanwhile stays, and so does one whose name is edited again later.
  await page.keyboard.press("n");
  await expect(cells(page)).toHaveCount(1);
  const [{ _id }] = await agnez.values();
  await agnez.patch(_id, { type: "text", value: "from a script" });
  await expect(cell(page, _id).locator("iframe").filter({ visible: true })).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(cell(page, _id)).toBeFocused();
  await agnez.patch(_id, { value: [] });
  await expect(cell(page, _id)).toContainText("Nothing here yet");
  await page.keyboard.press("e");
  await page.keyboard.press("Escape");
  await expect(cell(page, _id)).toBeFocused();
  expect(await agnez.values()).toHaveLength(1);
});

test("/ leaves only cells in sight whose names match", async ({ page, agnez }) => {
  const made: string[] = [];
  for (const [pos, name] of ["train/loss", "train/accuracy", "val/loss"].entries()) made.push((await agnez.create({ name, type: "log", value: "x", pos }))._id);
  await openBoard(page);
  const visible = () => cells(page).evaluateAll((all) => all.filter((one) => one.clientHeight > 0).map((one) => one.getAttribute("data-id")));
  await page.keyboard.press("/");
  const field = page.getByRole("searchbox", { name: "Filter" });
  await expect(field).toBeFocused();
  await page.keyboard.type("LOSS");
  await expect.poll(visible).toEqual([made[0], made[2]]);
  await field.fill("^train/(loss|acc)");
  await expect.poll(visible).toEqual([made[0], made[1]]);
  // Half an expression hides nothing.
  await field.fill("train/(");
  await expect.poll(visible).toEqual(made);
  await field.fill("loss$");
  await expect.poll(visible).toEqual([made[0], made[2]]);
  // What comes and what is renamed is looked at, too; keys pass over what is hidden.
  await agnez.patch(made[1]!, { name: "test/loss" });
  await expect.poll(visible).toEqual(made);
  await agnez.patch(made[1]!, { name: "test/accuracy" });
  await expect.poll(visible).toEqual([made[0], made[2]]);
  await cell(page, made[0]!).focus();
  await page.keyboard.press("j");
  await expect(cell(page, made[2]!)).toBeFocused();
  await field.fill("");
  await expect.poll(visible).toEqual(made);
});

test("every control is reached with Tab, and shows it", async ({ page, agnez }) => {
  await agnez.create({ name: "loss", type: "text", value: "1", description: "note" });
  await openBoard(page);
  const wanted = new Set(["Add cell", /theme/i, /^Help/, /^Menu of/]);
  for (let step = 0; step < 40 && wanted.size > 0; step += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      return { name: element.getAttribute("aria-label") || element.textContent?.trim() || element.getAttribute("title") || element.tagName, ring };
    });
    if (!focus) continue;
    expect(focus.ring, `the focus on '${focus.name}' can be seen`).toBe(true);
    for (const name of wanted) if (typeof name === "string" ? focus.name.includes(name) : name.test(focus.name)) wanted.delete(name);
  }
  expect([...wanted].map(String), "reached with Tab").toEqual([]);
});

test("? lists the keys, Escape closes the list", async ({ page }) => {
  await openBoard(page);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog");
  await expect(help).toBeVisible();
  for (const key of ["n", "e", "d", "t", "Delete", "Alt"]) await expect(help.locator("kbd", { hasText: new RegExp(`^${key}`) }).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
});

test("single keys with a modifier are the browser's", async ({ page }) => {
  await openBoard(page);
  await page.keyboard.press("Alt+n");
  await page.keyboard.press("Control+e");
  await expect(cells(page)).toHaveCount(0);
});

function focusIsWithin(part: Locator): Promise<boolean> {
  return part.evaluate((element) => element.contains(document.activeElement));
}

async function order(page: Page, ids: string[]): Promise<void> {
  await expect.poll(() => cells(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-id")))).toEqual(ids);
}

test("a cell or a section that is added and given up leaves the page where it was", async ({ page, agnez }) => {
  for (let at = 0; at < 30; at++) await line(agnez, `chart ${at}`, { train: ramp(0, 10) });
  await openBoard(page);
  const addSection = async (): Promise<void> => {
    await page.locator(".board-switch").click();
    await page.getByRole("button", { name: "New section" }).click();
  };
  for (const add of [() => page.keyboard.press("n"), addSection]) {
    await page.evaluate(() => scrollTo(0, 120));
    await add();
    await expect(page.getByRole("textbox", { name: /name/i }).and(page.locator(":focus"))).toBeVisible();
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(600);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(120);
    await expect(page.locator("article")).toHaveCount(30);
    expect(await page.evaluate(() => scrollY), "and stays there").toBe(120);
  }
});
