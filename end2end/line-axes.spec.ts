// Line charts: what holds their axes. Times of runs, ends of the y axis, outliers, and charts of a section that are zoomed together.
import type { Page } from "@playwright/test";

import { append, canvas, dragAcross, drawn, line, ramp, seen } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test("along relative time runs of different days lie one above the other, and grow there", async ({ page, agnez }) => {
  const day = 1_782_900_000;
  const start = (run: string) => day + (run === "late" ? 86_400 : 0);
  const points = (run: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => ({ step: from + at, time: start(run) + 10 * (from + at), loss: 1 / (1 + from + at) }));
  for (const run of ["early", "late"]) {
    await agnez.call("PATCH", `/boards/days/runs/${run}?upsert=true`, { startedAt: new Date(1000 * start(run)).toISOString() });
    await agnez.call("POST", `/boards/days/runs/${run}/log`, points(run, 0, 60));
  }
  await agnez.call("PATCH", "/values/days-loss", { chart: { x: "relative" } });
  await openBoard(page, "/b/days");
  await drawn(page, "days-loss", 120);
  await expect.poll(() => seen(page, "days-loss")).toEqual([0, 590]);
  await agnez.call("POST", "/boards/days/runs/late/log", points("late", 60, 81));
  await drawn(page, "days-loss", 141);
  await expect.poll(() => seen(page, "days-loss"), { message: "a live point stands at the time of its run" }).toEqual([0, 800]);
  const svg = (await agnez.call("GET", "/values/days-loss.svg?width=640&height=300")).text;
  expect(svg).toContain(">10 min</text>");
  expect(svg, "no day between the runs").not.toContain(" h</text>");
});

test("ends of the y axis and outliers are set in the panel, for everyone, and the chart says what is cut", async ({ page, open, agnez, problems }) => {
  // Ends in the wrong order.
  problems.allow(/status of 400.*\/rpc\/cells\/chart/);
  const id = await line(agnez, "loss", { train: ramp(0, 400, (x) => (x === 7 ? 5000 : 1 + Math.sin(x / 20))) });
  await openBoard(page);
  await drawn(page, id, 400);
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Chart" });
  await panel.getByLabel("Ignore outliers").check();
  const svg = async () => (await agnez.call("GET", `/values/${id}.svg?width=640&height=300`)).text;
  await expect.poll(svg, { message: "what is beyond is said" }).toContain("↑ up to 5000");
  await panel.getByLabel("y from").fill("0.5");
  await panel.getByLabel("y from").press("Enter");
  await panel.getByLabel("to", { exact: true }).fill("1.5");
  await panel.getByLabel("to", { exact: true }).press("Enter");
  const chart = async () => (await agnez.value(id)).chart;
  await expect.poll(chart).toEqual({ ignore_outliers: true, y_range: [0.5, 1.5] });
  expect(await svg()).toContain("↓ down to 9.79");
  const other = await open();
  await openBoard(other);
  await other.getByRole("article").first().hover();
  await cell(other, id).getByRole("button", { name: "Chart", exact: true }).click();
  await expect(other.getByRole("dialog", { name: "Chart" }).getByLabel("y from")).toHaveValue("0.5");
  // Ends in the wrong order are refused with a sentence, and the fields follow what is stored.
  await panel.getByLabel("y from").fill("9");
  await panel.getByLabel("y from").press("Enter");
  await expect(page.getByText("must have its lower end first")).toBeVisible();
  expect(await chart()).toEqual({ ignore_outliers: true, y_range: [0.5, 1.5] });
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await panel.getByLabel("y from").fill("");
  await panel.getByLabel("y from").press("Enter");
  await expect.poll(chart).toEqual({ ignore_outliers: true, y_range: [null, 1.5] });
});

