// Marks of the board on its charts: lines at their steps, with texts near the crosshair, live on every page, hidden with their run.
import { type Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { canvas, drawn, pixels } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { eye, log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";
const STEPS = 101;

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

const texts = (page: Page, id: string) => cell(page, id).getByRole("list", { name: "Marks" }).getByRole("listitem");

async function two(agnez: Agnez): Promise<string> {
  const points = (from: number) => Array.from({ length: STEPS }, (_, step) => ({ step, loss: from + step / 100 }));
  await log(agnez, "digits", "first", points(1));
  return (await log(agnez, "digits", "second", points(3))).loss!;
}

async function mark(agnez: Agnez, body: object): Promise<string> {
  const answer = await agnez.call("POST", "/boards/digits/marks", body);
  expect(answer.status, answer.text).toBe(201);
  return (JSON.parse(answer.text) as { _id: string })._id;
}

test("a mark is a line with a text near the crosshair, on every open page, until it is deleted", async ({ page, agnez, open }) => {
  const id = await two(agnez);
  const other = await open();
  for (const reader of [page, other]) {
    await openBoard(reader, BOARD);
    await drawn(reader, id, 2 * STEPS);
    await expect(texts(reader, id)).toHaveCount(0);
  }
  const own = await mark(agnez, { step: 50, text: "new rate", colour: 7 });
  await mark(agnez, { step: 5000, text: "not in range" });
  await mark(agnez, { time: 1.7e9, text: "along time" });
  for (const reader of [page, other]) await expect(texts(reader, id)).toHaveText(["new rate at 50"]);
  const near = texts(page, id).first();
  // No curve has its colour.
  const [, digits] = /--series: ?#([0-9a-f]{6})/.exec((await near.getAttribute("style"))!)!;
  const colour = [0, 2, 4].map((at) => parseInt(digits!.slice(at, at + 2), 16)) as [number, number, number];
  expect(await pixels(page, id, colour)).toBeGreaterThan(50);
  await expect(near).toHaveCSS("opacity", "0");
  const box = (await canvas(page, id).boundingBox())!;
  const place = await near.evaluate((item) => Number(/(left|right): ?(\d+)px/.exec(item.getAttribute("style")!)![2]));
  const x = (await near.getAttribute("style"))!.startsWith("left") ? place : box.width - place;
  await page.mouse.move(box.x + x, box.y + box.height / 2);
  await expect(near).toHaveCSS("opacity", "1");
  await page.mouse.move(box.x + x + 40, box.y + box.height / 2);
  await expect(near).toHaveCSS("opacity", "0");

  const svg = (await agnez.call("GET", `/values/${id}.svg?width=640&height=300&theme=light`)).text;
  expect(svg).toContain("new rate</text>");
  expect(svg).toContain("Marks: new rate at 50.");
  expect((await agnez.call("DELETE", `/boards/digits/marks/${own}`)).status).toBe(200);
  for (const reader of [page, other]) await expect(texts(reader, id)).toHaveCount(0);
  expect(await pixels(page, id, colour)).toBe(0);
  expect((await agnez.call("GET", `/values/${id}.svg?width=640&height=300&theme=light`)).text).not.toContain("new rate");
});

test("a mark of a run is hidden with it", async ({ page, agnez }) => {
  const id = await two(agnez);
  await mark(agnez, { run: "first", step: 20, text: "warm-up ends" });
  await mark(agnez, { run: "second", step: 60, text: "restored" });
  await openBoard(page, BOARD);
  await drawn(page, id, 2 * STEPS);
  await expect(texts(page, id)).toHaveText(["warm-up ends at 20", "restored at 60"]);
  await eye(page, "first").click();
  await drawn(page, id, STEPS);
  await expect(texts(page, id)).toHaveText(["restored at 60"]);
});
