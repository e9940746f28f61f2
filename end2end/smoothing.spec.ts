// Smoothed lines: the value at a step is that of the series, at any zoom, live or asked for, in the tooltip as in the answers.
import type { Agnez } from "./support/agnez.mjs";
import { append, drawn, line, ramp, seen } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import type { Page } from "@playwright/test";

const noise = (x: number) => 3 - x / 4000 + ((x * 7919) % 101) / 100;

/** What the tooltip says of the smoothed line at the newest place, once a key has read it. */
async function newest(page: Page, id: string): Promise<number> {
  await page.keyboard.press("Escape");
  await cell(page, id).focus();
  await page.keyboard.press(",");
  const tip = page.locator("#tooltip");
  await expect(tip).toContainText("smoothed");
  return Number(/smoothed (-?[\d.e-]+)/.exec((await tip.textContent())!)![1]);
}

/** The average after all points, as six digits tell it. */
async function expected(agnez: Agnez, id: string, smooth: number, query = ""): Promise<number> {
  const { json } = await agnez.call("GET", `/values/${id}/columns?smooth=${smooth}${query}`);
  return Number(json.cells[id].series[0].smoothed.last.value.toPrecision(6));
}

test("the smoothed value at a step is the same at every zoom and while points arrive", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 6000, noise) }, { chart: { smooth: 0.99 } });
  const wanted = await expected(agnez, id, 0.99);
  for (const [from, to] of [[5950, 5999], [5900, 5999]]) {
    await openBoard(page, `/?zoom=${id}:${from}:${to}`);
    await expect.poll(() => seen(page, id)).toEqual([from, to]);
    await drawn(page, id, 6000);
    expect(await newest(page, id), `zoomed to ${from}`).toBe(wanted);
  }

  // What comes is smoothed by the page.
  await openBoard(page, `/?zoom=${id}:5950:6000:follow`);
  await drawn(page, id, 6000);
  await newest(page, id);
  for (let at = 6000; at < 6200; at += 20) await append(agnez, id, { train: ramp(at, at + 20, noise) });
  await drawn(page, id, 6200);
  expect(await newest(page, id)).toBe(await expected(agnez, id, 0.99));
});

test("a line that is seen whole goes on as it was answered, and begins again where steps do", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 80, noise) }, { chart: { smooth: 0.99 } });
  await openBoard(page);
  await drawn(page, id, 80);
  expect(await newest(page, id)).toBe(await expected(agnez, id, 0.99));
  for (let at = 80; at < 120; at += 8) await append(agnez, id, { train: ramp(at, at + 8, noise) });
  await drawn(page, id, 120);
  expect(await newest(page, id)).toBe(await expected(agnez, id, 0.99));
  await append(agnez, id, { train: [[100, 9], [101, "NaN"]] });
  await drawn(page, id, 122);
  await append(agnez, id, { train: [[130, 5]] });
  await drawn(page, id, 123);
  const again = await newest(page, id);
  expect(again).toBe(await expected(agnez, id, 0.99));
  expect(again, "of 9 and 5 alone").toBeCloseTo(7, 1);
});

test("another weight is another line of the same series", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, noise) }, { chart: { smooth: 0.5 } });
  await openBoard(page);
  await drawn(page, id, 100);
  expect(await newest(page, id)).toBe(await expected(agnez, id, 0.5));
  for (const smooth of [0.9, 0.999]) {
    await agnez.call("PATCH", `/values/${id}`, { chart: { smooth } });
    const wanted = await expected(agnez, id, smooth);
    await expect.poll(() => newest(page, id), `weight ${smooth}`).toBe(wanted);
  }
});

test("a constant stays on its axis, smoothed", async ({ page, agnez }) => {
  const id = await line(agnez, "lr", { lr: ramp(0, 3000, () => 0.1) }, { chart: { smooth: 0.9 } });
  await openBoard(page);
  await drawn(page, id, 3000);
  expect(await newest(page, id)).toBe(0.1);
});
