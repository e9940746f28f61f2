// Line charts: the window a person looks through, by wheel, keys, drag and address.
import { append, canvas, dragAcross, drawn, line, place, ramp, rested, seen, zoomByWheel } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test("a chart that is zoomed grows without moving, and follows when asked", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 1000) });
  await openBoard(page);
  await drawn(page, id, 1000);
  await dragAcross(page, id, 0.3, 0.6);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(100);
  const before = await seen(page, id);
  expect(before[1] - before[0]).toBeLessThan(500);

  await append(agnez, id, { train: ramp(1000, 1200) });
  await drawn(page, id, 1200);
  expect(await seen(page, id), "the window stays").toEqual(before);

  await cell(page, id).getByRole("button", { name: "Follow" }).click();
  await expect.poll(async () => (await seen(page, id))[1]).toBeGreaterThan(1199);
  await append(agnez, id, { train: ramp(1200, 1400) });
  await expect.poll(async () => (await seen(page, id))[1], { message: "the newest point is in view" }).toBeGreaterThan(1399);
  const after = await seen(page, id);
  expect(after[1] - after[0], "as wide as before").toBeCloseTo(before[1] - before[0], 3);

  await canvas(page, id).dblclick();
  await expect.poll(() => seen(page, id)).toEqual([0, 1399]);
});

test("wheel, keys and Shift-drag change the window, and the address keeps it", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 1001) });
  await openBoard(page);
  await drawn(page, id, 1001);
  await canvas(page, id).hover();
  await rested(page);
  await zoomByWheel(page, -200);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0);
  const zoomed = await seen(page, id);
  await dragAcross(page, id, 0.5, 0.3, "Shift");
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(zoomed[0]);
  const panned = await seen(page, id);
  expect(panned[1] - panned[0]).toBeCloseTo(zoomed[1] - zoomed[0], 6);

  await expect(page).toHaveURL(new RegExp(`zoom=${id}:`));
  await page.waitForTimeout(500);
  const other = await open();
  await openBoard(other, new URL(page.url()).pathname + new URL(page.url()).search);
  await drawn(other, id, 1001);
  await expect.poll(async () => (await seen(other, id))[0], { message: "the link shows what its sender saw" }).toBeCloseTo((await seen(page, id))[0], 6);

  await cell(page, id).focus();
  await page.keyboard.press("0");
  await expect.poll(() => seen(page, id)).toEqual([0, 1000]);
  await expect(page).not.toHaveURL(/zoom=/);
});

test("the wheel scrolls the page over a chart in passing, and zooms one that was clicked", async ({ page, agnez }) => {
  const ids = [];
  for (let at = 0; at < 12; at++) ids.push(await line(agnez, `chart ${at}`, { train: ramp(0, 1000) }));
  const id = ids[0]!;
  await openBoard(page);
  await drawn(page, id, 1000);
  const scrolled = () => page.evaluate(() => scrollY);
  await page.mouse.move(...(await place(page, id, 500, 0.5)));
  await page.mouse.wheel(0, 200);
  await expect.poll(scrolled).toBe(200);
  expect(await seen(page, id)).toEqual([0, 999]);
  await page.mouse.wheel(0, -100);
  await expect.poll(scrolled, { message: "what began with the page goes on with it" }).toBe(100);
  expect(await seen(page, id)).toEqual([0, 999]);
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.move(...(await place(page, id, 500, 0.5)));
  await rested(page);
  await zoomByWheel(page, -300);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0);
  await zoomByWheel(page, 900);
  await expect.poll(() => seen(page, id)).toEqual([0, 999]);
  await zoomByWheel(page, 300);
  expect(await scrolled(), "the key never scrolls").toBe(0);
  // Clicked, it has the focus.
  await page.mouse.down();
  await page.mouse.up();
  await rested(page);
  await page.mouse.wheel(0, -300);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0);
  await page.mouse.wheel(0, 600);
  await expect.poll(() => seen(page, id), { message: "the same turn zooms out again" }).toEqual([0, 999]);
  expect(await scrolled()).toBe(0);
});

test("Back undoes a zoom", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 1001) });
  await openBoard(page);
  await drawn(page, id, 1001);
  const steps = () => page.evaluate(() => history.length);
  const before = await steps();
  await page.mouse.move(...(await place(page, id, 500, 0.5)));
  for (let turn = 0; turn < 4; turn++) await zoomByWheel(page, -100);
  await expect.poll(steps, { message: "one step for one turn of the wheel" }).toBe(before + 1);
  await expect(page).toHaveURL(/zoom=/);
  await page.waitForTimeout(1500);
  const zoomed = await seen(page, id);
  await cell(page, id).getByRole("button", { name: "Show all" }).click();
  await expect.poll(() => seen(page, id)).toEqual([0, 1000]);
  await expect.poll(steps).toBe(before + 2);
  await page.goBack();
  await expect.poll(() => seen(page, id)).toEqual(zoomed);
  await page.goBack();
  await expect.poll(() => seen(page, id)).toEqual([0, 1000]);
  await page.goForward();
  await expect.poll(() => seen(page, id)).toEqual(zoomed);
});

test("full screen and back", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, id, 100);
  await cell(page, id).focus();
  await page.keyboard.press("f");
  await expect.poll(async () => (await canvas(page, id).boundingBox())!.height).toBeGreaterThan(500);
  await expect(page).toHaveURL(new RegExp(`full=${id}`));
  // Its address leads there too: it has the focus, and the wheel zooms, since there is no page to scroll.
  await page.reload();
  await drawn(page, id, 100);
  await expect(cell(page, id)).toBeFocused();
  await canvas(page, id).hover();
  await page.mouse.wheel(0, -300);
  await expect(page).toHaveURL(/zoom=/);
  await page.keyboard.press("0");
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await canvas(page, id).boundingBox())!.height).toBe(240);
});
