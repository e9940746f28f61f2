// The panel of a chart, and what is taken along: pictures and drawings as they are seen.
import { readFileSync } from "node:fs";

import type { Download, Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, openBoard, openMenu } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

async function line(agnez: Agnez, keys: object, series: Record<string, number[]>): Promise<string> {
  const { _id } = await agnez.create({ type: "line", ...keys });
  expect((await agnez.call("POST", `/values/${_id}/points`, series)).status).toBe(201);
  return _id;
}

async function openPanel(page: Page, id: string): Promise<Locator> {
  await expect(cell(page, id).locator("canvas")).toHaveAttribute("data-points", /[1-9]/);
  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Chart", exact: true });
  await expect(panel).toBeVisible();
  return panel;
}

function overlap(a: { x: number; y: number; width: number; height: number }, b: typeof a): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

test("the panel says for whom it is, and leaves its chart in sight", async ({ page, agnez }) => {
  const ids: string[] = [];
  for (const pos of [0, 1, 2, 3]) ids.push(await line(agnez, { name: `chart ${pos}`, pos }, { train: [1, 2, 3] }));
  await openBoard(page);
  for (const size of [{ width: 1280, height: 800 }, { width: 910, height: 800 }, { width: 660, height: 800 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    for (const id of ids) {
      const panel = await openPanel(page, id);
      await expect(panel).toContainText("For everyone");
      const [box, chart] = [(await panel.boundingBox())!, (await cell(page, id).locator("canvas").boundingBox())!];
      expect(overlap(box, chart), `${size.width} pixels, ${id}`).toBe(false);
      expect(chart.y, "the chart is in sight").toBeGreaterThanOrEqual(0);
      expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(size.width);
      await page.keyboard.press("Escape");
      await expect(panel).toBeHidden();
    }
  }
});

test("Escape closes the panel before full screen", async ({ page, agnez }) => {
  const id = await line(agnez, { name: "loss" }, { train: [1, 2, 3] });
  await openBoard(page);
  await cell(page, id).focus();
  await page.keyboard.press("f");
  const panel = await openPanel(page, id);
  await expect.poll(async () => overlap((await panel.boundingBox())!, (await cell(page, id).locator("canvas").boundingBox())!)).toBe(false);
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(cell(page, id)).toHaveClass(/\bfullscreen\b/);
  await page.keyboard.press("?");
  await expect(page.locator("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog")).toBeHidden();
  await expect(cell(page, id)).toHaveClass(/\bfullscreen\b/);
  await page.keyboard.press("Escape");
  await expect(cell(page, id)).not.toHaveClass(/\bfullscreen\b/);
});

test("a setting that was not stored is not shown", async ({ page, agnez, problems }) => {
  problems.allow(/503/);
  const id = await line(agnez, { name: "loss", chart: { smooth: 0.5 } }, { train: [1, 2, 3] });
  await openBoard(page);
  await page.route("**/rpc/**", (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ name: "Unavailable", message: "The server is busy.", code: 503, className: "unavailable", data: {}, errors: {} }) }));
  const panel = await openPanel(page, id);
  await panel.getByLabel("Weight").fill("0.9");
  await panel.getByLabel("Weight").press("Enter");
  await panel.getByRole("button", { name: "Set for everyone" }).click();
  await expect(page.getByRole("alert")).toContainText("The server is busy.");
  await expect(panel).toBeHidden();
  await openPanel(page, id);
  await expect(panel.getByLabel("Weight"), "his own choice stays").toHaveValue("0.9");
  await panel.getByRole("button", { name: "Reset" }).click();
  await expect(panel.getByLabel("Weight")).toHaveValue("0.5");
  await panel.getByLabel("Unit").fill("nats");
  await panel.getByLabel("Unit").press("Enter");
  await expect(panel).toBeHidden();
  await openPanel(page, id);
  await expect(panel.getByLabel("Unit")).toHaveValue("");
});

