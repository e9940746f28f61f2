// Axes of line charts: the logarithmic x axis, the part of the y axis that a reader sees, goal lines and titles.
import type { Page } from "@playwright/test";

import { append, canvas, dragAcross, drawn, line, ramp, rested, seen, zoomByWheel } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const panel = (page: Page) => page.getByRole("dialog", { name: "Chart" });

async function openPanel(page: Page, id: string): Promise<void> {
  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
}

test("a logarithmic x axis shows the beginning, is zoomed by ratios, and says what it leaves out", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 60_000, (x) => 1 / (1 + x)) });
  await openBoard(page);
  await drawn(page, id, 60_000);
  await openPanel(page, id);
  await panel(page).getByLabel("x scale").selectOption("logarithmic");
  await panel(page).getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ x_scale: "log" });
  await page.keyboard.press("Escape");
  await expect.poll(() => seen(page, id), { message: "0 has no logarithm" }).toEqual([1, 59_999]);
  const columns = (await agnez.call("GET", `/values/${id}/columns?width=600&x_scale=log`)).json.cells[id].series[0].columns;
  expect(columns.x_first.filter((x: number) => x <= 40), "each of the first steps").toHaveLength(41);
  expect(columns.count.length).toBeLessThan(1300);
  await dragAcross(page, id, 0.3, 0.6);
  await expect.poll(async () => (await seen(page, id))[1]).toBeLessThan(10_000);
  const [from, to] = await seen(page, id);
  expect(Math.log10(to / from), "a third of 4.8 decades, less the room for labels").toBeGreaterThan(1.2);
  await cell(page, id).focus();
  await page.keyboard.press("+");
  await expect.poll(async () => (await seen(page, id))[1]).toBeLessThan(to);
  const [low, high] = await seen(page, id);
  expect(Math.sqrt(low * high), "the middle of the decades stays").toBeCloseTo(Math.sqrt(from * to), 3);
  // The address follows after a moment.
  const inUrl = () => /zoom=[^&]*?:([\d.e-]+):([\d.e-]+):step/.exec(decodeURIComponent(page.url()))?.slice(1).map(Number);
  await expect.poll(inUrl).toEqual([low, high]);
  const second = await open();
  await second.goto(page.url());
  await expect.poll(() => seen(second, id)).toEqual([low, high]);
  const svg = (await agnez.call("GET", `/values/${id}.svg?width=640&height=300`)).text;
  for (const label of ["1", "10", "100", "1000", "← steps up to 0 are not shown"]) expect(svg).toContain(`>${label}</text>`);
  // The key sets it for this reader, as it does for the y axis.
  await page.keyboard.press("x");
  await expect(page).toHaveURL(/charts=[^&]*x_scale/);
  expect((await agnez.value(id)).chart).toEqual({ x_scale: "log" });
  await page.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ x_scale: "linear" });
});

