// Groups of runs in charts: lines with bands, read, highlighted, saved.
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { canvas, colour, drawn, pixels, rested, seen, zoomByWheel } from "./support/line.ts";
import { cell, openBoard, openMenu } from "./support/page.ts";
import { log, patchRun } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const RATES = [0.1, 0.3, 1, 3];
const STEPS = 50;

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Four rates with three seeds each; the last seed of the highest rate stops early. Answers the chart. */
async function sweep(agnez: Agnez): Promise<string> {
  let chart = "";
  for (const [at, lr] of RATES.entries()) {
    for (const seed of [0, 1, 2]) {
      const value = (step: number) => at + 1 + (seed - 1) * 0.1 + 1 / (1 + step);
      const steps = lr === 3 && seed === 2 ? 20 : STEPS;
      const points = Array.from({ length: steps }, (_, step) => ({ step, "val/loss": value(step), "train/loss": value(step) / 20 }));
      chart = (await log(agnez, "digits", `lr${lr}-${seed}`, points))["val/loss"]!;
      await patchRun(agnez, "digits", `lr${lr}-${seed}`, { config: { lr, seed } });
    }
  }
  return chart;
}

async function openGroups(page: Page, agnez: Agnez): Promise<string> {
  const id = await sweep(agnez);
  await openBoard(page, "/b/digits?group=lr");
  // A curve for each group and split.
  await drawn(page, id, RATES.length * 2 * STEPS);
  return id;
}

/** Moves the pointer to a step of the chart, to this share of its height. */
async function point(page: Page, id: string, step: number, down = 0.2): Promise<void> {
  const svg = await (await page.request.get(`/values/${id}.svg?legend=0&width=640&height=240&by=lr`)).text();
  const left = Number(/translate\(([\d.]+) 0\)/.exec(svg)![1]);
  const box = (await canvas(page, id).boundingBox())!;
  const [from, to] = await seen(page, id);
  await page.mouse.move(box.x + left + ((step - from) / (to - from)) * (box.width - left - 22), box.y + box.height * down);
}

function tooltip(page: Page) {
  return page.locator("#tooltip p");
}

test("a legend of runs that becomes one of groups counts no name that is in sight", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, "/b/digits");
  const [names, more] = [cell(page, id).locator(".legend .series"), cell(page, id).locator(".show-more")];
  await expect(names).toHaveCount(14);
  await expect(more, "names of twelve runs have no room").toBeVisible();
  await page.getByRole("complementary", { name: "Runs" }).getByRole("button", { name: "none" }).first().click();
  await page.locator("#group-menu").getByLabel("lr", { exact: true }).check();
  await expect(names).toHaveText([/^train$/, /^val$/, /^a /, /^b /, /^c /, /^d /]);
  await expect(more).toBeHidden();
});

test("a group is one line with a band, and says what its numbers are", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  const names = cell(page, id).locator(".legend .series");
  // What the dashes mean is first, then the groups in the order of the table.
  await expect(names).toHaveText([/^train$/, /^val$/, /^a /, /^b /, /^c /, /^d /]);
  const whole = ["a lr 0.1 · 3 runs", "b lr 0.3 · 3 runs", "c lr 1 · 3 runs", "d lr 3 · 3 runs, 2 to the end"];
  for (const name of whole) await expect(cell(page, id).locator(".legend").getByRole("button", { name, exact: true })).toHaveCount(1);
  expect(await names.evaluateAll((all) => all.map((one) => one.getAttribute("data-dash")))).toEqual(["1", "0", "0", "0", "0", "0"]);
  await expect(names.first()).toHaveAttribute("title", /^train\n/);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /lr 0\.1 · val 1\.02; /);
  await point(page, id, 30);
  const rows = tooltip(page);
  await expect(rows).toHaveText([
    "step 30 · val · mean ± 95 % (t)",
    /^d lr 3\s*3\.98 ± 0\.64 \(n=2\), 2 of 3: 1 ended$/,
    /^c lr 1\s*3\.03 ± 0\.25 \(n=3\)$/,
    /^b lr 0\.3\s*2\.03 ± 0\.25 \(n=3\)$/,
    /^a lr 0\.1\s*1\.03 ± 0\.25 \(n=3\)$/,
  ]);
  await expect(page.locator("#tooltip .nearest")).toHaveText(/^d/);
  await point(page, id, 30, 0.86);
  await expect(rows.first()).toHaveText("step 30 · train · mean ± 95 % (t)");
});

