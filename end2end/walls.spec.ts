// Boards of many cells: what is far from the window costs little, and can be found, reached and drawn all the same.
import type { CDPSession, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { append, drawn, ramp, rested } from "./support/line.ts";
import { cell, openBoard, stage, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const CELLS = 120;

/** Line charts with so many points each, in the order of the board. */
async function charts(agnez: Agnez, count: number, points: number): Promise<string[]> {
  const made: { _id: string }[] = await agnez.create(Array.from({ length: count }, (_, at) => ({ name: `wall ${at}`, type: "line", pos: at })));
  const loss = ramp(0, points);
  await Promise.all(made.map(({ _id }) => append(agnez, _id, { loss })));
  return made.map(({ _id }) => _id);
}

/** Scrolls down by half a window so many times, with a frame for each. */
function scrollDown(page: Page, times: number): Promise<void> {
  return page.evaluate(async (times) => {
    for (let at = 0; at < times; at++) {
      scrollBy(0, innerHeight / 2);
      await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
    }
  }, times);
}

/** How many elements each recalculation of styles took while something was done. */
async function restyled(session: CDPSession, act: () => Promise<void>): Promise<number[]> {
  const counts: number[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    for (const event of value as { name?: string; args?: { elementCount?: number } }[]) {
      if (event.name === "UpdateLayoutTree" && event.args?.elementCount !== undefined) counts.push(event.args.elementCount);
    }
  });
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["devtools.timeline"], excludedCategories: ["*"] } });
  await act();
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.end");
  await complete;
  return counts;
}

test("cells far from the window have no boxes, canvases or new styles, and are found, reached and drawn", async ({ page, agnez, browser }) => {
  test.setTimeout(120_000);
  const ids = await charts(agnez, CELLS, 2);
  const [first, middle, last] = [ids[0]!, ids[90]!, ids[CELLS - 1]!];
  await openBoard(page);
  await drawn(page, first, 2);
  await rested(page);
  const hasBoxes = (id: string) => stage(cell(page, id)).evaluate((stage) => stage.checkVisibility({ contentVisibilityAuto: true }));
  expect([await hasBoxes(first), await hasBoxes(middle), await hasBoxes(last)]).toEqual([true, false, false]);

  const session = await browser.newBrowserCDPSession();
  const counts = await restyled(session, () => scrollDown(page, 16));
  expect(counts.length).toBeGreaterThan(16);
  expect(Math.max(...counts), "elements whose styles are calculated at once").toBeLessThan(400);
  // 8 that are kept, and those in sight or near it.
  await expect.poll(() => page.locator("canvas").count()).toBeLessThan(8 + 14);
  await expect(cell(page, first).locator(".plot, .legend")).toHaveCount(0);

  // Found in the page, as the browser's own search does.
  expect(await page.evaluate(() => Reflect.apply(Reflect.get(window, "find"), window, ["wall 90"]))).toBe(true);
  await expect(title(cell(page, middle))).toBeInViewport();
  await drawn(page, middle, 2);

  // Reached by key, and back where the canvas has been released.
  await page.locator("#board").focus();
  await page.keyboard.press("k");
  await expect(cell(page, last)).toBeFocused();
  await drawn(page, last, 2);
  await cell(page, first).scrollIntoViewIfNeeded();
  await drawn(page, first, 2);
  await expect(cell(page, first).locator(".legend")).toBeVisible();
});

test("a chart that is released keeps its zoom, and one with the focus is not released", async ({ page, agnez }) => {
  test.setTimeout(120_000);
  const [zoomed, focused] = (await charts(agnez, 50, 100)) as [string, string];
  await openBoard(page);
  await drawn(page, zoomed, 100);
  await drawn(page, focused, 100);
  await cell(page, zoomed).focus();
  await page.keyboard.press("+");
  await expect(cell(page, zoomed).locator(".plot")).toHaveAttribute("data-view", "zoomed");
  const [from, to] = await Promise.all(["data-from", "data-to"].map((name) => cell(page, zoomed).locator("canvas").getAttribute(name)));
  const entry = cell(page, focused).locator(".series");
  await entry.focus();
  await scrollDown(page, 14);
  await expect(cell(page, zoomed).locator(".plot")).toHaveCount(0);
  await expect(entry).toBeFocused();
  await cell(page, zoomed).scrollIntoViewIfNeeded();
  await expect(cell(page, zoomed).locator("canvas")).toHaveAttribute("data-from", from!);
  await expect(cell(page, zoomed).locator("canvas")).toHaveAttribute("data-to", to!);
});
