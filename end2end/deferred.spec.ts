// The second part of the page's code: it comes when the browser is idle, or when a reader opens something of it.
import type { Page } from "@playwright/test";

import { openBoard } from "./support/page.ts";
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
