// Sizes and places of cells: by their edges, by drag, by keys and menus, in two browsers in step; and layouts by name.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, openBoard, openMenu, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

/** Cells of text, in two sections. */
async function fill(agnez: Agnez): Promise<string[]> {
  const ids: string[] = [];
  for (const [name, section] of [["a", "one"], ["b", "one"], ["c", "one"], ["d", "two"], ["e", "two"]] as const) {
    ids.push((await agnez.create({ name, type: "foo", value: name, layout: { section } }))._id);
  }
  return ids;
}

const inSection = (page: Page, name: string): Promise<(string | null)[]> =>
  page.locator(`section[data-section="${name}"] article`).evaluateAll((all) => all.map((one) => one.getAttribute("data-id")));
const width = (page: Page, id: string): Promise<string> => cell(page, id).evaluate((one) => getComputedStyle(one).gridColumnStart);
const handle = (page: Page, id: string, edge: string): Locator => cell(page, id).locator(`.handle[data-edge="${edge}"]`);

async function middle(of: Locator): Promise<{ x: number; y: number }> {
  const box = (await of.boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

test("an edge changes the size, in both browsers, and Undo brings it back", async ({ page, open, agnez }) => {
  const [a] = (await fill(agnez)) as [string];
  await openBoard(page);
  const other = await open();
  await openBoard(other);
  expect(await width(page, a)).toBe("span 4");
  await cell(page, a).hover();
  const from = await middle(handle(page, a, "corner"));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 380, from.y + 90, { steps: 5 });
  await expect(page.locator(".ghost")).toHaveText(/^8 of 12 columns, \d+ rows$/);
  expect(await width(page, a)).toBe("span 4");
  await page.mouse.up();
  for (const one of [page, other]) await expect.poll(() => width(one, a)).toBe("span 8");
  await expect(cell(other, a)).toHaveClass(/sized/);
  await page.getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect.poll(() => width(one, a)).toBe("span 4");
  await expect(cell(other, a)).not.toHaveClass(/sized/);
});

test("Esc leaves an edge as it was, a double click gives the default", async ({ page, agnez }) => {
  const [a] = (await fill(agnez)) as [string];
  await agnez.patch(a, { layout: { section: "one", width: 6, height: 40 } });
  await openBoard(page);
  expect(await width(page, a)).toBe("span 6");
  await cell(page, a).hover();
  const from = await middle(handle(page, a, "right"));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 300, from.y, { steps: 3 });
  await expect(page.locator(".ghost")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(".ghost")).toHaveCount(0);
  await page.mouse.up();
  await cell(page, a).hover();
  expect(await width(page, a)).toBe("span 6");
  await handle(page, a, "corner").dblclick();
  await expect.poll(() => width(page, a)).toBe("span 4");
  await expect(cell(page, a)).not.toHaveClass(/sized/);
});

test("a cell is carried into another section: nothing moves before release", async ({ page, open, agnez }) => {
  const [a, b, c, d, e] = (await fill(agnez)) as [string, string, string, string, string];
  await openBoard(page);
  const other = await open();
  await openBoard(other);
  const from = await middle(title(cell(page, b)));
  const to = (await cell(page, e).boundingBox())!;
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x + 20, to.y + 30, { steps: 8 });
  await expect(page.locator(".carried p")).toHaveText("to two, place 2 of 3");
  await expect(page.locator(".landing-mark")).toBeVisible();
  expect(await inSection(page, "one")).toEqual([a, b, c]);
  await page.mouse.up();
  for (const one of [page, other]) {
    await expect.poll(() => inSection(one, "one")).toEqual([a, c]);
    await expect.poll(() => inSection(one, "two")).toEqual([d, b, e]);
  }
  await page.getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect.poll(() => inSection(one, "one")).toEqual([a, b, c]);
  await page.reload();
  expect(await inSection(page, "one")).toEqual([a, b, c]);
});

test("Esc and a click on the title move nothing", async ({ page, agnez }) => {
  const [a, b, c, , e] = (await fill(agnez)) as [string, string, string, string, string];
  await openBoard(page);
  const from = await middle(title(cell(page, a)));
  const to = await middle(cell(page, e));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 5 });
  await expect(page.locator(".carried")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(".carried")).toHaveCount(0);
  await page.mouse.up();
  expect(await inSection(page, "one")).toEqual([a, b, c]);
  await title(cell(page, a)).locator("h2").click();
  await expect(page.getByRole("textbox", { name: "Name" })).toBeFocused();
});

