// Line charts in the words of the tests: made and fed over REST, looked at by their pixels, moved by a pointer.
import { expect, type Locator, type Page } from "@playwright/test";

import type { Agnez } from "./agnez.mjs";
import { cell } from "./page.ts";

export type Points = (readonly [number, number | string])[];

export async function line(agnez: Agnez, name: string, series: Record<string, Points>, keys: object = {}): Promise<string> {
  const { _id } = await agnez.create({ name, type: "line", ...keys });
  await append(agnez, _id, series);
  return _id;
}

export async function append(agnez: Agnez, id: string, series: Record<string, Points>): Promise<void> {
  const answer = await agnez.call("POST", `/values/${id}/points`, series);
  expect(answer.status, answer.text).toBe(201);
}

export function ramp(from: number, to: number, y: (x: number) => number = (x) => Math.sin(x / 20)): Points {
  return Array.from({ length: to - from }, (_, at) => [from + at, y(from + at)] as const);
}

export function canvas(page: Page, id: string): Locator {
  return cell(page, id).locator("canvas");
}

/** Waits until the canvas shows so many points. */
export async function drawn(page: Page, id: string, points: number): Promise<void> {
  await expect(canvas(page, id)).toHaveAttribute("data-points", String(points));
}

export async function seen(page: Page, id: string): Promise<[number, number]> {
  const chart = canvas(page, id);
  return [Number(await chart.getAttribute("data-from")), Number(await chart.getAttribute("data-to"))];
}

/** How many pixels of the canvas have this colour, or nearly: lines are thin, and soft at their edges. */
export function pixels(page: Page, id: string, [red, green, blue]: [number, number, number]): Promise<number> {
  return canvas(page, id).evaluate(
    (canvas: HTMLCanvasElement, [red, green, blue]) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (Math.abs(data[at]! - red) + Math.abs(data[at + 1]! - green) + Math.abs(data[at + 2]! - blue) < 40 && data[at + 3]! > 128) count++;
      return count;
    },
    [red, green, blue] as const,
  );
}

/** The colour of a series, as its button in the legend has it. */
export async function colour(page: Page, id: string, series: string): Promise<[number, number, number]> {
  const style = await cell(page, id).locator(".legend").getByRole("button", { name: series, exact: true }).getAttribute("style");
  const digits = /#([0-9a-f]{6})/.exec(style ?? "")![1]!;
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as [number, number, number];
}

export async function dragAcross(page: Page, id: string, from: number, to: number, key?: "Shift"): Promise<void> {
  const box = (await canvas(page, id).boundingBox())!;
  const y = box.y + box.height / 2;
  if (key) await page.keyboard.down(key);
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
  if (key) await page.keyboard.up(key);
}

/** Turns the wheel over what the pointer is at, with the key that zooms a chart. */
export async function zoomByWheel(page: Page, by: number): Promise<void> {
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, by);
  await page.keyboard.up("Control");
}

/** The wheel goes on with what it began with until it has rested. */
export const rested = (page: Page): Promise<void> => page.waitForTimeout(400);

/** The place in the window at which a chart shows this x, and a share of its plot from the top. */
export async function place(page: Page, id: string, x: number, down: number): Promise<[number, number]> {
  const svg = await (await page.request.get(`/values/${id}.svg?legend=0&width=640&height=240`)).text();
  // Both have the same layout: the room for labels on the left does not depend on the width.
  const left = Number(/translate\(([\d.]+) 0\)/.exec(svg)![1]);
  const box = (await canvas(page, id).boundingBox())!;
  const [from, to] = await seen(page, id);
  return [box.x + left + ((x - from) / (to - from)) * (box.width - left - 10), box.y + 8 + down * (box.height - 30)];
}
