// Pictures from everywhere, and the new one after every patch.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { BLUE, GREEN, RED, dataUri, gif } from "./support/gif.ts";
import { cell, colour, notes, openBoard, picture, stage } from "./support/page.ts";
import { Stranger } from "./support/stranger.ts";
import { expect, test as base } from "./support/test.ts";

const test = base.extend<{ stranger: Stranger }>({
  stranger: async ({}, use) => {
    const stranger = await Stranger.start();
    await use(stranger);
    stranger.stop();
  },
});

test("a picture of the server's folder", async ({ page, agnez }) => {
  writeFileSync(join(agnez.images, "main_img.gif"), gif([RED]));
  const { _id } = await agnez.create({ name: "sample", type: "img", value: "./images/main_img.gif" });
  await openBoard(page);
  const shown = picture(cell(page, _id));
  await expect.poll(() => colour(shown)).toEqual(RED);
  await expect(shown).toHaveAttribute("alt", "sample");

  // The old clients: the same file written again, the same address patched again.
  for (const next of [GREEN, BLUE, RED]) {
    writeFileSync(join(agnez.images, "main_img.gif"), gif([next]));
    await agnez.patch(_id, { value: "./images/main_img.gif" });
    await expect.poll(() => colour(shown)).toEqual(next);
  }

  // A page that opens later sees the newest, too.
  writeFileSync(join(agnez.images, "main_img.gif"), gif([GREEN]));
  await page.reload();
  await expect.poll(() => colour(shown)).toEqual(GREEN);
});

test("an animation goes on when the file has not changed", async ({ page, agnez }) => {
  writeFileSync(join(agnez.images, "a.gif"), gif([RED, GREEN, BLUE]));
  const { _id } = await agnez.create({ name: "sample", type: "img", value: "./images/a.gif" });
  await openBoard(page);
  const here = cell(page, _id);
  await expect.poll(() => colour(picture(here))).toHaveLength(3);
  await picture(here).evaluate((image) => {
    const loads: string[] = [];
    Object.assign(image, { loads });
    image.addEventListener("load", () => loads.push((image as HTMLImageElement).src));
  });
  for (const description of ["epoch 1", "epoch 2", "epoch 3"]) {
    const asked = page.waitForResponse((response) => response.request().method() === "HEAD" && response.url().includes("/images/a.gif"));
    await agnez.patch(_id, { value: "./images/a.gif", description });
    await asked;
    await expect(notes(here)).toContainText(description);
  }
  expect(await picture(here).evaluate((image) => (image as unknown as { loads: string[] }).loads)).toEqual([]);
  // And a change of the file is still seen.
  writeFileSync(join(agnez.images, "a.gif"), gif([BLUE], 32));
  await agnez.patch(_id, { value: "./images/a.gif" });
  await expect.poll(() => picture(here).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(32);
});

test("a data: address", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "sample", type: "img", value: dataUri(gif([BLUE])) });
  await openBoard(page);
  await expect.poll(() => colour(picture(cell(page, _id)))).toEqual(BLUE);
  await agnez.patch(_id, { value: dataUri(gif([GREEN])) });
  await expect.poll(() => colour(picture(cell(page, _id)))).toEqual(GREEN);
});

test("an address on another machine", async ({ page, agnez, stranger, problems }) => {
  problems.allow(new RegExp(`request to another place: ${stranger.url}`));
  stranger.pages.set("/plot.gif", gif([RED], 48));
  const url = `${stranger.url}/plot.gif?signature=abc`;
  const { _id } = await agnez.create({ name: "sample", type: "img", value: url });
  await openBoard(page);
  const width = () => picture(cell(page, _id)).evaluate((image: HTMLImageElement) => image.naturalWidth);
  await expect.poll(width).toBe(48);
  expect(stranger.hits, "a signed address is used as it is").toContain("GET /plot.gif?signature=abc");
  stranger.pages.set("/plot.gif", gif([RED], 56));
  await agnez.patch(_id, { value: url });
  await expect.poll(width).toBe(56);
  for (const hit of stranger.hits) expect(hit).toContain("signature=abc");
});

test("a picture that is not there is told in words", async ({ page, agnez, problems }) => {
  problems.allow(/404/);
  const { _id } = await agnez.create({ name: "sample", type: "img", value: "./images/missing.gif" });
  await openBoard(page);
  await expect(stage(cell(page, _id))).toContainText(/missing\.gif could not be loaded/);
  await expect(stage(cell(page, _id))).toContainText(/--images/);
  // It heals when the file comes.
  writeFileSync(join(agnez.images, "missing.gif"), gif([GREEN]));
  await agnez.patch(_id, { value: "./images/missing.gif" });
  await expect.poll(() => colour(picture(cell(page, _id)))).toEqual(GREEN);
  await expect(stage(cell(page, _id))).not.toContainText("could not be loaded");
});

