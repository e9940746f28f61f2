// Fingers on a phone: two zoom a chart, one moves it, and everything that a mouse reaches can be reached.
import type { CDPSession, Page } from "@playwright/test";

import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });

async function chart(page: Page, agnez: import("./support/agnez.mjs").Agnez): Promise<string> {
  const { _id } = await agnez.create({ name: "loss", type: "line" });
  await agnez.call("POST", `/values/${_id}/points`, { train: Array.from({ length: 1001 }, (_, x) => [x, Math.sin(x / 50)]) });
  await openBoard(page);
  await expect(cell(page, _id).locator("canvas")).toHaveAttribute("data-points", "1001");
  return _id;
}

async function seen(page: Page, id: string): Promise<[number, number]> {
  const canvas = cell(page, id).locator("canvas");
  return [Number(await canvas.getAttribute("data-from")), Number(await canvas.getAttribute("data-to"))];
}

/** Moves fingers from and to places across the chart, 0 to 1, and lifts them. */
async function fingers(page: Page, cdp: CDPSession, id: string, from: number[], to: number[]): Promise<void> {
  const box = (await cell(page, id).locator("canvas").boundingBox())!;
  const points = (share: number) => from.map((start, at) => ({ id: at, x: box.x + box.width * (start + (to[at]! - start) * share), y: box.y + box.height / 2 }));
  await cdp.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points(0) });
  for (let step = 1; step <= 10; step++) await cdp.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: points(step / 10) });
  await cdp.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

test("two fingers zoom around their middle, one finger moves", async ({ page, agnez }) => {
  const id = await chart(page, agnez);
  const cdp = await page.context().newCDPSession(page);
  await fingers(page, cdp, id, [0.45, 0.65], [0.25, 0.85]);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(100);
  const zoomed = await seen(page, id);
  const width = zoomed[1] - zoomed[0];
  expect(width, "a third of it").toBeGreaterThan(250);
  expect(width).toBeLessThan(450);
  expect((zoomed[0] + zoomed[1]) / 2, "around the middle of the fingers").toBeGreaterThan(430);
  expect((zoomed[0] + zoomed[1]) / 2).toBeLessThan(620);

  await fingers(page, cdp, id, [0.7], [0.4]);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(zoomed[0] + 50);
  const moved = await seen(page, id);
  expect(moved[1] - moved[0]).toBeCloseTo(width, 6);

  await fingers(page, cdp, id, [0.2, 0.8], [0.4, 0.6]);
  await expect.poll(async () => (await seen(page, id))[1] - (await seen(page, id))[0]).toBeGreaterThan(width * 1.5);
  expect(await page.evaluate(() => window.visualViewport!.scale), "the page itself is not zoomed").toBe(1);
});

test("a tap reads values until the next one; full screen has a way out", async ({ page, agnez }) => {
  const id = await chart(page, agnez);
  const canvas = cell(page, id).locator("canvas");
  const box = (await canvas.boundingBox())!;
  await canvas.tap({ position: { x: box.width / 2, y: 100 } });
  const tip = page.locator("#tooltip");
  await expect(tip).toContainText(/^step (4[5-9]|5[0-5])\d/);
  await page.waitForTimeout(300);
  await expect(tip, "it stays").toBeVisible();
  await page.getByRole("heading", { name: "loss" }).tap();
  await expect(tip).toBeHidden();
  await page.keyboard.press("Escape");
  await fingers(page, await page.context().newCDPSession(page), id, [0.4, 0.6], [0.3, 0.7]);
  await page.waitForTimeout(100);
  await expect(tip, "two fingers are no tap").toBeHidden();

  await cell(page, id).getByRole("button", { name: "Chart" }).tap();
  await page.getByRole("button", { name: "Full screen" }).tap();
  await expect(cell(page, id)).toHaveClass(/\bfullscreen\b/);
  const ways = await Promise.all(["Chart", "Exit full screen"].map((name) => cell(page, id).getByRole("button", { name }).boundingBox()));
  expect(ways[0]!.x + ways[0]!.width, "the buttons stand beside each other").toBeLessThan(ways[1]!.x);
  await page.getByRole("button", { name: "Exit full screen" }).tap();
  await expect(cell(page, id)).not.toHaveClass(/\bfullscreen\b/);
  await expect(page.getByRole("button", { name: "Exit full screen" })).toHaveCount(0);
});

test("settings of all charts, help and the filter have a place", async ({ page, agnez }) => {
  await chart(page, agnez);
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing to scroll sideways").toBeLessThanOrEqual(390);
  const more = page.getByRole("button", { name: "More" });
  await more.tap();
  await page.getByRole("button", { name: "All charts" }).tap();
  const panel = page.getByRole("dialog", { name: "All charts" });
  await expect(panel).toBeVisible();
  await panel.getByLabel("x axis").selectOption("relative");
  await page.keyboard.press("Escape");
  await more.tap();
  await page.getByRole("button", { name: "Help" }).tap();
  await expect(page.locator("dialog")).toBeVisible();
  await page.getByRole("button", { name: "Close" }).tap();
  await page.getByRole("searchbox").fill("nothing has this name");
  await expect(page.locator("article:visible")).toHaveCount(0);
});
