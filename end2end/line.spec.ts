// Line charts: what a script sends grows on the canvas, what a person does with it is kept, and no point is made up or lost.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

type Points = (readonly [number, number | string])[];

async function line(agnez: Agnez, name: string, series: Record<string, Points>, keys: object = {}): Promise<string> {
  const { _id } = await agnez.create({ name, type: "line", ...keys });
  await append(agnez, _id, series);
  return _id;
}

async function append(agnez: Agnez, id: string, series: Record<string, Points>): Promise<void> {
  const answer = await agnez.call("POST", `/values/${id}/points`, series);
  expect(answer.status, answer.text).toBe(201);
}

function ramp(from: number, to: number, y: (x: number) => number = (x) => Math.sin(x / 20)): Points {
  return Array.from({ length: to - from }, (_, at) => [from + at, y(from + at)] as const);
}

function canvas(page: Page, id: string): Locator {
  return cell(page, id).locator("canvas");
}

/** Waits until the canvas shows so many points. */
async function drawn(page: Page, id: string, points: number): Promise<void> {
  await expect(canvas(page, id)).toHaveAttribute("data-points", String(points));
}

async function seen(page: Page, id: string): Promise<[number, number]> {
  const chart = canvas(page, id);
  return [Number(await chart.getAttribute("data-from")), Number(await chart.getAttribute("data-to"))];
}

/** How many pixels of the canvas have this colour, or nearly: lines are thin, and soft at their edges. */
function pixels(page: Page, id: string, [red, green, blue]: [number, number, number]): Promise<number> {
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
async function colour(page: Page, id: string, series: string): Promise<[number, number, number]> {
  const style = await cell(page, id).locator(".legend").getByRole("button", { name: series, exact: true }).getAttribute("style");
  const digits = /#([0-9a-f]{6})/.exec(style ?? "")![1]!;
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as [number, number, number];
}

async function dragAcross(page: Page, id: string, from: number, to: number, key?: "Shift"): Promise<void> {
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

/** The wheel goes on with what it began with until it has rested. */
const rested = (page: Page): Promise<void> => page.waitForTimeout(400);

/** The place in the window at which a chart shows this x, and a share of its plot from the top. */
async function place(page: Page, id: string, x: number, down: number): Promise<[number, number]> {
  const svg = await (await page.request.get(`/values/${id}.svg?legend=0&width=640&height=240`)).text();
  // Both have the same layout: the room for labels on the left does not depend on the width.
  const left = Number(/translate\(([\d.]+) 0\)/.exec(svg)![1]);
  const box = (await canvas(page, id).boundingBox())!;
  const [from, to] = await seen(page, id);
  return [box.x + left + ((x - from) / (to - from)) * (box.width - left - 10), box.y + 8 + down * (box.height - 30)];
}

test("a chart grows as points come, and takes new series", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, id, 100);
  await append(agnez, id, { train: ramp(100, 150) });
  await drawn(page, id, 150);
  await append(agnez, id, { val: [[10, 0.5]] });
  await drawn(page, id, 151);
  await expect(cell(page, id).locator(".legend").getByRole("button")).toHaveText(["train", "val"]);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /train .*val 0\.5.*151 points/);
  expect(await pixels(page, id, await colour(page, id, "train"))).toBeGreaterThan(50);
});

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
  await page.mouse.wheel(0, -200);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0);
  const zoomed = await seen(page, id);
  await dragAcross(page, id, 0.5, 0.3, "Shift");
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(zoomed[0]);
  const panned = await seen(page, id);
  expect(panned[1] - panned[0]).toBeCloseTo(zoomed[1] - zoomed[0], 6);

  await expect(page).toHaveURL(new RegExp(`view=${id}:`));
  await page.waitForTimeout(500);
  const other = await open();
  await openBoard(other, new URL(page.url()).pathname + new URL(page.url()).search);
  await drawn(other, id, 1001);
  await expect.poll(async () => (await seen(other, id))[0], { message: "the link shows what its sender saw" }).toBeCloseTo((await seen(page, id))[0], 6);

  await cell(page, id).focus();
  await page.keyboard.press("0");
  await expect.poll(() => seen(page, id)).toEqual([0, 1000]);
  await expect(page).not.toHaveURL(/view=/);
});