test("the legend of groups has the order of the table, and is as long as its rows take", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  const names = cell(page, id).locator(".legend .series");
  await page.locator(".runs-panel").getByRole("columnheader", { name: /^lr/ }).getByRole("button").click();
  await page.locator(".runs-panel").getByRole("columnheader", { name: /^lr/ }).getByRole("button").click();
  await expect(page.locator("tr[data-group]").first()).toContainText("3");
  const texts = (width: number) => async () => {
    await page.setViewportSize({ width, height: 800 });
    return (await names.allTextContents()).join(",");
  };
  // All that there is to say; without the number of runs; without the word that all of them share; letters.
  await expect.poll(texts(1800)).toBe("train,val,d lr 3 · 3 runs, 2 to the end,c lr 1 · 3 runs,b lr 0.3 · 3 runs,a lr 0.1 · 3 runs");
  for (const width of [1280, 1000, 700, 400]) {
    await page.setViewportSize({ width, height: 800 });
    await expect
      .poll(
        () =>
          names.evaluateAll((all) => {
            const legend = all[0]!.parentElement!.getBoundingClientRect();
            const isWhole = (one: Element) => one.scrollWidth <= one.clientWidth && one.getBoundingClientRect().bottom <= legend.bottom + 1;
            return all.filter((one) => !isWhole(one)).map((one) => one.textContent);
          }),
        { message: `what is cut in a window of ${width} pixels` },
      )
      .toEqual([]);
  }
  const button = cell(page, id).locator(".legend").getByRole("button", { name: "d lr 3 · 3 runs, 2 to the end", exact: true });
  await expect(button, "the whole name").toHaveAttribute("title", /^d lr 3 · 3 runs, 2 to the end\n/);
});

test("zoom, hidden groups and other groups change no number", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  const read = async () => {
    await point(page, id, 30);
    await expect(tooltip(page).first()).toHaveText(/^step 30 /);
    return (await tooltip(page).filter({ hasText: /^a/ }).textContent())!;
  };
  const before = await read();
  await rested(page);
  await zoomByWheel(page, -300);
  await expect.poll(async () => (await seen(page, id))[0]).toBeGreaterThan(0);
  await page.mouse.move(5, 5);
  expect(await read(), "zoomed").toBe(before);
  await cell(page, id).locator(".legend").getByRole("button", { name: /^c lr 1/ }).click();
  await expect(canvas(page, id)).not.toHaveAttribute("aria-label", /; lr 1 · val/);
  expect(await read(), "another group is hidden").toBe(before);
  await expect(tooltip(page).filter({ hasText: /^c/ })).toHaveCount(0);
  await log(agnez, "digits", "new", [{ step: 7, "val/loss": 9 }, { step: 8.5, "val/loss": 9 }]);
  await patchRun(agnez, "digits", "new", { config: { lr: 7, seed: 0 } });
  await expect(cell(page, id).locator(".legend").getByRole("button", { name: "e lr 7 · 1 run", exact: true })).toHaveCount(1);
  await page.mouse.move(5, 5);
  expect(await read(), "a new group").toBe(before);
});

