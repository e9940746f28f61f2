// Line charts: what the crosshair and its list say of the points below.
import { append, canvas, colour, drawn, line, pixels, place, ramp, seen, type Points } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test("the crosshair stands on all charts, and the nearest value is bold", async ({ page, agnez }) => {
  const one = await line(agnez, "one", { high: ramp(0, 100, () => 9), low: ramp(0, 100, () => 1) });
  const two = await line(agnez, "two", { other: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, one, 200);
  await drawn(page, two, 100);
  const box = (await canvas(page, one).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.85);
  const tip = page.locator("#tooltip");
  await expect(tip).toBeVisible();
  await expect(tip.locator("span")).toHaveText([/^step \d+$/, "high", "low"]);
  await expect(tip.locator(".nearest")).toContainText("low");
  for (const id of [one, two]) await expect(cell(page, id).locator(".crosshair")).toBeVisible();
  await page.mouse.move(5, 5);
  await expect(tip).toBeHidden();
  await expect(cell(page, two).locator(".crosshair")).toBeHidden();
});

test("keys read one value after the other", async ({ page, agnez }) => {
  const id = await line(agnez, "one", { train: ramp(0, 5, (x) => x * x) });
  const other = await line(agnez, "two", { other: ramp(0, 5) });
  await openBoard(page);
  for (const each of [id, other]) await drawn(page, each, 5);
  await cell(page, id).focus();
  const tip = page.getByRole("status").filter({ hasText: "step" });
  await page.keyboard.press(",");
  await expect(tip, "the newest at first").toHaveText("step 4train16");
  await page.keyboard.press(",");
  await expect(tip).toHaveText("step 3train9");
  await expect(cell(page, other).locator(".crosshair")).toBeVisible();
  for (const _ of [1, 2, 3, 4]) await page.keyboard.press(".");
  await expect(tip, "there is no later one").toHaveText("step 4train16");
  await page.keyboard.press("Escape");
  await expect(page.locator("#tooltip")).toBeHidden();
  await page.keyboard.press(".");
  await expect(tip, "the oldest at first").toHaveText("step 0train0");
  await page.keyboard.press("j");
  await expect(page.locator("#tooltip")).toBeHidden();

  // What was read stays while points come, and is not told again; it goes with its chart.
  await cell(page, id).focus();
  await page.keyboard.press(",");
  await expect(tip).toHaveText("step 4train16");
  const cross = () => cell(page, id).locator(".crosshair").evaluate((line) => (line as HTMLElement).offsetLeft);
  const before = await cross();
  await page.evaluate(() => {
    const told = { changes: 0 };
    Object.assign(globalThis, { told });
    new MutationObserver(() => (told.changes += 1)).observe(document.querySelector("#tooltip")!, { childList: true, subtree: true });
  });
  await append(agnez, id, { train: ramp(5, 10) });
  await drawn(page, id, 10);
  await expect.poll(cross).toBeLessThan(before - 20);
  await expect(tip).toHaveText("step 4train16");
  expect(await page.evaluate(() => (globalThis as unknown as { told: { changes: number } }).told.changes)).toBe(0);
  await agnez.call("DELETE", `/values/${id}`);
  await expect(page.locator("#tooltip")).toBeHidden();
});

test("the heading is the place of the crosshair, and what stands elsewhere says so", async ({ page, agnez }) => {
  const series = { val: ramp(0, 60, () => 9).map(([at, y]) => [at * 10, y] as const), train: ramp(0, 600, (x) => x / 100) };
  const id = await line(agnez, "loss", series);
  const other = await line(agnez, "other", { other: ramp(0, 600) });
  await openBoard(page, `/?zoom=${id}:300:360,${other}:300:360`);
  for (const each of [id, other]) await expect.poll(() => seen(page, each)).toEqual([300, 360]);
  await drawn(page, id, 660);
  const tip = page.locator("#tooltip");
  await page.mouse.move(...(await place(page, id, 333.2, 0.7)));
  await expect(tip.locator("p").first()).toHaveText("step 333");
  await expect(tip.locator("p").nth(1)).toHaveText("val9 @330");
  await expect(tip.locator("p").nth(2)).toHaveText("train3.33");
  const cross = (chart: string) => cell(page, chart).locator(".crosshair").evaluate((line) => (line as HTMLElement).offsetLeft);
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
  await expect(page.locator("#tooltip")).toHaveText(/^2026-11-22 19:00:05\.25 UTC\+01:00b2 @19:00:05\.(1|35)a1$/);
  await agnez.call("PATCH", `/values/${id}`, { chart: { x: "relative" } });
  await page.mouse.move(5, 5);
  await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart.x).toBe("relative");
  await expect
    .poll(async () => {
      await page.mouse.move(...(await place(page, id, 5.25, 0.9)));
      await page.mouse.move(...(await place(page, id, 5.26, 0.9)));
      return page.locator("#tooltip").textContent();
    })
    .toMatch(/^after 5\.25 sb2 @5\.(1|35) sa1$/);
});

test("between two points the line goes on, in the picture too, and zooming in ends there", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: [[0, 1], [100, 3], [200, 2]] });
  await openBoard(page, `/?zoom=${id}:20:60`);
  await expect.poll(() => seen(page, id)).toEqual([20, 60]);
  const ink = await colour(page, id, "train");
  await expect.poll(() => pixels(page, id, ink)).toBeGreaterThan(200);
  const svg = await (await page.request.get(`/values/${id}.svg?from=20&to=60&width=640&height=240`)).text();
  expect(svg).toContain(">1.6<");
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
  const tip = page.locator("#tooltip");
  const at = await place(page, id, 99, 0.5);
  await page.mouse.move(at[0] - 1, at[1]);
  await expect(tip).toHaveText(/^step 99train1; smoothed 0\.5\d+$/);
  await append(agnez, id, { train: ramp(100, 200, (x) => x % 2) });
  await expect(tip, "the pointer rests, the chart does not").toHaveText(/^step 19\dtrain[01]; smoothed 0\.\d+$/);
  const box = (await canvas(page, id).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.3, at[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, at[1]);
  await expect(cell(page, id).locator(".selection")).toBeVisible();
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
    await expect(page.locator("#tooltip .nearest")).toHaveText(/^trainmean [\d.]+, 0 to 40 of \d+ points$/);
  }
});

test("marks are told beside them: what is no number, and a restart", async ({ page, agnez }) => {
  const again = ramp(0, 100, () => 1).map(([x]) => [60 + x, 1] as const);
  const id = await line(agnez, "loss", { train: [...ramp(0, 100, () => 1), ...again], odd: ramp(0, 160, (x) => (x % 50 === 20 ? NaN : 2)).map(([x, y]) => [x, Number.isNaN(y) ? "NaN" : y] as const) });
  await openBoard(page);
  await drawn(page, id, 360);
  const tip = page.locator("#tooltip");
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

test("on a phone the list is no wider than the plot", async ({ open, agnez }) => {
  const name = "a series with a name that does not fit into any narrow list of values";
  const id = await line(agnez, "loss", { [name]: ramp(0, 20_000) });
  const page = await open({ viewport: { width: 390, height: 700 } });
  await openBoard(page);
  await drawn(page, id, 20_000);
  await page.mouse.move(...(await place(page, id, 15_000, 0.5)));
  const tip = page.locator("#tooltip");
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
  await expect(page.locator("#tooltip")).toContainText("NaN");
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