test("the crosshair stands on all charts, and the nearest value is bold", async ({ page, agnez }) => {
  const one = await line(agnez, "one", { high: ramp(0, 100, () => 9), low: ramp(0, 100, () => 1) });
  const two = await line(agnez, "two", { other: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, one, 200);
  await drawn(page, two, 100);
  const box = (await canvas(page, one).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.85);
  const tip = page.locator("#tip");
  await expect(tip).toBeVisible();
  await expect(tip.locator("span")).toHaveText([/^step \d+$/, "high", "low"]);
  await expect(tip.locator(".nearest")).toContainText("low");
  for (const id of [one, two]) await expect(cell(page, id).locator(".cross")).toBeVisible();
  await page.mouse.move(5, 5);
  await expect(tip).toBeHidden();
  await expect(cell(page, two).locator(".cross")).toBeHidden();
});

test("the heading is the place of the crosshair, and what stands elsewhere says so", async ({ page, agnez }) => {
  const series = { val: ramp(0, 60, () => 9).map(([at, y]) => [at * 10, y] as const), train: ramp(0, 600, (x) => x / 100) };
  const id = await line(agnez, "loss", series);
  const other = await line(agnez, "other", { other: ramp(0, 600) });
  await openBoard(page, `/?view=${id}:300:360,${other}:300:360`);
  for (const each of [id, other]) await expect.poll(() => seen(page, each)).toEqual([300, 360]);
  await drawn(page, id, 660);
  const tip = page.locator("#tip");
  await page.mouse.move(...(await place(page, id, 333.2, 0.7)));
  await expect(tip.locator("p").first()).toHaveText("step 333");
  await expect(tip.locator("p").nth(1)).toHaveText("val9 @330");
  await expect(tip.locator("p").nth(2)).toHaveText("train3.33");
  const cross = (chart: string) => cell(page, chart).locator(".cross").evaluate((line) => (line as HTMLElement).offsetLeft);
  expect(Math.abs((await cross(id)) - (await cross(other))), "the same place on both").toBeLessThanOrEqual(12);
  await page.mouse.move(...(await place(page, id, 340, 0.7)));
  await expect(tip).toHaveText(/^step 340val9train3.4$/);
});

test("relative and wall time are told to the pixel, the zone once", async ({ open, agnez }) => {
  const { _id: id } = await agnez.create({ name: "loss", type: "line", chart: { x: "wall" } });
  const at = (from: number) => Array.from({ length: 50 }, (_, step) => from + step / 4);
  const steps = at(0).map((_, step) => step);
  const start = 1_795_370_400;
  await append(agnez, id, { a: { x: steps, y: steps.map(() => 1), t: at(start) }, b: { x: steps, y: steps.map(() => 2), t: at(start + 0.1) } } as never);
  const page = await open({ timezoneId: "Europe/Berlin" });
  await openBoard(page);
  await drawn(page, id, 100);
  await page.mouse.move(...(await place(page, id, start + 5.25, 0.9)));
  await expect(page.locator("#tip")).toHaveText(/^2026-11-22 19:00:05\.25 UTC\+01:00b2 @19:00:05\.(1|35)a1$/);
  await agnez.call("PATCH", `/values/${id}`, { chart: { x: "relative" } });
  await page.mouse.move(5, 5);
  await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart.x).toBe("relative");
  await expect
    .poll(async () => {
      await page.mouse.move(...(await place(page, id, start + 5.25, 0.9)));
      await page.mouse.move(...(await place(page, id, start + 5.26, 0.9)));
      return page.locator("#tip").textContent();
    })
    .toMatch(/^after 5\.25 sb2 @5\.(1|35) sa1$/);
});

test("between two points the line goes on, in the picture too, and zooming in ends there", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: [[0, 1], [100, 3], [200, 2]] });
  await openBoard(page, `/?view=${id}:20:60`);
  await expect.poll(() => seen(page, id)).toEqual([20, 60]);
  const ink = await colour(page, id, "train");
  await expect.poll(() => pixels(page, id, ink)).toBeGreaterThan(200);
  const svg = await (await page.request.get(`/values/${id}.svg?from=20&to=60&width=640&height=240`)).text();
  expect(svg).toContain(">1.5<");
  expect(svg, "no axis is made up").not.toContain(">0.2<");
  expect(svg).toMatch(/<path class="c s0"[^>]* d="M[^"]*L/);
  await cell(page, id).focus();
  for (let times = 0; times < 20; times++) await page.keyboard.press("+");
  const [from, to] = await seen(page, id);
  expect(to - from, "an address may ask for less than three gaps; nobody gets deeper by hand").toBe(40);
  await page.keyboard.press("0");
  await expect.poll(() => seen(page, id)).toEqual([0, 200]);
});