test("keys move and resize, and say what has become of the cell", async ({ page, agnez }) => {
  const [a, b, c, d, e] = (await fill(agnez)) as [string, string, string, string, string];
  await openBoard(page);
  await cell(page, c).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(() => inSection(page, "two")).toEqual([c, d, e]);
  await expect(page.locator("main > .spoken")).toHaveText(/^c, place 1 of 3 in two$/);
  await expect(cell(page, c)).toBeFocused();
  await page.keyboard.press("Alt+ArrowLeft");
  await expect.poll(() => inSection(page, "one")).toEqual([a, b, c]);
  await page.keyboard.press("Alt+Shift+ArrowRight");
  await expect.poll(() => width(page, c)).toBe("span 6");
  await expect(page.locator("main > .spoken")).toHaveText(/^c, 6 of 12 columns, place 3 of 3 in one$/);
  await page.keyboard.press("Alt+Shift+ArrowDown");
  await expect(page.locator("main > .spoken")).toHaveText(/^c, 6 of 12 columns, \d+ rows, place 3 of 3 in one$/);
});

test("menus give sizes to a cell and to a section", async ({ page, agnez }) => {
  const [a, b, , d] = (await fill(agnez)) as [string, string, string, string, string];
  await openBoard(page);
  await cell(page, a).getByRole("button", { name: "Menu of a" }).click();
  await page.getByRole("menuitemradio", { name: "L", exact: true }).click();
  await expect.poll(() => width(page, a)).toBe("span 6");
  await page.getByRole("button", { name: "Menu of the section one" }).click();
  await page.getByRole("menuitemradio", { name: "S", exact: true }).click();
  for (const id of [a, b]) await expect.poll(() => width(page, id)).toBe("span 2");
  expect(await width(page, d)).toBe("span 4");
  await openMenu(cell(page, b), "Rename");
});

test("the density holds for cells without a width", async ({ page, open, agnez }) => {
  const [a, b] = (await fill(agnez)) as [string, string];
  await agnez.patch(a, { layout: { section: "one", width: 8 } });
  await openBoard(page);
  const other = await open();
  await openBoard(other);
  await page.getByRole("button", { name: "Layout" }).click();
  await page.getByRole("group", { name: "Cells in a row" }).getByRole("button", { name: "6" }).click();
  for (const one of [page, other]) await expect.poll(() => width(one, b)).toBe("span 2");
  expect(await width(page, a)).toBe("span 8");
});

test("a template is tried by one reader, and then used for everyone", async ({ page, open, agnez }) => {
  const [a, b, c] = (await fill(agnez)) as [string, string, string];
  await openBoard(page);
  const other = await open();
  await openBoard(other);
  const area = (of: Page, id: string): Promise<string> => cell(of, id).evaluate((one) => getComputedStyle(one).gridArea);
  const before = await area(other, a);
  await page.getByRole("button", { name: "Layout" }).click();
  await page.getByRole("radio", { name: /two-and-one/ }).check({ force: true });
  await expect.poll(() => area(page, a)).toBe("1 / 1 / span 1 / span 12");
  expect(await area(page, c)).toBe("2 / 7 / span 1 / span 6");
  await expect(cell(page, b).locator(".letter")).toHaveText("B");
  await expect(page.locator(".layout-panel pre")).toContainText('"two-and-one"');
  expect(await area(other, a)).toBe(before);
  await page.getByRole("button", { name: "As it was" }).click();
  await expect.poll(() => area(page, a)).toBe(before);
  await page.getByRole("radio", { name: /two-and-one/ }).check({ force: true });
  await page.getByRole("button", { name: "Use for everyone" }).click();
  await expect.poll(() => area(other, a)).toBe("1 / 1 / span 1 / span 12");
  await other.reload();
  expect(await area(other, a)).toBe("1 / 1 / span 1 / span 12");
  await page.keyboard.press("Escape");
  await expect(page.locator(".layout-panel")).toHaveCount(0);
});

test("a finger carries a cell after a long press, and scrolls before it", async ({ browser, agnez }) => {
  const [a, b, c, d, e] = (await fill(agnez)) as [string, string, string, string, string];
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL: agnez.url });
  const page = await context.newPage();
  await openBoard(page);
  const touch = await context.newCDPSession(page);
  const at = async (type: "touchStart" | "touchMove" | "touchEnd", point?: { x: number; y: number }): Promise<void> => {
    await touch.send("Input.dispatchTouchEvent", { type, touchPoints: point ? [point] : [] });
  };
  const from = await middle(title(cell(page, a)));
  const to = (await cell(page, c).boundingBox())!;
  await at("touchStart", from);
  await expect(page.locator(".carried")).toBeVisible();
  await at("touchMove", { x: from.x, y: from.y + 60 });
  await at("touchMove", { x: from.x, y: to.y + to.height - 8 });
  await expect(page.locator(".carried p")).toHaveText("to one, place 3 of 3");
  await at("touchEnd");
  await expect.poll(() => inSection(page, "one")).toEqual([b, c, a]);
  expect(await inSection(page, "two")).toEqual([d, e]);
  await expect(handle(page, a, "right")).toBeHidden();
  await context.close();
});
