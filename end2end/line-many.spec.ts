// Many charts, many series, long names, and times of the other half of the year.
import type { Page } from "@playwright/test";

import { canvas, drawn, line, type Points, rested } from "./support/line.ts";
import { cell, live, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const tip = (page: Page) => page.locator("#tooltip");

/** Points at the middle of a chart. */
async function point(page: Page, id: string, down = 0.5): Promise<void> {
  // A scroll or a new size that is still under way hides the list once more: the pointer moves on then, as a hand does.
  let on = 0;
  await expect(async () => {
    const box = (await canvas(page, id).boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5 + on++, box.y + box.height * down);
    await expect(tip(page)).toBeVisible({ timeout: 500 });
  }).toPass();
}

test("a board of many charts draws those in sight, and asks for them together", async ({ page, agnez }) => {
  test.setTimeout(120_000);
  const made: { _id: string }[] = [];
  for (let from = 0; from < 300; from += 100) {
    made.push(...(await agnez.create(Array.from({ length: 100 }, (_, at) => ({ name: `chart ${from + at}`, type: "line", pos: from + at })))));
  }
  for (const { _id } of made) await agnez.call("POST", `/values/${_id}/points`, { loss: [[0, 1], [1, 2]] });
  const asked: string[] = [];
  page.on("request", (request) => void (/\/columns\?|\.svg\?/.test(request.url()) && asked.push(request.url())));
  await openBoard(page);
  await drawn(page, made[0]!._id, 2);
  await rested(page);
  const cells = new Set(asked.flatMap((url) => new URL(url).searchParams.get("cells")?.split(",") ?? []));
  expect(cells.size, "charts that are asked for").toBeLessThan(20);
  expect(await page.locator("canvas").count()).toBeLessThan(20);
  expect(asked.filter((url) => url.includes(".svg?")).length, "pictures that nobody sees").toBeLessThan(20);
  await expect(page.locator(".line-chart svg.static-chart")).toHaveCount(12 - (await page.locator("canvas").count()));

  // Down to the end and back: each is drawn when it comes, and memory is bounded.
  await cell(page, made[299]!._id).scrollIntoViewIfNeeded();
  await drawn(page, made[299]!._id, 2);
  await page.evaluate(async () => {
    for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {
      scrollTo(0, top);
      await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
    }
  });
  const held = () => page.locator("canvas").evaluateAll((all) => all.filter((one) => (one as HTMLCanvasElement).width > 0).length);
  await expect.poll(held).toBeLessThan(8 + 20);
  await cell(page, made[0]!._id).scrollIntoViewIfNeeded();
  await drawn(page, made[0]!._id, 2);
  expect(await canvas(page, made[0]!._id).evaluate((one: HTMLCanvasElement) => one.width)).toBeGreaterThan(100);
});

test("of fifty series the list stays in the window, with the nearest one", async ({ page, agnez }) => {
  const series = Object.fromEntries(Array.from({ length: 50 }, (_, at): [string, Points] => [`run ${at}`, [[0, at], [1, at], [2, at]]]));
  const id = await line(agnez, "runs", series);
  await openBoard(page);
  await drawn(page, id, 150);
  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }, { width: 844, height: 390 }]) {
    await page.setViewportSize(viewport);
    await rested(page);
    for (const down of [0.1, 0.5, 0.85]) {
      await cell(page, id).scrollIntoViewIfNeeded();
      await point(page, id, down);
      const [list, nearest] = [(await tip(page).boundingBox())!, (await tip(page).locator(".nearest").boundingBox())!];
      expect(list.y).toBeGreaterThanOrEqual(0);
      expect(list.y + list.height, JSON.stringify({ viewport, down })).toBeLessThanOrEqual(viewport.height);
      expect(list.x + list.width).toBeLessThanOrEqual(viewport.width);
      expect(nearest.y).toBeGreaterThanOrEqual(list.y);
      expect(nearest.y + nearest.height).toBeLessThanOrEqual(list.y + list.height);
      await expect(tip(page).locator(".rest")).toContainText("and 38 more");
    }
  }
});

test("a legend of a thousand series is as high as others, and scrolls when it is opened", async ({ page, agnez }) => {
  const series = Object.fromEntries(Array.from({ length: 1000 }, (_, at): [string, Points] => [`layer ${at}`, [[0, at]]]));
  const id = await line(agnez, "norms", series);
  await openBoard(page);
  await drawn(page, id, 1000);
  const height = () => cell(page, id).evaluate((one) => one.getBoundingClientRect().height);
  expect(await height()).toBeLessThan(420);
  await cell(page, id).getByRole("button", { name: /^\+ \d+ more$/ }).click();
  const names = cell(page, id).locator(".legend .series");
  await expect(names).toHaveCount(1000);
  expect(await height()).toBeLessThan(600);
  await names.last().scrollIntoViewIfNeeded();
  await names.last().click();
  await expect(names.last()).toHaveAttribute("aria-pressed", "false");
});