test("a smoothed value is marked, and the list goes on with the chart under it", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => x % 2) }, { chart: { smooth: 0.9 } });
  await openBoard(page);
  await drawn(page, id, 100);
  const tip = page.locator("#tip");
  const at = await place(page, id, 99, 0.5);
  await page.mouse.move(at[0] - 1, at[1]);
  await expect(tip).toHaveText(/^step 99train1; smoothed 0\.5\d+$/);
  await append(agnez, id, { train: ramp(100, 200, (x) => x % 2) });
  await expect(tip, "the pointer rests, the chart does not").toHaveText(/^step 19\dtrain[01]; smoothed 0\.\d+$/);
  const box = (await canvas(page, id).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.3, at[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, at[1]);
  await expect(cell(page, id).locator(".band")).toBeVisible();
  await expect(tip).toBeHidden();
  await page.mouse.up();
});

test("a spike among many points can be hit, and a column says how many it stands for", async ({ page, agnez }) => {
  const points = ramp(0, 60_000, (x) => (x === 30_321 ? 40 : (x % 7) / 10));
  const id = await line(agnez, "loss", { train: points });
  await openBoard(page);
  await drawn(page, id, 60_000);
  for (const [beside, down] of [[-2, 0.05], [0, 0.4], [2, 0.97]] as const) {
    const [x, y] = await place(page, id, 30_321, down);
    await page.mouse.move(x + beside, y);
    await expect(page.locator("#tip .nearest")).toHaveText(/^trainmean [\d.]+, 0 to 40 of \d+ points$/);
  }
});

test("marks are told beside them: what is no number, and a restart", async ({ page, agnez }) => {
  const again = ramp(0, 100, () => 1).map(([x]) => [60 + x, 1] as const);
  const id = await line(agnez, "loss", { train: [...ramp(0, 100, () => 1), ...again], odd: ramp(0, 160, (x) => (x % 50 === 20 ? NaN : 2)).map(([x, y]) => [x, Number.isNaN(y) ? "NaN" : y] as const) });
  await openBoard(page);
  await drawn(page, id, 360);
  const tip = page.locator("#tip");
  const [x, y] = await place(page, id, 20, 1);
  await page.mouse.move(x + 7, y - 14);
  await expect(tip).toContainText("oddNaN at step 20");
  await expect(tip.locator("p")).toHaveCount(3);
  const [back, bottom] = await place(page, id, 60, 1);
  await page.mouse.move(back - 5, bottom - 8);
  await expect(tip).toContainText("trainrestart at step 60");
  const svg = await (await page.request.get(`/values/${id}.svg?width=640&height=240`)).text();
  expect(svg.match(/class="f0 o"/g)).toHaveLength(1);
  expect(svg.match(/class="f1 o"/g)).toHaveLength(3);
  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await expect(page.locator("#chart-table tr").nth(2).locator("td")).toHaveText(["odd", "2", "2", "2", "3 NaN", "160"]);
});

test("the wheel scrolls the page where a chart has nothing more to show", async ({ page, agnez }) => {
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
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.move(...(await place(page, id, 500, 0.5)));
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
  for (let turn = 0; turn < 4; turn++) await page.mouse.wheel(0, -100);
  await expect.poll(steps, { message: "one step for one turn of the wheel" }).toBe(before + 1);
  await expect(page).toHaveURL(/view=/);
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

test("nothing stands over the plot, and an empty one says why", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => -1 - x) });
  await openBoard(page, `/?view=${id}:10:50`);
  await expect.poll(() => seen(page, id)).toEqual([10, 50]);
  const plot = (await canvas(page, id).boundingBox())!;
  for (const name of ["Follow", "Show all", "Chart"]) {
    const button = cell(page, id).getByRole("button", { name, exact: true });
    await expect(button).toBeVisible();
    const box = (await button.boundingBox())!;
    expect(box.y + box.height, name).toBeLessThanOrEqual(plot.y);
  }
  const picture = async () => (await page.request.get(`/values/${id}.svg?width=640&height=240`)).text();
  await agnez.call("PATCH", `/values/${id}`, { chart: { y: "log" } });
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /Nothing here is above 0\./);
  expect(await picture()).toContain(">Nothing here is above 0.");
  expect(await picture(), "no number is made up").not.toContain(">0.1<");
  await agnez.call("PATCH", `/values/${id}`, { chart: { hidden: ["train"] } });
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /All series are hidden\./);
  expect(await picture()).toContain(">All series are hidden.");
  expect(await picture()).not.toContain(">0.2<");
});

