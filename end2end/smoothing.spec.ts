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
  const tip = page.locator("#tip");
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
  await openBoard(page);
  await drawn(page, id, 6000);
  const whole = await newest(page, id);
  expect(whole).toBe(await expected(agnez, id, 0.99));
  for (const [from, to] of [[5950, 5999], [3000, 5999]]) {
    await page.goto(`/?view=${id}:${from}:${to}`);
    await expect.poll(() => seen(page, id)).toEqual([from, to]);
    await drawn(page, id, 6000);
    expect(await newest(page, id), `zoomed to ${from}`).toBe(whole);
  }

  // What comes is smoothed by the page: at the whole zoom, and in a window that follows.
  for (const [address, from] of [["/", 6000], [`/?view=${id}:5000:6100:follow`, 6200]] as const) {
    await page.goto(address);
    await drawn(page, id, from);
    await newest(page, id);
    for (let at = from; at < from + 200; at += 20) await append(agnez, id, { train: ramp(at, at + 20, noise) });
    await drawn(page, id, from + 200);
    expect(await newest(page, id), address).toBe(await expected(agnez, id, 0.99));
  }

  // A segment begins where steps go back.
  await append(agnez, id, { train: [[5000, 9], [5001, "NaN"]] });
  await drawn(page, id, 6402);
  await append(agnez, id, { train: [[6500, 5]] });
  await drawn(page, id, 6403);
  const again = await newest(page, id);
  expect(again).toBe(await expected(agnez, id, 0.99));
  expect(again, "of 9 and 5 alone").toBeCloseTo(7, 1);
});

test("another weight is another line of the same series", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 3000, noise) }, { chart: { smooth: 0.5 } });
  await openBoard(page);
  await drawn(page, id, 3000);
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
