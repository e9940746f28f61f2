// A board while the filter shows its cells side by side, without the heads of their sections.
import type { Locator, Page } from "@playwright/test";

import { line, ramp } from "./support/line.ts";
import { cell, openBoard, openMenu } from "./support/page.ts";
import { log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const filter = (page: Page): Locator => page.getByRole("searchbox", { name: "Filter cells by name" });
const toast = (page: Page, text: string): Locator => page.locator(".toast").filter({ hasText: text });

test("keys and the menu move cells within their section only", async ({ page, agnez }) => {
  const cells = await log(agnez, "b", "first", [{ step: 0, "l0/norm_a": 1, "l0/act": 1, "l0/norm_b": 1, "l1/norm": 2, "l1/act": 2 }]);
  const id = cells["l0/norm_a"]!;
  const order = async (): Promise<string[]> => {
    const layout = (await agnez.call("GET", "/boards/b/layout")).json as { cells: Record<string, { section?: string }> };
    const names = Object.fromEntries(Object.entries(cells).map(([name, of]) => [of, name]));
    return Object.entries(layout.cells).map(([of, { section }]) => `${section} ${names[of]}`);
  };
  await openBoard(page, "/b/b");
  const before = await order();
  await filter(page).fill("norm");
  await expect(cell(page, cells["l0/act"]!)).toBeHidden();
  // Behind the next one that is in sight.
  await cell(page, id).focus();
  await page.keyboard.press("Alt+ArrowRight");
  const after = before.filter((name) => name !== "l0 l0/norm_a");
  after.splice(after.indexOf("l0 l0/norm_b") + 1, 0, "l0 l0/norm_a");
  await expect.poll(order).toEqual(after);
  // And no further.
  await cell(page, id).focus();
  await page.keyboard.press("Alt+ArrowRight");
  const refusal = toast(page, "Clear the filter to move cells into another section.");
  await expect(refusal).toBeVisible();
  await refusal.getByRole("button").click();
  await openMenu(cell(page, id), "Move later");
  await expect(refusal).toBeVisible();
  expect(await order()).toEqual(after);
  await filter(page).fill("");
  await cell(page, id).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(order).toContain("l1 l0/norm_a");
});

test("a name can be selected, and the button of charts says why it opens nothing", async ({ page, agnez }) => {
  const ids = await log(agnez, "b", "first", [{ step: 0, "l0/norm": 1, "l1/norm": 2 }]);
  await agnez.create({ board: "b", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  await filter(page).fill("norm");
  const title = (await cell(page, ids["l1/norm"]!).getByRole("heading").boundingBox())!;
  await page.mouse.move(title.x + 2, title.y + title.height / 2);
  await page.mouse.down();
  await page.mouse.move(title.x + title.width - 2, title.y + title.height / 2, { steps: 4 });
  await page.mouse.up();
  expect(await page.evaluate(() => String(getSelection()))).toContain("1/nor");
  await expect(page.locator(".toast")).toHaveCount(0);

  await filter(page).fill("remarks");
  await expect(cell(page, ids["l1/norm"]!)).toBeHidden();
  await page.getByRole("button", { name: "All charts", exact: true }).click();
  await expect(toast(page, "The filter shows no line charts.")).toBeVisible();
});

test("the first row keeps its distance to the header", async ({ page, agnez }) => {
  await log(agnez, "b", "first", [{ step: 0, "l0/norm": 1, "l1/norm": 2 }]);
  await openBoard(page, "/b/b");
  await filter(page).fill("norm");
  await expect(page.locator(".section-head:visible")).toHaveCount(0);
  const [head, first] = [await page.locator(".page-header").boundingBox(), await page.locator("article:visible").first().boundingBox()];
  expect(first!.y - head!.y - head!.height).toBeGreaterThanOrEqual(8);
});

test("on a phone the name of the board has a row of its own below an open filter", async ({ open, agnez }) => {
  await line(agnez, "loss", { train: ramp(0, 10) });
  const page = await open(PHONE);
  await openBoard(page, "/b/main?filter=loss");
  const [field, name] = [(await filter(page).boundingBox())!, (await page.getByRole("heading", { level: 1 }).boundingBox())!];
  expect(name.y).toBeGreaterThanOrEqual(field.y + field.height);
  expect(name.x).toBeLessThan(30);
});