test("on a phone the list is no wider than the plot", async ({ open, agnez }) => {
  const name = "a series with a name that does not fit into any narrow list of values";
  const id = await line(agnez, "loss", { [name]: ramp(0, 20_000) });
  const page = await open({ viewport: { width: 390, height: 700 } });
  await openBoard(page);
  await drawn(page, id, 20_000);
  await page.mouse.move(...(await place(page, id, 15_000, 0.5)));
  const tip = page.locator("#tip");
  await expect(tip).toBeVisible();
  const [list, plot] = [(await tip.boundingBox())!, (await canvas(page, id).boundingBox())!];
  expect(list.width).toBeLessThanOrEqual(plot.width);
  expect(list.x).toBeGreaterThanOrEqual(0);
  expect(list.x + list.width).toBeLessThanOrEqual(390);
});

test("NaN is marked and told, never drawn as zero", async ({ page, agnez }) => {
  const points: Points = [[0, 5], [1, 6], [2, "NaN"], [3, 6], [4, 5]];
  const id = await line(agnez, "loss", { train: points });
  await openBoard(page);
  await drawn(page, id, 5);
  const at = await canvas(page, id).evaluate((canvas: HTMLCanvasElement) => {
    const box = canvas.getBoundingClientRect();
    return { x: box.x + 30 + (box.width - 40) / 2, y: box.y + box.height / 2, scale: canvas.width / box.width };
  });
  await page.mouse.move(at.x, at.y);
  await expect(page.locator("#tip")).toContainText("NaN");
  await page.mouse.move(5, 5);
  // A triangle in the colour of the series stands on the lower edge, in the middle of the plot.
  const ink = await colour(page, id, "train");
  const found = await canvas(page, id).evaluate(
    (canvas: HTMLCanvasElement, [red, green, blue]) => {
      const ratio = canvas.width / canvas.clientWidth;
      const [left, width] = [canvas.width * 0.4, canvas.width * 0.3];
      const { data } = canvas.getContext("2d")!.getImageData(left, (canvas.clientHeight - 32) * ratio, width, 9 * ratio);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
      return count;
    },
    ink,
  );
  expect(found, "pixels of the mark").toBeGreaterThan(8);
});

test("settings are the same in every browser, and after a restart", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => 10 ** (x / 25)), val: ramp(0, 100, () => 3) });
  const other = await open();
  for (const each of [page, other]) {
    await openBoard(each);
    await drawn(each, id, 200);
  }
  await cell(page, id).focus();
  await page.keyboard.press("l");
  await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart).toMatchObject({ y: "log" });

  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await page.getByLabel("Smoothing").fill("0.9");
  await page.getByLabel("Unit").fill("nats");
  await page.getByLabel("Unit").blur();
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart).toMatchObject({ y: "log", smooth: 0.9, unit: "nats" });
  await cell(other, id).hover();
  await cell(other, id).getByRole("button", { name: "Chart", exact: true }).click();
  await expect(other.getByLabel("Smoothing")).toHaveValue("0.9");
  await expect(other.getByLabel("y axis")).toHaveValue("log");

  await other.reload();
  await drawn(other, id, 200);
  await cell(other, id).hover();
  await cell(other, id).getByRole("button", { name: "Chart", exact: true }).click();
  await expect(other.getByLabel("Unit")).toHaveValue("nats");
});

test("the legend hides and isolates for its reader, and for everyone from the panel", async ({ page, open, agnez, problems }) => {
  // The test reads the canvas; the page never does.
  problems.allow(/willReadFrequently/);
  const id = await line(agnez, "loss", { a: ramp(0, 50, () => 1), b: ramp(0, 50, (x) => 2 + Math.sin(x)), c: ramp(0, 50, () => 3) });
  const other = await open();
  for (const each of [page, other]) {
    await openBoard(each);
    await drawn(each, id, 150);
  }
  const pressed = (page: Page) => cell(page, id).locator(".legend button").evaluateAll((all) => all.map((one) => one.getAttribute("aria-pressed") === "true"));
  const ink = await colour(page, id, "b");
  expect(await pixels(page, id, ink)).toBeGreaterThan(50);
  await cell(page, id).getByRole("button", { name: "b", exact: true }).click();
  await expect.poll(() => pressed(page)).toEqual([true, false, true]);
  await expect.poll(() => pixels(page, id, ink)).toBe(0);
  // The pointer is over a name that is hidden: nothing is lit, nothing is dimmed.
  expect(await pixels(page, id, await colour(page, id, "a"))).toBeGreaterThan(50);
  await cell(page, id).getByRole("button", { name: "c", exact: true }).click({ modifiers: ["Alt"] });
  await expect.poll(() => pressed(page)).toEqual([false, false, true]);
  await page.reload();
  await drawn(page, id, 150);
  await expect.poll(() => pressed(page), { message: "kept in the tab" }).toEqual([false, false, true]);
  expect(await pressed(other), "nobody else sees it").toEqual([true, true, true]);

  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await page.getByRole("button", { name: "Hide for everyone" }).click();
  for (const each of [page, other]) await expect.poll(() => pressed(each)).toEqual([false, false, true]);
  await expect.poll(() => pixels(other, id, ink)).toBe(0);
  expect((await agnez.value(id)).chart.hidden).toEqual(["a", "b"]);
  await cell(page, id).getByRole("button", { name: "c", exact: true }).click({ modifiers: ["Alt"] });
  await expect.poll(() => pressed(page)).toEqual([true, true, true]);
  expect(await pressed(other)).toEqual([false, false, true]);
});

