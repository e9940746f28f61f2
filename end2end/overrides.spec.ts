// Axes and smoothing are the reader's own first: in the address, for a chart, a section or the board; then for everyone.
import type { Locator, Page } from "@playwright/test";

import { drawn, line, ramp } from "./support/line.ts";
import { cell, live, openBoard } from "./support/page.ts";
import { log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const charts = (page: Page): string => new URL(page.url()).searchParams.get("charts") ?? "";
const toast = (page: Page, text: string | RegExp): Locator => page.locator(".toast").filter({ hasText: text });
const panel = (page: Page): Locator => page.locator("#chart-panel");

async function openPanel(page: Page, id: string): Promise<void> {
  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await expect(panel(page).getByLabel("y axis")).toBeVisible();
}

/** Four decades. */
const decades = (x: number): number => 10 ** (x / 25);

test("a reader's own axes stay his, go with his link, and are stored for everyone by a button", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, decades) });
  const other = await open();
  for (const each of [page, other]) {
    await openBoard(each);
    await drawn(each, id, 100);
  }
  await openPanel(page, id);
  await panel(page).getByLabel("y axis").selectOption("log");
  await panel(page).getByLabel("Weight").fill("0.9");
  await panel(page).getByLabel("Weight").press("Enter");
  await expect.poll(() => charts(page)).toBe(`${id}:y:log:smooth:0.9`);
  await expect(panel(page).getByText("Only you see this.")).toBeVisible();
  const svg = await panel(page).locator("#chart-svg").getAttribute("href");
  expect(svg, "the file is what is seen").toContain("&y=log&smooth=0.9");
  const file = await (await fetch(new URL(svg!, agnez.url))).text();
  for (const label of ["1", "10", "100", "1000"]) expect(file).toContain(`>${label}</text>`);
  expect((await agnez.value(id)).chart, "nothing is stored").toBeUndefined();

  // His link shows it, from the first paint on.
  const guest = await open();
  const document = await (await fetch(page.url())).text();
  expect(document).toMatch(/>1000<\/text>/);
  await guest.goto(page.url());
  await live(guest);
  await openPanel(guest, id);
  await expect(panel(guest).getByLabel("Weight")).toHaveValue("0.9");
  await openPanel(other, id);
  await expect(panel(other).getByLabel("Weight")).toHaveValue("0");
  await expect(panel(other).getByText("Only you see this.")).toBeHidden();

  await panel(page).getByRole("button", { name: "Set for everyone" }).click();
  await expect(panel(other).getByLabel("Weight")).toHaveValue("0.9");
  await expect(panel(other).getByLabel("y axis")).toHaveValue("log");
  await expect(panel(page).getByText("Only you see this.")).toBeHidden();
  await expect.poll(() => charts(page), { message: "the address needs it no more" }).toBe("");
  expect((await agnez.value(id)).chart).toEqual({ y: "log", smooth: 0.9 });
  await page.keyboard.press("Escape");
  await toast(page, "Changed the settings of ‘loss’ for everyone.").getByRole("button", { name: "Undo" }).click();
  await expect(panel(other).getByLabel("Weight")).toHaveValue("0");
});

test("a key changes the scale for the reader, and the way back does too", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, decades) });
  await openBoard(page);
  await drawn(page, id, 100);
  await cell(page, id).focus();
  await page.keyboard.press("l");
  await expect(toast(page, "The y axis of ‘loss’ is logarithmic for you.")).toBeVisible();
  await page.keyboard.press("x");
  await expect.poll(() => charts(page)).toBe(`${id}:x_scale:log:y:log`);
  await page.keyboard.press("l");
  await page.keyboard.press("x");
  await expect.poll(() => charts(page), { message: "as everyone has it" }).toBe("");
  await expect(toast(page, "for you.")).toHaveCount(0);
  expect((await agnez.value(id)).chart).toBeUndefined();
});

test("the charts of a section and of the board have the reader's smoothing, those that come later too", async ({ page, agnez }) => {
  const cells = await log(agnez, "b", "first", [0, 1, 2].map((step) => ({ step, loss: 3 - step, "layer/a": step, "layer/b": step })));
  await openBoard(page, "/b/b");
  await page.getByRole("button", { name: "Menu of the section layer" }).click();
  await page.getByRole("menuitem", { name: "Axes and smoothing" }).click();
  await panel(page).getByLabel("y axis").selectOption("log");
  await expect.poll(() => charts(page)).toBe("@layer:y:log");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "All charts", exact: true }).click();
  await panel(page).getByLabel("x axis").selectOption("relative");
  await expect.poll(() => charts(page)).toBe("*:x:relative,@layer:y:log");
  await panel(page).getByLabel("y axis").selectOption("linear");
  await expect.poll(() => charts(page), { message: "the wider choice is the later one" }).toBe("*:x:relative");
  await page.keyboard.press("Escape");
  const later = (await log(agnez, "b", "first", [{ step: 3, "layer/c": 1 }]))["layer/c"]!;
  await openPanel(page, later);
  await expect(panel(page).getByLabel("x axis")).toHaveValue("relative");
  await panel(page).getByRole("button", { name: "Reset" }).click();
  await expect(panel(page).getByLabel("x axis")).toHaveValue("step");
  await expect.poll(() => charts(page)).toBe(`*:x:relative,${later}:x:step`);
  await page.keyboard.press("Escape");

  // A view has it, and so has a reload.
  await page.reload();
  await live(page);
  await openPanel(page, cells.loss!);
  await expect(panel(page).getByLabel("x axis")).toHaveValue("relative");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "All charts", exact: true }).click();
  await panel(page).getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(() => charts(page)).toBe("");
  const stored = async (id: string) => ((await agnez.value(id)).chart ?? {}).x ?? "step";
  await expect.poll(() => Promise.all([cells.loss!, cells["layer/a"]!, later].map(stored))).toEqual(["relative", "relative", "step"]);
});