test("the y axis is zoomed beside it, by a box and by keys, for the reader alone and in the address", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 400, (x) => 1 + Math.sin(x / 20)) });
  await openBoard(page);
  await drawn(page, id, 400);
  const box = (await canvas(page, id).boundingBox())!;
  const yOf = () => /:y:([-\d.e]+):([-\d.e]+)/.exec(decodeURIComponent(page.url()))?.slice(1).map(Number) ?? [];
  await page.mouse.move(box.x + 12, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 14, box.y + 90);
  await page.mouse.move(box.x + 14, box.y + 120);
  await expect(cell(page, id).locator(".selection")).toBeVisible();
  await page.mouse.up();
  await expect.poll(() => yOf().length, { message: "in the address" }).toBe(2);
  const [low, high] = yOf() as [number, number];
  expect(high - low).toBeLessThan(1.2);
  expect(await seen(page, id), "the x axis stays").toEqual([0, 399]);
  expect((await agnez.value(id)).chart, "nobody else sees it").toBeUndefined();
  const second = await open();
  await second.goto(page.url());
  await drawn(second, id, 400);
  await openPanel(second, id);
  await panel(second).getByRole("button", { name: "Set to what is shown" }).click();
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ y_range: [low, high] });
  await expect(second).not.toHaveURL(/zoom=/);
  await cell(page, id).focus();
  await page.keyboard.press("y");
  await expect.poll(() => yOf()[1]! - yOf()[0]!).toBeCloseTo((high - low) / 1.25, 6);
  await page.keyboard.press("}");
  await expect.poll(() => yOf()[0]!).toBeGreaterThan(low + (high - low) / 10);
  // A file shows what the reader sees.
  await openPanel(page, id);
  const [from, to] = yOf();
  const address = (await panel(page).getByRole("link", { name: "SVG", exact: true }).getAttribute("href"))!;
  expect(new URL(address, page.url()).searchParams.get("y_from")).toBe(String(from));
  expect(new URL(address, page.url()).searchParams.get("y_to")).toBe(String(to));
  await page.keyboard.press("Escape");
  await page.mouse.dblclick(box.x + 12, box.y + 60);
  await expect.poll(() => yOf()).toEqual([]);
  // A box of both axes, and a double click on the plot for all of both.
  await page.keyboard.down("Control");
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
  await page.mouse.move(box.x + box.width * 0.6, box.y + 140);
  await page.mouse.up();
  await page.keyboard.up("Control");
  await expect.poll(() => yOf().length).toBe(2);
  expect((await seen(page, id))[0]).toBeGreaterThan(50);
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 100);
  await expect.poll(() => seen(page, id)).toEqual([0, 399]);
  await expect(page).not.toHaveURL(/zoom=/);
});

test("a y axis that is zoomed ends with the values of now, also when the address has zoomed it", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => x / 100) });
  await openBoard(page, `/?zoom=${id}:::step:y:0.4:0.6`);
  await drawn(page, id, 100);
  const yOf = () => /:y:([-\d.e]+):([-\d.e]+)/.exec(decodeURIComponent(page.url()))?.slice(1).map(Number) ?? [];
  // Ten times what there was at first.
  await append(agnez, id, { train: ramp(100, 200, (x) => x / 20) });
  await drawn(page, id, 200);
  await cell(page, id).focus();
  for (let presses = 0; presses < 8; presses++) await page.keyboard.press("Shift+Y");
  await expect.poll(() => yOf()[1] ?? 0, { message: "wider than the first values, and not yet all" }).toBeGreaterThan(0.9);
  expect(yOf()[1]!).toBeLessThan(2);
  for (let presses = 0; presses < 22; presses++) await page.keyboard.press("Shift+Y");
  await expect(page, "all of it in the end").not.toHaveURL(/zoom=/);
  // Up to the newest values.
  for (let presses = 0; presses < 12; presses++) await page.keyboard.press("y");
  for (let presses = 0; presses < 200; presses++) await page.keyboard.press("}");
  await expect.poll(() => ((yOf()[0] ?? 0) + (yOf()[1] ?? 0)) / 2).toBeGreaterThan(9);
});

test("with only the y axis zoomed, the wheel over the plot scrolls the page", async ({ page, agnez }) => {
  const ids = [];
  for (let at = 0; at < 12; at++) ids.push(await line(agnez, `chart ${at}`, { train: ramp(0, 100) }));
  const id = ids[0]!;
  await openBoard(page, `/?zoom=${id}:::step:y:-0.5:0.5`);
  await drawn(page, id, 100);
  const box = (await canvas(page, id).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await rested(page);
  await page.mouse.wheel(0, 300);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(100);
  await expect(page).toHaveURL(/:y:-0.5:0.5/);
  // Beside the axis it zooms, with the key.
  await page.evaluate(() => scrollTo(0, 0));
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
  await page.mouse.move(box.x + 12, box.y + box.height / 2);
  await rested(page);
  await zoomByWheel(page, 100);
  await expect(page).not.toHaveURL(/:y:-0.5:0.5/);
  expect(await page.evaluate(() => scrollY)).toBe(0);
});

test("a window of y that a logarithmic axis has no place for leaves the address", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => 1 + x) });
  await openBoard(page, `/?zoom=${id}:::step:y:-5:50`);
  await drawn(page, id, 100);
  await agnez.patch(id, { chart: { y: "log" } });
  await expect(page).not.toHaveURL(/zoom=/);
  await openBoard(page, `/?zoom=${id}:::step:y:-5:50`);
  await drawn(page, id, 100);
  await expect(page).not.toHaveURL(/zoom=/);
});