test("a group is highlighted from its name and from its line, with its members beneath", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  const ink = await colour(page, id, "d lr 3 · 3 runs, 2 to the end");
  expect(await pixels(page, id, ink)).toBeGreaterThan(50);
  const members = page.waitForRequest((request) => /\/columns\?.*runs=lr0\.1-0%2Clr0\.1-1%2Clr0\.1-2/.test(request.url()));
  await cell(page, id).locator(".legend").getByRole("button", { name: /^a lr 0\.1/ }).hover();
  await members;
  await expect.poll(() => pixels(page, id, ink), { message: "the others are faint" }).toBe(0);
  await page.mouse.move(5, 5);
  await expect.poll(() => pixels(page, id, ink)).toBeGreaterThan(50);
  // On the line of d, which is the highest.
  const other = await colour(page, id, "a lr 0.1 · 3 runs");
  for (let down = 0.05; down < 0.3 && (await pixels(page, id, other)) > 0; down += 0.01) {
    await point(page, id, 10, down);
    await page.waitForTimeout(40);
  }
  await expect.poll(() => pixels(page, id, other), { message: "the line under the pointer is in the foreground" }).toBe(0);
});

test("without groups the chart has its runs again", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  await openBoard(page, "/b/digits");
  await expect(cell(page, id).locator(".legend .series").first()).toHaveText("lr3-2");
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /lr3-2 · val/);
});

test("pictures and tables of groups say how they are made", async ({ page, agnez }) => {
  const id = await openGroups(page, agnez);
  const method = "mean of up to 3 runs, band: 95 % t interval at each step";
  const svg = (await agnez.call("GET", `/values/${id}.svg?by=lr&width=640&height=300&theme=light`)).text;
  expect(svg).toContain(method);
  expect(svg).toContain("groups by lr, splits: train and val, x axis: steps");
  expect(svg.match(/fill-opacity="0\.16"/g)).toHaveLength(RATES.length);
  for (const text of [">a<", ">d<", ">2<", ">a lr 0.1 · 3 runs<"]) expect(svg).toContain(text);
  await cell(page, id).locator(".legend").getByRole("button", { name: /^c lr 1/ }).click();
  const saved = async (item: string) => {
    const download = page.waitForEvent("download");
    await openMenu(cell(page, id), item);
    return (await (await (await download).createReadStream()).toArray()).join("");
  };
  const file = await saved("Save as SVG");
  expect(file).toContain(method);
  expect(file).toContain(">b lr 0.3 · 3 runs<");
  expect(file, "what is hidden here is not in the picture").not.toContain(">c lr 1 · 3 runs<");
  const [head, first] = (await saved("Save as CSV")).split("\r\n");
  expect(head).toBe("x,config.lr,split,line,low,high,n,nan,ended,interpolated,method");
  expect(first).toMatch(/^0,0\.1,train,0\.10*2?,.*,3,0,0,0,"mean of 3 runs, band: 95 % t interval at each step"$/);
  const median = (await agnez.call("GET", `/values/${id}.svg?by=lr&line=median&width=640&height=300`)).text;
  expect(median).toContain("median of up to 3 runs, band: lower to upper quartile at each step");
  expect((await agnez.call("GET", `/values/${id}.svg?by=lr&line=median&band=t95`)).status).toBe(400);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });

  test("the values take the place of the legend", async ({ page, agnez }) => {
    const id = await openGroups(page, agnez);
    const box = (await canvas(page, id).boundingBox())!;
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 4);
    const values = page.locator("#tooltip");
    await expect(values).toContainText("val · mean ± 95 % (t)");
    const place = (await values.boundingBox())!;
    expect(Math.abs(place.y - (box.y + box.height))).toBeLessThan(3);
    expect(Math.abs(place.width - box.width)).toBeLessThan(3);
  });
});

test("a refused question is shown with the server's sentence, and not repeated", async ({ page, agnez, problems }) => {
  problems.allow(/status of 400/);
  const id = await sweep(agnez);
  let requests = 0;
  page.on("request", (request) => (requests += Number(request.url().includes("/groups?"))));
  await openBoard(page, "/b/digits?group=nothing");
  const sentence = cell(page, id).locator(".no-points");
  await expect(sentence).toContainText("nothing");
  await expect(sentence).not.toContainText("No points yet");
  const before = requests;
  await page.waitForTimeout(5000);
  expect(requests, "neither the question nor the data have changed").toBe(before);
  await openBoard(page, "/b/digits?group=lr");
  await drawn(page, id, RATES.length * 2 * STEPS);
  await expect(sentence).toBeHidden();
});