test("smoothing is told and typed as a number", async ({ page, agnez }) => {
  const id = await line(agnez, { name: "loss", chart: { smooth: 0.25 } }, { train: [1, 2, 3] });
  const chosen = () => Number(new URL(page.url()).searchParams.get("charts")?.replace(/^.*:smooth:/, ""));
  await openBoard(page);
  const panel = await openPanel(page, id);
  const [slider, weight] = [panel.getByRole("slider", { name: "Smoothing" }), panel.getByRole("spinbutton", { name: "Weight" })];
  await expect(weight).toHaveValue("0.25");
  await weight.fill("0.85");
  await expect(slider).toHaveValue("0.85");
  await page.keyboard.press("Enter");
  await expect.poll(chosen).toBe(0.85);
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await expect(weight).toHaveValue("0.851");
  await expect.poll(chosen).toBe(0.851);
  await weight.fill("7");
  await weight.press("Enter");
  await expect.poll(chosen, { message: "no more than can be" }).toBe(0.999);
  await expect(weight).toHaveValue("0.999");
  await weight.fill("");
  await weight.press("Tab");
  expect(chosen(), "nothing typed changes nothing").toBe(0.999);
});

test("where charts differ the panel of all says so", async ({ page, agnez }) => {
  const one = await line(agnez, { name: "one", pos: 0, chart: { x: "wall", smooth: 0.5 } }, { a: [1, 2] });
  const two = await line(agnez, { name: "two", pos: 1, chart: { smooth: 0.5 } }, { a: [1, 2] });
  await openBoard(page);
  const button = page.getByRole("button", { name: "All charts" });
  const panel = page.getByRole("dialog", { name: "All charts" });
  await button.click();
  await expect(panel.getByLabel("x axis").locator("option:checked")).toHaveText("mixed");
  await expect(panel.getByRole("spinbutton")).toHaveValue("0.5");
  await panel.getByLabel("x axis").selectOption("relative");
  await panel.getByRole("button", { name: "Set for everyone" }).click();
  for (const id of [one, two]) await expect.poll(async () => (await agnez.value(id)).chart.x).toBe("relative");
  await page.keyboard.press("Escape");
  await agnez.patch(two, { chart: { x: "relative", smooth: 0.9 } });
  await expect.poll(async () => {
    await button.click();
    const shown = [await panel.getByLabel("x axis").inputValue(), await panel.getByRole("spinbutton").inputValue(), await panel.getByRole("spinbutton").getAttribute("placeholder")];
    await page.keyboard.press("Escape");
    return shown;
  }).toEqual(["relative", "", "mixed"]);
});

/** Width, height, and how many colours a PNG has; the colour of its corner. */
async function looked(page: Page, file: Download): Promise<{ width: number; height: number; colours: number; corner: number[] }> {
  const bytes = readFileSync(await file.path());
  expect(bytes.subarray(1, 4).toString()).toBe("PNG");
  return page.evaluate(async (data) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const pen = canvas.getContext("2d", { willReadFrequently: true })!;
    pen.drawImage(image, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
    return { width: image.width, height: image.height, colours: new Set(pixels).size, corner: [...pen.getImageData(0, 0, 1, 1).data] };
  }, bytes.toString("base64"));
}

for (const scheme of ["light", "dark"] as const) {
  test(`a chart is saved as PNG: ${scheme}`, async ({ page, agnez }) => {
    const id = await line(agnez, { name: "val/loss: run 7" }, { train: [3, 2, 1], val: [3, 2.5, 2] });
    await page.emulateMedia({ colorScheme: scheme });
    await openBoard(page);
    const panel = await openPanel(page, id);
    const asked = page.waitForRequest(/\.svg\?width/);
    const coming = page.waitForEvent("download");
    await panel.getByRole("button", { name: "PNG" }).click();
    const file = await coming;
    expect(file.suggestedFilename()).toMatch(/^val.loss. run 7\.png$/);
    const stage = await cell(page, id).locator(".chart-stage").evaluate((stage) => [stage.clientWidth, stage.clientHeight] as const);
    const seen = await looked(page, file);
    expect([seen.width, seen.height], "twice as fine as the screen").toEqual([2 * stage[0], 2 * stage[1]]);
    expect(seen.colours, "not blank").toBeGreaterThan(20);
    expect(seen.corner, "a ground of its own").toEqual(scheme === "light" ? [255, 255, 255, 255] : [24, 28, 33, 255]);
    const svg = (await agnez.call("GET", new URL((await asked).url()).pathname + new URL((await asked).url()).search)).text;
    for (const text of ["val/loss: run 7", "train", "val"]) expect(svg).toContain(`>${text}</text>`);
  });
}

