// The second part of the page's code: it comes when the browser is idle, or when a reader opens something of it.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { canvas, drawn, ramp, seen } from "./support/line.ts";
import { awake, cell, cells, openBoard } from "./support/page.ts";
import { listed, log, panel as runs, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const PART = /\/pkg\/agnez-deferred\.[0-9a-f]{8}\.wasm$/;

const panel = (page: Page) => page.getByRole("complementary", { name: "Layout" });
const press = (page: Page) => page.getByRole("button", { name: "Layout", exact: true }).click();

test("a page loads the second part when it is idle, and has it after the server has ended", async ({ page, agnez, problems }) => {
  problems.allow(/WebSocket connection to/, /ERR_CONNECTION_(REFUSED|RESET|CLOSED)/, /ERR_EMPTY_RESPONSE/);
  const part = page.waitForResponse((response) => PART.test(response.url()));
  await openBoard(page);
  const reply = await part;
  const headers = await reply.allHeaders();
  expect(headers).toMatchObject({ "content-type": "application/wasm", "content-encoding": "br" });
  expect(headers["cache-control"]).toMatch(/immutable/);
  await reply.finished();
  // Instantiated, too: the list of keys is in it.
  await expect(page.locator("#help dt").first()).toBeAttached();
  await agnez.end("SIGTERM");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" }).getByText("This help", { exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await press(page);
  await expect(panel(page)).toBeVisible();
});

test("a reader who opens something of the second part does not wait for an idle browser", async ({ page }) => {
  await page.addInitScript(() => Object.assign(window, { requestIdleCallback: () => 1 }));
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await openBoard(page);
  await press(page);
  await expect(panel(page)).toBeVisible();
  expect(requested.filter((url) => PART.test(url))).toHaveLength(1);
});

test("a part that cannot be loaded says so, and comes when it can", async ({ page, problems }) => {
  problems.allow(/agnez-deferred/, /Failed to fetch/);
  let isRefused = true;
  await page.route(PART, (route) => (isRefused ? route.abort("connectionrefused") : route.continue()));
  await openBoard(page);
  await press(page);
  await expect(page.getByRole("alert").filter({ hasText: "This part of the page could not be loaded." })).toBeVisible();
  await expect(panel(page)).toHaveCount(0);
  isRefused = false;
  // The page tries again by itself: what the reader has opened comes then.
  await expect(panel(page)).toBeVisible();
});

/** Opens a board of two sections. The part comes when something needs it, and not before the answer is called. */
async function openHeld(page: Page, agnez: Agnez): Promise<{ charts: Record<string, string>; release: () => Promise<void> }> {
  const steps = ramp(0, 40).map(([step, y]) => ({ step, "body/loss": Number(y), "other/acc": step }));
  const charts = await log(agnez, "b", "first", steps);
  await log(agnez, "b", "second", steps);
  await page.addInitScript(() => Object.assign(window, { requestIdleCallback: () => 1 }));
  let come = () => {};
  const held = new Promise<void>((done) => (come = done));
  await page.route(PART, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/b/b");
  await awake(page);
  return {
    charts,
    release: async () => {
      come();
      // The list of keys is in it.
      await expect(page.locator("#help dt").first()).toBeAttached();
    },
  };
}

const LOADING = "Loading…";

test("what is opened before the part is there says so, and has its content then", async ({ page, agnez }) => {
  const { charts, release } = await openHeld(page, agnez);
  const banner = page.getByRole("banner");
  const openings: [string, () => Promise<void>, Locator][] = [
    ["views", () => banner.locator(".views-button").click(), page.locator("#views")],
    ["title", () => banner.getByRole("heading").getByRole("button").click(), page.locator("#boards")],
    ["all charts", () => page.getByRole("button", { name: "All charts", exact: true }).click(), page.locator("#chart-panel")],
    ["columns", () => runs(page).getByTitle("Columns of the table").click(), page.locator("#column-menu")],
    ["keys", () => page.keyboard.press("?"), page.locator("#help")],
  ];
  for (const [name, open, place] of openings) {
    await open();
    await expect(place.getByText(LOADING), name).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(place, name).toBeHidden();
  }
  await row(page, "first").locator(".run-name").click();
  await expect(runs(page).getByText(LOADING).filter({ visible: true })).toHaveCount(1);
  await page.goBack();
  await expect(runs(page).getByText(LOADING).filter({ visible: true })).toHaveCount(0);
  // Menus that stand beside their button come with the part.
  await cell(page, charts["body/loss"]!).getByRole("button", { name: /^Menu of/ }).click();
  await expect(page.getByRole("menu")).toHaveCount(0);
  await release();
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await page.keyboard.press("Escape");
  for (const [name, open, place] of openings) {
    await open();
    await expect(place.locator("button, input, dt").filter({ visible: true }).first(), name).toBeVisible();
    await expect(place.getByText(LOADING), name).toHaveCount(0);
    await page.keyboard.press("Escape");
    await expect(place, name).toBeHidden();
  }
});

test("the menu of a section that is opened before the part is there opens with it", async ({ page, agnez }) => {
  const { release } = await openHeld(page, agnez);
  await page.getByRole("button", { name: "Menu of the section body" }).click();
  await expect(page.getByRole("menu")).toHaveCount(0);
  await release();
  await expect(page.getByRole("menu", { name: "Section body" })).toBeVisible();
});

test("searches need no part, and the filter is in the address once it is there", async ({ page, agnez }) => {
  const { charts, release } = await openHeld(page, agnez);
  await page.keyboard.press("/");
  await page.keyboard.type("loss");
  await expect(cell(page, charts["other/acc"]!)).toBeHidden();
  await expect(cell(page, charts["body/loss"]!)).toBeVisible();
  await page.getByRole("combobox", { name: "Search runs" }).fill("name:second");
  await expect.poll(() => listed(page)).toEqual(["second"]);
  await expect(page).toHaveURL(/q=name%3Asecond/);
  // Something needs the part.
  await page.getByRole("banner").locator(".views-button").click();
  await release();
  await expect(page).toHaveURL(/filter=loss/);
  await expect(page).toHaveURL(/q=name%3Asecond/);
});

test("keys that are pressed before the part is there are no other commands", async ({ page, agnez }) => {
  const { charts, release } = await openHeld(page, agnez);
  const one = cell(page, charts["body/loss"]!);
  await drawn(page, charts["body/loss"]!, 80);
  await one.focus();
  // The name stays in sight, and what is typed meanwhile adds, deletes and zooms nothing.
  await page.keyboard.press("e");
  await page.keyboard.type("n0fL");
  await page.keyboard.press("Delete");
  await expect(one.getByRole("heading")).toBeVisible();
  await expect(one).not.toHaveClass(/fullscreen/);
  await expect(cells(page)).toHaveCount(2);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "body", exact: true }).press("F2");
  await page.keyboard.type("n");
  await expect(page.getByRole("button", { name: "body", exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await one.focus();
  await page.keyboard.press("+");
  await page.keyboard.press("e");
  await release();
  await expect(page.getByRole("textbox", { name: "Name", exact: true })).toBeFocused();
  await expect(page.getByRole("textbox", { name: "Name of the section" })).toHaveCount(0);
  await expect(cells(page)).toHaveCount(2);
  await page.keyboard.press("Escape");
  expect(await seen(page, charts["body/loss"]!)).toEqual([0, 39]);
  await page.keyboard.press("+");
  await expect.poll(async () => (await seen(page, charts["body/loss"]!))[0]).toBeGreaterThan(0);
  await expect(canvas(page, charts["body/loss"]!)).toBeVisible();
});
