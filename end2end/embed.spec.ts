// Pages of an allowed origin show boards in frames and drawings as images; other pages show neither.
import type { Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { Stranger } from "./support/stranger.ts";
import { expect, test } from "./support/test.ts";

let notebook: Stranger;

test.use({
  agnezArgs: async ({}, use) => {
    notebook = await Stranger.start();
    await use(["--allow-embed", notebook.url]);
    notebook.stop();
  },
});

/** Opens a page of another origin, with a board in a frame and a drawing. */
async function visit(page: Page, site: Stranger, agnez: Agnez): Promise<void> {
  const drawing = `<img src="${agnez.url}/values/loss.svg?width=400" referrerpolicy="origin">`;
  site.pages.set("/lab", `<!DOCTYPE html>${drawing}<iframe src="${agnez.url}/b/main" width="900" height="600"></iframe>`);
  await page.goto(`${site.url}/lab`);
}

const width = (page: Page) => page.locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth);

test.beforeEach(async ({ agnez, problems }) => {
  problems.allow(/request to another place: http:\/\/127\.0\.0\.1:/);
  await agnez.call("POST", "/values", { _id: "loss", type: "line", name: "Loss", value: { series: { train: [3, 2, 1] } } });
});

test("a notebook shows a drawing, and a board that is live", async ({ page, agnez, problems }) => {
  // The frame begins as any page from elsewhere: with the question for a token, which this user does not need.
  problems.allow(/Failed to load resource: the server responded with a status of 401/);
  await visit(page, notebook, agnez);
  await expect.poll(() => width(page)).toBe(400);
  const board = page.frameLocator("iframe");
  await expect(board.getByRole("heading", { name: "Loss" })).toBeVisible();
  await agnez.call("POST", "/values", { _id: "later", name: "Later", type: "html", value: "<p>a figure in a board in a notebook</p>" });
  await expect(board.getByRole("heading", { name: "Later" })).toBeVisible();
  await expect(board.frameLocator("iframe").first().locator("p")).toHaveText("a figure in a board in a notebook");
});

test("another page shows neither", async ({ page, agnez, problems }) => {
  problems.allow(/Failed to load resource/, /Refused to frame|frame-ancestors/, /failed request: GET .*\/(values\/loss\.svg|b\/main)/);
  const other = await Stranger.start();
  await visit(page, other, agnez);
  await expect.poll(() => page.locator("img").evaluate((image: HTMLImageElement) => image.complete)).toBe(true);
  expect(await width(page)).toBe(0);
  await expect(page.frameLocator("iframe").getByRole("heading", { name: "Loss" })).toHaveCount(0);
  other.stop();
});