test("a zoom that does not fit its axis any more is no trap for the way back", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => 1 + x) });
  await openBoard(page, "/b/other");
  await openBoard(page, `/b/main?zoom=${id}:20:80:step`);
  await expect.poll(() => seen(page, id)).toEqual([20, 80]);
  await cell(page, id).focus();
  await page.keyboard.press("+");
  await expect(page).not.toHaveURL(/20:80/);
  const entries = await page.evaluate(() => history.length);
  await agnez.patch(id, { chart: { x: "wall" } });
  await expect(page).not.toHaveURL(/zoom=/);
  expect(await page.evaluate(() => history.length), "what another reader sets is no step of this one").toBe(entries);
  await page.goBack();
  await expect(page, "that window does not fit either").not.toHaveURL(/zoom=/);
  await page.goBack();
  await expect(page).toHaveURL(/\/b\/other$/);
});

test("fields of numbers take what the page writes, and nothing by halves", async ({ page, agnez }) => {
  const id = await line(agnez, "reward", { train: ramp(0, 50, (x) => 2000 * x) });
  await openBoard(page);
  await drawn(page, id, 50);
  await openPanel(page, id);
  const type = async (label: string, text: string): Promise<void> => {
    await panel(page).getByLabel(label, { exact: true }).fill(text);
    await panel(page).getByLabel(label, { exact: true }).press("Enter");
  };
  await type("y from", "60\u202f000");
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ y_range: [60_000, null] });
  await type("y from", "0,5");
  await expect(panel(page).getByLabel("y from"), "it stays to be mended").toHaveValue("0,5");
  await expect(panel(page).getByLabel("y from")).toHaveAttribute("aria-invalid", "true");
  await expect(panel(page).getByRole("alert")).toHaveText("Type a number such as 0.5, or nothing for an end that follows the values.");
  await type("to", "80000");
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ y_range: [60_000, 80_000] });
  const goals = [{ y: 70_000, label: "best; so far" }];
  await agnez.patch(id, { chart: { goal_lines: goals } });
  await expect(panel(page).getByLabel("Goal lines")).toHaveValue(/so far/);
  const text = await panel(page).getByLabel("Goal lines").inputValue();
  await type("Goal lines", `${text}; 75000 goal`);
  await expect.poll(async () => (await agnez.value(id)).chart.goal_lines).toEqual([...goals, { y: 75_000, label: "goal" }]);
});

test("a range is set for all charts of a section, and for none beside it", async ({ page, agnez }) => {
  const section = (name: string) => ({ layout: { section: name } });
  const one = await line(agnez, "accuracy", { train: ramp(0, 50, () => 0.9) }, section("train"));
  const same = await line(agnez, "recall", { train: ramp(0, 50, () => 0.8) }, section("train"));
  const other = await line(agnez, "rate", { train: ramp(0, 50, () => 0.1) }, section("optimizer"));
  await openBoard(page);
  await drawn(page, one, 50);
  await openPanel(page, one);
  await panel(page).getByLabel("y from").fill("0");
  await panel(page).getByLabel("y from").press("Enter");
  await panel(page).getByLabel("to", { exact: true }).fill("1");
  await panel(page).getByLabel("to", { exact: true }).press("Enter");
  await panel(page).getByRole("button", { name: "Same range in all of train" }).click();
  await expect.poll(async () => (await agnez.value(same)).chart).toEqual({ y_range: [0, 1] });
  expect((await agnez.value(other)).chart).toBeUndefined();
});