test("x axis and smoothing of all charts are set at once", async ({ page, agnez }) => {
  const ids = [await line(agnez, "one", { a: ramp(0, 50) }), await line(agnez, "two", { a: ramp(0, 50) })];
  await openBoard(page);
  await page.getByRole("button", { name: "All charts" }).click();
  await page.getByLabel("x axis").selectOption("relative");
  for (const id of ids) await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart).toMatchObject({ x: "relative" });
});

test("without JavaScript the chart is a picture", async ({ open, agnez, problems }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  problems.allow(/failed request: GET .*\/pkg\/.*\.js: csp/);
  const page = await open({ javaScriptEnabled: false });
  await page.goto("/");
  const picture = cell(page, id).locator(".lines img");
  await expect(picture).toBeVisible();
  const box = (await picture.boundingBox())!;
  expect(box.height).toBe(240);
  expect(await picture.getAttribute("src")).toMatch(/svg/);
});

test("waking up moves nothing", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  await agnez.create({ name: "below", type: "log", value: "text" });
  await page.route("**/*.wasm", async (route) => {
    await new Promise((done) => setTimeout(done, 700));
    await route.continue();
  });
  await page.goto("/", { waitUntil: "commit" });
  // Boxes mean nothing before the style sheet is there.
  await expect(page.locator(".grid")).toHaveCSS("display", "grid");
  const boxes = () => page.locator("article").evaluateAll((all) => all.map((one) => JSON.stringify(one.getBoundingClientRect())));
  await expect(cell(page, id).locator(".lines img")).toBeVisible();
  const before = await boxes();
  await drawn(page, id, 100);
  expect(await boxes()).toEqual(before);
  await expect(cell(page, id).locator(".lines img")).toBeHidden();
});

test("an empty chart says how to fill it", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "loss", type: "line", value: {} });
  await openBoard(page);
  await expect(cell(page, _id)).toContainText(`${agnez.url}/values/${_id}/points`);
  await append(agnez, _id, { loss: [[0, 2.3]] });
  await expect(canvas(page, _id)).toHaveAttribute("data-points", "1");
  await expect(cell(page, _id).locator(".no-points")).toBeHidden();
});

test("full screen and back", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, id, 100);
  await cell(page, id).focus();
  await page.keyboard.press("f");
  await expect.poll(async () => (await canvas(page, id).boundingBox())!.height).toBeGreaterThan(500);
  await expect(page).toHaveURL(new RegExp(`full=${id}`));
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await canvas(page, id).boundingBox())!.height).toBe(240);
});

test("a hundred charts at ten updates a second", async ({ page, agnez }) => {
  test.setTimeout(120_000);
  const ids: string[] = (await agnez.create(Array.from({ length: 100 }, (_, at) => ({ name: `chart ${at}`, type: "line", pos: at })))).map((made: { _id: string }) => made._id);
  await openBoard(page);
  const ROUNDS = 50;
  for (let step = 0; step < ROUNDS; step++) {
    const began = Date.now();
    const cells = Object.fromEntries(ids.map((id, at) => [id, { a: [[step, Math.sin(step + at)]], b: [[step, 1]], c: [[step, step]] }]));
    const answer = await agnez.call("POST", "/points", { cells });
    expect(answer.status, answer.text.slice(0, 300)).toBe(201);
    await new Promise((done) => setTimeout(done, Math.max(0, 100 - (Date.now() - began))));
  }
  await drawn(page, ids[0]!, 3 * ROUNDS);
  // One that was off the screen all the time has everything, too.
  await cell(page, ids[99]!).scrollIntoViewIfNeeded();
  await drawn(page, ids[99]!, 3 * ROUNDS);
});
