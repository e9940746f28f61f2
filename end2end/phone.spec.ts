// A phone: one column, nothing to scroll sideways, everything readable and large enough for a finger.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { BLUE, gif } from "./support/gif.ts";
import { cell, cells, figure, notes, openBoard, openMenu, picture, stage } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test.use({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });

test("the board fits", async ({ page, agnez }) => {
  writeFileSync(join(agnez.images, "wide.gif"), gif([BLUE], 2000));
  const wide = "https://example.org/a/very/long/address/without/any/place/to/break/it/in/two/".repeat(3);
  const made: { _id: string }[] = await agnez.create([
    { name: "a figure", type: "html", value: '<div style="width:900px;height:200px">wider than a phone</div>', pos: 0, description: wide },
    { name: wide, type: "img", value: "./images/wide.gif", pos: 1 },
    { name: "text", type: "log", value: `${"x".repeat(500)}\nsecond line`, pos: 2, description: "a note" },
    { name: "empty", type: "img", value: [], pos: 3 },
  ]);
  await openBoard(page);
  await expect(cells(page)).toHaveCount(4);
  await expect(picture(cell(page, made[1]!._id))).toBeVisible();
  await expect(figure(cell(page, made[0]!._id)).getByText("wider than a phone")).toBeVisible();
  await fits(page);

  const boxes = await cells(page).evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right, top }) => ({ left, right, top })));
  for (const [index, box] of boxes.entries()) {
    expect(box.left).toBe(boxes[0]!.left);
    expect(box.right - box.left, "a cell uses the width").toBeGreaterThan(300);
    if (index > 0) expect(box.top, "one column").toBeGreaterThan(boxes[index - 1]!.top);
  }
  const sizes = await cells(page).locator(".chart-title, .chart-notes, .chart-stage pre").evaluateAll((parts) => parts.map((part) => parseFloat(getComputedStyle(part).fontSize)));
  for (const size of sizes) expect(size, "readable").toBeGreaterThanOrEqual(12);
  await expect(stage(cell(page, made[2]!._id))).toContainText("second line");
});

test("everything can be touched", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "loss", type: "text", value: "1", pos: 0 });
  await agnez.create({ name: "accuracy", type: "text", value: "2", pos: 1 });
  await openBoard(page);
  const buttons = page.getByRole("button").filter({ visible: true });
  for (const button of await buttons.all()) {
    const box = await button.boundingBox();
    const name = (await button.getAttribute("aria-label")) ?? (await button.textContent());
    expect.soft(Math.min(box?.width ?? 0, box?.height ?? 0), `'${name}' is large enough for a finger`).toBeGreaterThanOrEqual(32);
  }
  const here = cell(page, _id);
  await openMenu(here, "Edit note");
  await notes(here).getByRole("textbox").fill("by finger");
  await notes(here).getByRole("textbox").blur();
  await expect(notes(here)).toContainText("by finger");
  await expect.poll(async () => (await agnez.value(_id)).description).toBe("by finger");
  await openMenu(here, "Move later");
  await expect(cells(page).last()).toHaveAttribute("data-id", _id);
  await fits(page);
});

test("the empty board fits", async ({ page }) => {
  await openBoard(page);
  await fits(page);
});

async function fits(page: import("@playwright/test").Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing to scroll sideways").toBeLessThanOrEqual(360);
}