test("goal lines and titles are set in the panel and stand in every drawing", async ({ page, agnez }) => {
  const id = await line(agnez, "accuracy", { train: ramp(0, 50, (x) => x / 100) });
  await openBoard(page);
  await drawn(page, id, 50);
  await openPanel(page, id);
  await panel(page).getByLabel("Goal lines").fill("0.9 human level; 0.25");
  await panel(page).getByLabel("Goal lines").press("Enter");
  await panel(page).getByLabel("x title").fill("optimizer steps");
  await panel(page).getByLabel("x title").press("Enter");
  const goals = [{ y: 0.9, label: "human level" }, { y: 0.25, label: "" }];
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ goal_lines: goals, x_label: "optimizer steps" });
  const svg = (await agnez.call("GET", `/values/${id}.svg?width=640&height=300`)).text;
  for (const label of ["human level 0.9", "0.25", "optimizer steps", "0.8"]) expect(svg).toContain(`>${label}</text>`);
  expect(svg).toContain("Goal lines: human level 0.9; 0.25.");
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /Goal lines: human level 0.9; 0.25/);
  // For a paper: in millimetres, with labels of 9 points.
  await panel(page).getByLabel("Width, mm").fill("120");
  await panel(page).getByLabel("Font, pt").fill("9");
  const saved = async (form: string) => {
    const address = (await panel(page).getByRole("link", { name: `Save as ${form}` }).getAttribute("href"))!;
    return (await page.request.get(new URL(address, page.url()).href)).body();
  };
  const figure = (await saved("SVG")).toString();
  const [, high, wide, tall] = figure.match(/^<svg [^>]*width="120mm" height="([\d.]+)mm" viewBox="0 0 (415.\d+) ([\d.]+)"/)!.map(Number);
  expect(high).toBeGreaterThanOrEqual(74.4);
  expect(high).toBeCloseTo((120 * tall!) / wide!, 0);
  expect((await agnez.call("GET", `/values/${id}.svg?font_size=8`)).text).toContain("width_mm");
  await panel(page).getByLabel("Height, mm").fill("5");
  const link = panel(page).getByText("Save as PDF");
  await expect(link, "the refusal would be saved").not.toHaveAttribute("href");
  await panel(page).getByLabel("Height, mm").fill("60");
  await expect(link).toHaveAttribute("href", /height_mm=60/);
  expect((await saved("SVG")).toString()).toContain('width="120mm" height="60mm"');
  // 120 and 60 mm in points.
  const pdf = (await saved("PDF")).toString("latin1");
  expect(pdf).toMatch(/^%PDF-[^]*\/MediaBox \[0 0 340.16 170.08\][^]*%%EOF\n$/);
});

test("the mark of a run stands at the time since its start", async ({ page, agnez }) => {
  const start = 1_782_900_000;
  await agnez.call("PATCH", "/boards/marked/runs/first?upsert=true", { startedAt: new Date(1000 * start).toISOString() });
  await agnez.call("POST", "/boards/marked/runs/first/log", ramp(0, 100).map(([step]) => ({ step, time: start + 10 * step, loss: 1 / (1 + step) })));
  await agnez.call("POST", "/boards/marked/marks", { run: "first", time: start + 500, text: "new rate" });
  await agnez.call("PATCH", "/values/marked-loss", { chart: { x: "relative" } });
  await openBoard(page, "/b/marked");
  await drawn(page, "marked-loss", 100);
  await expect(cell(page, "marked-loss").getByRole("listitem").filter({ hasText: "new rate" })).toHaveCount(1);
  const svg = (await agnez.call("GET", "/values/marked-loss.svg?width=640&height=300")).text;
  expect(svg).toContain(">new rate</text>");
});
