// What a reader closes before an answer has come: the page goes on, and what was asked for is neither lost nor left behind unseen.
import type { Locator, Page, Route } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, live, openBoard, openMenu } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const editor = (page: Page): Locator => page.locator("dialog.text-editor");
const source = (page: Page): Locator => editor(page).getByLabel("Markdown");
const share = (page: Page): Locator => page.getByRole("dialog", { name: "Share this board" });
const toast = (page: Page, text: string): Locator => page.locator(".toast").filter({ hasText: text });

const busy = (route: Route): Promise<void> =>
  route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ name: "Unavailable", message: "The disk is full.", code: 503, className: "unavailable" }) });

/** Holds the requests of a method to an address. The function that it resolves to lets them go, and waits until an answer has come. */
async function hold(page: Page, method: string, url: string, answer = (route: Route): Promise<void> => route.continue()): Promise<() => Promise<void>> {
  let release = (): void => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route(url, async (route) => {
    if (route.request().method() !== method) return route.continue();
    await held;
    return answer(route);
  });
  return async () => {
    const come = page.waitForResponse((response) => response.request().method() === method);
    release();
    await (await come).finished();
    await page.unroute(url);
  };
}

/** The text "one" of the cell "t" is open in its editor, in which somebody has written "two". */
async function writeDraft(page: Page, agnez: Agnez): Promise<void> {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("one");
  await source(page).fill("two");
}

test("an editor that is closed before its text has come can be opened again", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  const release = await hold(page, "GET", "**/values/t");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(editor(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(editor(page)).toHaveCount(0);
  await release();
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("one");
});

test("a save that fails after its editor was closed says so, and the draft is there", async ({ page, agnez, problems }) => {
  problems.allow(/503 \(Service Unavailable\)/);
  await writeDraft(page, agnez);
  const release = await hold(page, "PATCH", "**/values/t", busy);
  await page.keyboard.press("Control+Enter");
  await expect(source(page)).not.toBeEditable();
  await page.keyboard.press("Escape");
  await expect(editor(page)).toHaveCount(0);
  await release();
  await expect(toast(page, "The text was not saved, its editor has it: The disk is full.")).toHaveRole("alert");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("two");
});

test("a save that is answered late leaves what was typed since", async ({ page, agnez }) => {
  await writeDraft(page, agnez);
  const release = await hold(page, "PATCH", "**/values/t");
  await page.keyboard.press("Control+Enter");
  await expect(source(page)).not.toBeEditable();
  await page.keyboard.press("Escape");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("two");
  await source(page).fill("two and three");
  await release();
  await expect(toast(page, "Saved the text.")).toBeVisible();
  await page.keyboard.press("Escape");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("two and three");
});

test("a text that cannot be read is read again on demand", async ({ page, agnez, problems }) => {
  problems.allow(/503 \(Service Unavailable\)/);
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  await page.route("**/values/t", busy);
  await openMenu(cell(page, "t"), "Edit text");
  await expect(editor(page).getByRole("alert")).toHaveText("The disk is full.");
  await page.unroute("**/values/t");
  await editor(page).getByRole("button", { name: "Try again" }).click();
  await expect(source(page)).toHaveValue("one");
  await expect(editor(page).getByRole("button", { name: "Try again" })).toBeHidden();
});

test("a draft is thrown away once the stored text is there", async ({ page, agnez, problems }) => {
  problems.allow(/503 \(Service Unavailable\)/);
  await writeDraft(page, agnez);
  await page.route("**/values/t", busy);
  const discard = editor(page).getByRole("button", { name: "Discard the draft" });
  await discard.click();
  await expect(editor(page).getByRole("alert")).toHaveText("The disk is full.");
  await expect(source(page)).toHaveValue("two");
  await expect(source(page), "it can be gone on with").toBeEditable();
  await page.unroute("**/values/t");
  await discard.click();
  await expect(source(page)).toHaveValue("one");
  await expect(editor(page).getByRole("alert")).toBeHidden();
});

test.describe("with tokens", () => {
  test.use({ agnezArgs: ["--require-token"] });

  test("a link that nobody has seen is revoked again", async ({ page, agnez, problems }) => {
    problems.allow(/401 \(Unauthorized\)/);
    const writer = await newToken(agnez, "write");
    await agnez.call("POST", "/values", { _id: "a", name: "a" }, writer.headers);
    const names = async (): Promise<string[]> =>
      (await agnez.call("GET", "/shares?board=main", undefined, writer.headers)).json.map((one: { name: string }) => one.name);
    await page.goto(`/b/main#token=${writer.token}`);
    await live(page);
    await page.getByRole("button", { name: "Share" }).click();
    await share(page).getByLabel("For whom").fill("nobody");
    const made = await hold(page, "POST", "**/shares");
    await share(page).getByRole("button", { name: "Make a link" }).click();
    await page.keyboard.press("Escape");
    await expect(share(page)).toHaveCount(0);
    await made();
    await expect.poll(names).toEqual([]);

    await page.getByRole("button", { name: "Share" }).click();
    await share(page).getByLabel("For whom").fill("a colleague");
    const two = await hold(page, "POST", "**/shares");
    await share(page).getByRole("button", { name: "Make a link" }).click();
    await share(page).getByLabel("For whom").press("Enter");
    await expect(share(page).getByRole("button", { name: "Make a link" })).toBeDisabled();
    await two();
    await expect(share(page).getByLabel("Link", { exact: true })).toBeVisible();
    expect(await names()).toEqual(["a colleague"]);
    const revoked = await hold(page, "DELETE", "**/shares/*");
    await share(page).getByRole("button", { name: "Revoke the link a colleague" }).click();
    await share(page).getByRole("button", { name: "Revoke it" }).click();
    await page.keyboard.press("Escape");
    await expect(share(page)).toHaveCount(0);
    await revoked();
    await page.getByRole("button", { name: "Share" }).click();
    await expect(share(page)).toBeVisible();
    await expect(share(page).getByRole("listitem")).toHaveCount(0);
  });
});
