// Line charts along a metric of the same run: chosen in the panel, for everyone, live, and left out where a run lacks it.
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { canvas, dragAcross, drawn, place, seen } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

/** Ten steps an epoch, from a step on; the epoch is logged with its first step. */
function steps(from: number, to: number) {
  return Array.from({ length: to - from }, (_, at) => {
    const step = from + at;
    return { step, loss: 1 / (1 + step), ...(step % 10 === 0 ? { epoch: step / 10 } : {}) };
  });
}

/** Three runs, of which one logs no epoch. Answers the chart. */
async function runs(agnez: Agnez): Promise<string> {
  for (const run of ["first", "second"]) await log(agnez, "digits", run, steps(0, 30));
  const plain = steps(0, 30).map(({ step, loss }) => ({ step, loss }));
  return (await log(agnez, "digits", "plain", plain)).loss!;
}

async function panelOf(page: Page, id: string) {
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  return page.getByRole("dialog", { name: "Chart" });
}

const svg = async (agnez: Agnez, id: string) => (await agnez.call("GET", `/values/${id}.svg?width=640&height=300`)).text;

test("an epoch is chosen as x axis in the panel, for everyone, and points arrive along it", async ({ page, open, agnez }) => {
  const id = await runs(agnez);
  await openBoard(page, BOARD);
  await drawn(page, id, 90);
  const panel = await panelOf(page, id);
  await panel.getByLabel("x axis").selectOption("metric …");
  const metric = panel.getByLabel("Metric", { exact: true });
  // Counters are suggested first, although no chart shows them.
  await expect(panel.locator("datalist option").first()).toHaveAttribute("value", "epoch");
  await metric.fill(" ");
  await metric.press("Enter");
  await expect(panel.getByText("Type the name of a metric, such as epoch.")).toBeVisible();
  await metric.fill("epoch");
  await metric.press("Enter");
  await panel.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.value(id)).chart).toEqual({ x: "metric", x_metric: "epoch" });
  await drawn(page, id, 60);
  expect(await seen(page, id)).toEqual([0, 2]);
  await page.keyboard.press("Escape");
  // The server draws the same: the title, and what is left out.
  const drawing = await svg(agnez, id);
  expect(drawing).toContain(">epoch</text>");
  expect(drawing).toContain("1 of 3 curves have no epoch");
  // The place under the pointer has the metric's name.
  await page.mouse.move(...(await place(page, id, 1, 0.5)));
  await expect(page.getByRole("tooltip")).toContainText("epoch 1");
  // Points come along the axis, also of the run that had no epoch until now.
  const other = await open();
  await openBoard(other, BOARD);
  await drawn(other, id, 60);
  await log(agnez, "digits", "first", steps(30, 41));
  await log(agnez, "digits", "plain", [{ step: 0, epoch: 0.5 }]);
  for (const reader of [page, other]) {
    await drawn(reader, id, 101);
    expect(await seen(reader, id)).toEqual([0, 4]);
  }
  expect(await svg(agnez, id)).not.toContain("curves have no");
  // The zoom is in the address, with the axis, and comes back.
  await page.mouse.move(0, 0);
  await dragAcross(page, id, 0.3, 0.7);
  // Three epochs at least, as three steps are.
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0.2);
  const window = await seen(page, id);
  await expect(page).toHaveURL(/zoom=[\w-]*:[\d.]*:[\d.]*:metric-[0-9a-f]+/);
  await page.reload();
  await drawn(page, id, 101);
  await expect.poll(async () => (await seen(page, id))[0]).toBeCloseTo(window[0], 6);
  // Another metric is another axis: the window has no place there.
  await agnez.call("PATCH", `/values/${id}`, { chart: { x: "metric", x_metric: "loss" } });
  await drawn(page, id, 101);
  await expect.poll(async () => (await seen(page, id))[1], { message: "all of the new axis" }).toBe(1);
  await expect(page).not.toHaveURL(/zoom=/);
});

test("a chart along a metric that no run has says so, and asks for nothing while nothing comes", async ({ page, agnez }) => {
  const id = await runs(agnez);
  await agnez.call("PATCH", `/values/${id}`, { chart: { x: "metric", x_metric: "tokens" } });
  const requests: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("x_metric=tokens")) requests.push(request.url());
  });
  await openBoard(page, BOARD);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /No curve here has the metric of the x axis|over tokens/);
  expect(await svg(agnez, id)).toContain("No curve here has the metric of the x axis.");
  // Points of the metric come: the chart asks once more, and then it is quiet.
  await log(agnez, "digits", "first", [{ step: 0, tokens: 100 }]);
  await drawn(page, id, 30);
  const count = requests.length;
  expect(count).toBeLessThanOrEqual(3);
  await page.evaluate(() => new Promise((done) => setTimeout(done, 2500)));
  expect(requests.length).toBe(count);
});