test("long names are cut where they are alike", async ({ page, agnez }) => {
  const [prefix, suffix] = ["p".repeat(60), "s".repeat(60)];
  const names = Array.from({ length: 5 }, (_, at) => `${prefix}-${at}-${suffix}`);
  const id = await line(agnez, "runs", Object.fromEntries(names.map((name, at): [string, Points] => [name, [[0, at], [1, at]]])));
  const texts = () => cell(page, id).locator(".legend .series").allTextContents();
  await page.goto("/");
  await live(page);
  await drawn(page, id, 10);
  const shown = await texts();
  for (const [at, text] of shown.entries()) expect(text).toMatch(new RegExp(`^p+…${at}…s+$`));
  await expect(cell(page, id).locator(".legend .series").first()).toHaveAttribute("title", new RegExp(`^${names[0]}`));
  await expect(cell(page, id).getByRole("button", { name: names[3]!, exact: true })).toBeVisible();
  await point(page, id);
  for (const text of shown) await expect(tip(page)).toContainText(text);
  const svg = (await agnez.call("GET", `/values/${id}.svg?width=640&height=400`)).text;
  for (const [at, name] of names.entries()) expect(svg).toMatch(new RegExp(`<title>${name}</title>p+…${at}…s+<`));
});

test("shown names are cut again when a new series makes them alike", async ({ page, agnez }) => {
  const [head, middle, tail] = ["h".repeat(30), "m".repeat(30), "t".repeat(30)];
  const id = await line(agnez, "runs", { [`${head}-1-${middle}-1-${tail}`]: [[0, 1]], [`${head}-2-${middle}-1-${tail}`]: [[0, 2]] });
  const texts = () => cell(page, id).locator(".legend .series").allTextContents();
  await openBoard(page);
  await drawn(page, id, 2);
  const before = await texts();
  expect(new Set(before).size).toBe(2);
  await agnez.call("POST", `/values/${id}/points`, { [`${head}-1-${middle}-2-${tail}`]: [[0, 3]] });
  await expect.poll(async () => (await texts()).length).toBe(3);
  // All of them differ, as on a page that is loaded now.
  const after = await texts();
  expect(new Set(after).size).toBe(3);
  expect(after[0]).not.toBe(before[0]);
  await page.reload();
  await drawn(page, id, 3);
  expect(await texts()).toEqual(after);
});

test.describe("in Berlin, in winter", () => {
  test.use({ timezoneId: "Europe/Berlin" });

  test("a moment is shown by the clock of its own date, in files, too", async ({ page, agnez }) => {
    // Noon to 14:00 UTC of 1 July 2026.
    const noon = 1_782_907_200;
    const train = { x: [0, 1, 2], y: [1, 2, 3], t: [noon, noon + 3600, noon + 7200] };
    const id = await line(agnez, "loss", { train } as never, { chart: { x: "wall" } });
    await openBoard(page);
    await drawn(page, id, 3);
    await point(page, id);
    await expect(tip(page).locator("p").first()).toHaveText("2026-07-01 15:00:00 UTC+02:00");
    await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
    const address = (await page.getByRole("dialog", { name: "Chart" }).getByRole("link", { name: "SVG", exact: true }).getAttribute("href"))!;
    expect(address).toContain("tz=Europe%2FBerlin");
    const svg = (await agnez.call("GET", `/${address}`)).text;
    expect(svg).toContain(">UTC+02:00</text>");
    expect(svg).toContain(">15:00</text>");
    // Without a zone the picture is in UTC, and says so.
    const plain = (await agnez.call("GET", `/values/${id}.svg?width=640&height=300`)).text;
    expect(plain).toContain(">UTC</text>");
    expect(plain).toContain(">13:00</text>");
    expect((await agnez.call("GET", `/values/${id}.svg?tz=Europe/Atlantis`)).status).toBe(400);
  });
});

test("another x axis clears the zoom from the address", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: [[0, 1], [50, 2], [100, 3]] });
  await openBoard(page, `/?zoom=${id}:20:60:step`);
  await drawn(page, id, 3);
  await agnez.call("PATCH", `/values/${id}`, { chart: { x: "relative" } });
  await expect(page).not.toHaveURL(/zoom=/);
  await page.reload();
  await drawn(page, id, 3);
  await expect(canvas(page, id)).not.toHaveAttribute("aria-label", /Nothing is drawn/);
  // A link from before the change.
  await openBoard(page, `/?zoom=${id}:20:60:step`);
  await drawn(page, id, 3);
  await expect(canvas(page, id)).not.toHaveAttribute("aria-label", /Nothing is drawn/);
  await expect(page).not.toHaveURL(/zoom=/);
  // A window without points says so, and how to leave it.
  await openBoard(page, `/?zoom=${id}:20:60`);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /Nothing is drawn here. Show all./);
  await cell(page, id).getByRole("button", { name: "Show all" }).click();
  await expect(canvas(page, id)).not.toHaveAttribute("aria-label", /Nothing is drawn/);
  await expect(page).not.toHaveURL(/zoom=/);
});