test("no picture is higher than the window, and a strip keeps its pixels", async ({ page, agnez }) => {
  const svg = (width: number, height: number) =>
    `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="red"/></svg>`)}`;
  const sizes = { strip: [10, 4000], ribbon: [4000, 10], tall: [700, 2000], wide: [2000, 700], digit: [28, 28], column: [10, 90] } as const;
  const ids: Record<string, string> = {};
  for (const [name, [width, height]] of Object.entries(sizes)) ids[name] = (await agnez.create({ name, type: "img", value: svg(width, height) }))._id;
  await openBoard(page);
  const size = (name: string) => picture(cell(page, ids[name]!)).evaluate(({ offsetWidth, offsetHeight }: HTMLImageElement) => [offsetWidth, offsetHeight]);
  const most = 0.8 * 800;
  // What is scrolled keeps its size.
  await expect.poll(() => size("strip")).toEqual([10, 4000]);
  await expect.poll(() => size("ribbon")).toEqual([4000, 10]);
  for (const name of ["strip", "ribbon"]) {
    const box = stage(cell(page, ids[name]!)).locator(".picture");
    const [high, inside, wide, across] = await box.evaluate((box) => [box.clientHeight, box.scrollHeight, box.clientWidth, box.scrollWidth]);
    expect(high, name).toBeLessThanOrEqual(most);
    expect([inside! > high!, across! > wide!], name).toEqual([name === "strip", name === "ribbon"]);
  }
  expect(await size("tall")).toEqual([0.35 * most, most]);
  const [wide, high] = await size("wide");
  expect(Math.abs(wide! / high! - 20 / 7)).toBeLessThan(0.02);
  expect(await size("digit")).toEqual([192, 192]);
  expect((await size("column"))[1]).toBe(192);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  // Whole in full screen, where the cell is scrolled.
  for (const name of ["strip", "tall"]) {
    await page.goto(`${agnez.url}/?full=${ids[name]}`);
    await expect(cell(page, ids[name]!)).toHaveClass(/fullscreen/);
    await expect.poll(async () => (await size(name))[1]).toBe(sizes[name as "tall"][1]);
    const [seen, all] = await stage(cell(page, ids[name]!)).evaluate((stage) => [stage.clientHeight, stage.scrollHeight]);
    expect(all).toBeGreaterThan(seen!);
  }
});

test("a cell changes its kind", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "sample", type: "img", value: [] });
  await openBoard(page);
  const here = stage(cell(page, _id));
  await expect(here, "an empty cell says how to fill it").toContainText(`curl -X PATCH ${agnez.url}/values/${_id}`);
  await agnez.patch(_id, { value: dataUri(gif([RED])) });
  await expect.poll(() => colour(picture(cell(page, _id)))).toEqual(RED);
  await agnez.patch(_id, { type: "confusion-matrix", value: { rows: [[1, 2], [3, 4]] } });
  await expect(here).toContainText("confusion-matrix");
  await expect(here).toContainText("rows");
  await expect(here.locator("img")).toHaveCount(0);
  await agnez.patch(_id, { type: "html", value: "<p>a figure</p>" });
  await expect(here.locator("iframe")).toHaveCount(1);
  await agnez.patch(_id, { value: "" });
  await expect(here).toContainText("curl -X PATCH");
});

test("a long text is cut, and says so", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "log", type: "log", value: "0123456789".repeat(100_000) });
  await openBoard(page);
  const here = stage(cell(page, _id));
  await expect(here).toContainText("1\u202f000\u202f00");
  await expect(here).toContainText("beginning");
  expect((await here.textContent())?.length, "the page stays light").toBeLessThan(200_000);
});

test.describe("with --no-external-images", () => {
  test.use({ agnezArgs: ["--no-external-images"] });

  test("the page asks no other machine", async ({ page, agnez, stranger, problems }) => {
    problems.allow(/Content Security Policy/, /csp|BLOCKED/i);
    stranger.pages.set("/plot.gif", gif([RED]));
    const { _id } = await agnez.create({ name: "sample", type: "img", value: `${stranger.url}/plot.gif` });
    await openBoard(page);
    await expect(stage(cell(page, _id))).toContainText("could not be loaded");
    expect(stranger.hits).toEqual([]);
  });
});