test("what is saved is what is seen; SVG files are light", async ({ page, agnez }) => {
  const id = await line(agnez, { name: "loss", chart: { hidden: ["c"] } }, { a: [1, 2, 3, 4, 5], "b & d": [2, 3, 4, 5, 6], c: [9, 9, 9, 9, 9] });
  await page.emulateMedia({ colorScheme: "dark" });
  await openBoard(page, `/?zoom=${id}:1:3`);
  await expect(cell(page, id).locator("canvas")).toHaveAttribute("data-to", "3");
  await cell(page, id).getByRole("button", { name: "a", exact: true }).click();
  await cell(page, id).getByRole("button", { name: "c", exact: true }).click();
  await expect(cell(page, id).locator('.legend [aria-pressed="true"]')).toHaveText(["b & d", "c"]);
  const coming = page.waitForEvent("download");
  await openMenu(cell(page, id), "Save as SVG");
  const file = await coming;
  expect(file.suggestedFilename()).toBe("loss.svg");
  const svg = readFileSync(await file.path(), "utf8");
  expect(svg).toContain(">b &amp; d</text>");
  expect(svg).toContain(">c</text>");
  expect(svg).not.toContain(">a</text>");
  expect(svg, "light, also for a reader in the dark").toContain(".b{fill:#ffffff}");
  expect(svg).not.toContain("prefers-color-scheme");
  const picture = page.waitForEvent("download");
  await openMenu(cell(page, id), "Save as PNG");
  expect((await picture).suggestedFilename()).toBe("loss.png");
});

test("a long legend has two rows and counts the rest", async ({ page, agnez }) => {
  const series = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`layer ${at} of the network`, [at, at + 1]]));
  const id = await line(agnez, { name: "norms" }, series);
  const short = await line(agnez, { name: "loss" }, { train: [1, 2] });
  await page.route("**/*.wasm", async (route) => {
    await new Promise((done) => setTimeout(done, 500));
    await route.continue();
  });
  await page.goto("/", { waitUntil: "commit" });
  await expect(page.locator(".grid")).toHaveCSS("display", "grid");
  const height = (id: string) => cell(page, id).evaluate((one) => one.getBoundingClientRect().height);
  await expect(cell(page, short)).toBeVisible();
  const before = [await height(id), await height(short)];
  await expect(cell(page, id).locator("canvas")).toHaveAttribute("data-points", "60");
  await expect(cell(page, short).locator("canvas")).toHaveAttribute("data-points", "2");
  expect([await height(id), await height(short)], "waking moves nothing").toEqual(before);
  const more = cell(page, id).getByRole("button", { name: /^\+ \d+ more$/ });
  const seen = () =>
    cell(page, id).locator(".legend").evaluate((legend) => {
      const bottom = legend.getBoundingClientRect().bottom;
      return [...legend.children].filter((one) => one.getBoundingClientRect().top < bottom - 1).length;
    });
  const left = Number(/\d+/.exec((await more.textContent())!)![0]);
  expect(await seen()).toBe(30 - left);
  expect(left).toBeGreaterThan(0);
  await more.click();
  const names = cell(page, id).locator(".legend .series");
  await expect(more).toBeHidden();
  await names.last().scrollIntoViewIfNeeded();
  await expect(names.last()).toBeInViewport();
  await expect(names).toHaveCount(30);
  await cell(page, id).getByRole("button", { name: "Show fewer" }).click();
  await expect(more).toHaveText(`+ ${left} more`);
  await expect(cell(page, short).locator(".show-more")).toBeHidden();
});
