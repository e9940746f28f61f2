// Line charts: what a script sends grows on the canvas, what a person sets is kept, and no point is made up or lost.
import type { Page } from "@playwright/test";

import { append, canvas, colour, drawn, line, pixels, ramp, seen } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

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

test("nothing stands over the plot, and an empty one says why", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => -1 - x) });
  await openBoard(page, `/?zoom=${id}:10:50`);
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

test("settings are the same in every browser, and after a restart", async ({ page, open, agnez }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100, (x) => 10 ** (x / 25)), val: ramp(0, 100, () => 3) });
  const other = await open();
  for (const each of [page, other]) {
    await openBoard(each);
    await drawn(each, id, 200);
  }
  await cell(page, id).focus();
  await page.keyboard.press("l");
  await page.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart).toMatchObject({ y: "log" });

  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  await page.getByLabel("Smoothing").fill("0.9");
  await page.getByRole("button", { name: "Set for everyone" }).click();
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
  await page.getByRole("button", { name: "Set for everyone" }).click();
  for (const id of ids) await expect.poll(async () => (await agnez.call("GET", `/values/${id}`)).json.chart).toMatchObject({ x: "relative" });
});

test("titles of the axes have room beside the plot, here and in exports", async ({ page, agnez }) => {
  const plain = await line(agnez, "plain", { train: ramp(0, 100) });
  const titled = await line(agnez, "titled", { train: ramp(0, 100) });
  const titles = { x_label: "epoch", y_label: "loss in nats" };
  await agnez.call("PATCH", `/values/${titled}`, { chart: titles });
  await openBoard(page);
  for (const id of [plain, titled]) await drawn(page, id, 100);
  await expect(canvas(page, titled)).toHaveAttribute("aria-label", /100 points\. x axis: epoch, y axis: loss in nats\./);
  // The lowest row of the canvas in which a text stands: the title is below the labels of the axis.
  const lowest = (id: string) =>
    canvas(page, id).evaluate((canvas: HTMLCanvasElement) => {
      const { data, width, height } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      for (let row = height - 1; row >= 0; row -= 1) if (data.subarray(row * width * 4, (row + 1) * width * 4).some((byte) => byte > 0)) return row / devicePixelRatio;
      return 0;
    });
  const [without, beside] = [await lowest(plain), await lowest(titled)];
  expect(without).toBeGreaterThan(220);
  expect(beside, "both charts are equally high, and the title ends in the canvas").toBeGreaterThan(without - 6);
  expect(beside).toBeLessThan(240);
  const picture = (await agnez.call("GET", `/values/${titled}.svg`)).text;
  for (const title of Object.values(titles)) expect(picture).toContain(`>${title}</text>`);
  // A setting that is made on the page leaves them as they are; a script that changes one is followed.
  await page.getByRole("button", { name: "All charts" }).click();
  await page.getByLabel(/^x axis/).selectOption("relative");
  await page.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.value(titled)).chart).toEqual({ ...titles, x: "relative" });
  await agnez.call("PATCH", `/values/${titled}`, { chart: { ...titles, x_label: "time" } });
  await expect(canvas(page, titled)).toHaveAttribute("aria-label", /x axis: time, y axis: loss in nats\./);
});

test("titles of the axes are drawn on the canvas", async ({ page, agnez, problems }) => {
  problems.allow(/willReadFrequently/);
  const id = await line(agnez, "titled", { train: ramp(0, 100) });
  await openBoard(page);
  await drawn(page, id, 100);
  const set = (x_label: string, y_label: string) => agnez.call("PATCH", `/values/${id}`, { chart: { x_label, y_label } });
  // How many pixels have ink in the rows of the y axis' title and in those of the x axis', counted from the top and from the bottom.
  const inked = () =>
    canvas(page, id).evaluate((canvas: HTMLCanvasElement) => {
      const rows = Math.round(14 * devicePixelRatio);
      return [0, canvas.height - rows].map((top) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, top, canvas.width, rows);
        return data.filter((byte, at) => at % 4 === 3 && byte > 128).length;
      }) as [number, number];
    });
  const pictured = () => canvas(page, id).evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const bare = await pictured();
  // Any title takes the same room, so that a longer one differs by its letters alone.
  await set("i", "i");
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /x axis: i, y axis: i\./);
  await expect.poll(pictured).not.toBe(bare);
  const [y, x] = await inked();
  await set("epoch", "i");
  await expect.poll(async () => (await inked())[1], "the x axis' title").toBeGreaterThan(x + 30);
  expect((await inked())[0]).toBe(y);
  await set("epoch", "loss in nats");
  await expect.poll(async () => (await inked())[0], "the y axis' title").toBeGreaterThan(y + 60);
  await set("", "");
  await expect.poll(pictured).toBe(bare);
});

test("without JavaScript the chart is a picture", async ({ open, agnez, problems }) => {
  const id = await line(agnez, "loss", { train: ramp(0, 100) });
  problems.allow(/failed request: GET .*\/pkg\/.*\.js: csp/);
  const page = await open({ javaScriptEnabled: false });
  await page.goto("/");
  const picture = cell(page, id).locator(".line-chart svg.static-chart");
  await expect(picture).toBeVisible();
  const box = (await picture.boundingBox())!;
  expect(box.height).toBe(240);
  await expect(picture).toHaveAttribute("aria-label", /^loss: 1 series over steps\. train: last /);
  await expect(cell(page, id).locator(".legend .series")).toHaveText(["train"]);
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
  await expect(cell(page, id).locator(".line-chart .static-chart")).toBeVisible();
  const before = await boxes();
  await drawn(page, id, 100);
  expect(await boxes()).toEqual(before);
  await expect(cell(page, id).locator(".line-chart .static-chart")).toHaveCount(0);
});

test("an empty chart says how to fill it", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "loss", type: "line", value: {} });
  await openBoard(page);
  await expect(cell(page, _id)).toContainText(`${agnez.url}/values/${_id}/points`);
  await append(agnez, _id, { loss: [[0, 2.3]] });
  await expect(canvas(page, _id)).toHaveAttribute("data-points", "1");
  await expect(cell(page, _id).locator(".no-points")).toBeHidden();
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