test("charts of a section are zoomed together until the reader wants each alone", async ({ page, open, agnez }) => {
  const section = (name: string) => ({ layout: { section: name } });
  const loss = await line(agnez, "loss", { train: ramp(0, 1000) }, section("train"));
  const accuracy = await line(agnez, "accuracy", { train: ramp(0, 1000) }, section("train"));
  const time = await line(agnez, "time", { train: ramp(0, 1000) }, { ...section("train"), chart: { x: "wall" } });
  const other = await line(agnez, "lr", { lr: ramp(0, 1000) }, section("optimizer"));
  await openBoard(page);
  await drawn(page, loss, 1000);
  await drawn(page, accuracy, 1000);
  await dragAcross(page, loss, 0.3, 0.6);
  await expect.poll(async () => (await seen(page, loss))[0]).toBeGreaterThan(100);
  const window = await seen(page, loss);
  await expect.poll(() => seen(page, accuracy)).toEqual(window);
  await canvas(page, other).scrollIntoViewIfNeeded();
  await drawn(page, other, 1000);
  expect(await seen(page, other), "another section").toEqual([0, 999]);
  expect((await seen(page, time))[0], "another axis").toBeGreaterThan(1e9);
  // The section stands for both in the address, which another browser reads.
  await expect(page).toHaveURL(/zoom=@train:[\d.]*:[\d.]*:step$/);
  const second = await open();
  await openBoard(second, new URL(page.url()).pathname + new URL(page.url()).search);
  await drawn(second, accuracy, 1000);
  await expect.poll(async () => (await seen(second, accuracy))[0]).toBeCloseTo(window[0], 6);
  // Alone, and remembered.
  await page.getByRole("button", { name: "All charts" }).click();
  await page.getByLabel("Zoom together").selectOption("no charts");
  await page.keyboard.press("Escape");
  await canvas(page, loss).dblclick();
  await expect.poll(() => seen(page, loss)).toEqual([0, 999]);
  expect(await seen(page, accuracy)).toEqual(window);
  await page.goto("/");
  await drawn(page, loss, 1000);
  await drawn(page, accuracy, 1000);
  await dragAcross(page, loss, 0.3, 0.6);
  await expect.poll(async () => (await seen(page, loss))[0]).toBeGreaterThan(100);
  expect(await seen(page, accuracy)).toEqual([0, 999]);
  // All charts of the board that stand along the same axis.
  await page.getByRole("button", { name: "All charts" }).click();
  await page.getByLabel("Zoom together").selectOption("all charts");
  await page.keyboard.press("Escape");
  await dragAcross(page, loss, 0.3, 0.6);
  await expect.poll(async () => (await seen(page, other))[0]).toBeGreaterThan(100);
  expect(await seen(page, other)).toEqual(await seen(page, accuracy));
  expect((await seen(page, time))[0], "another axis").toBeGreaterThan(1e9);
  await canvas(page, other).dblclick();
  await expect.poll(() => seen(page, loss)).toEqual([0, 999]);
});

test("charts of a section follow together, each to its own end", async ({ page, open, agnez }) => {
  const section = { layout: { section: "a & b, c~d:e/ü%" } };
  const short = await line(agnez, "short", { train: ramp(0, 500) }, section);
  const long = await line(agnez, "long", { train: ramp(0, 1000) }, section);
  await openBoard(page);
  await drawn(page, short, 500);
  await drawn(page, long, 1000);
  await dragAcross(page, short, 0.5, 0.8);
  await expect.poll(async () => (await seen(page, long))[1]).toBeLessThan(450);
  await cell(page, short).getByRole("button", { name: "Follow" }).click();
  const ends = async (of: Page) => [(await seen(of, short))[1], (await seen(of, long))[1]].map(Math.round);
  const wide = ([from, to]: [number, number]) => to - from;
  await expect.poll(async () => (await ends(page))[0]).toBeGreaterThanOrEqual(499);
  expect((await ends(page))[0]).toBeLessThan(550);
  expect((await ends(page))[1], "the newest point of the other one").toBeGreaterThanOrEqual(999);
  expect(wide(await seen(page, long))).toBeCloseTo(wide(await seen(page, short)), 6);
  // One part of the address for both, whatever the name of the section, and each finds its own end again.
  await expect(page).toHaveURL(/zoom=@[^,]*:step:follow$/);
  const second = await open();
  await openBoard(second, new URL(page.url()).pathname + new URL(page.url()).search);
  await drawn(second, long, 1000);
  await expect.poll(() => ends(second)).toEqual(await ends(page));
  await append(agnez, long, { train: ramp(1000, 1100) });
  await expect.poll(async () => (await ends(page))[1]).toBeGreaterThanOrEqual(1099);
  expect((await ends(page))[0]).toBeLessThan(550);
});
