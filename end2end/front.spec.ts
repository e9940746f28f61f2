// The list of boards: read, searched, changed by pointer, keys and touch, and live in every open page.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { live } from "./support/page.ts";
import { curve, log, patchRun } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const rows = (page: Page): Locator => page.locator("main tbody tr");
const row = (page: Page, name: string): Locator => page.locator(`main tr[data-key="${name}"]`);
const names = (page: Page): Promise<(string | null)[]> => rows(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-key")));
const message = (page: Page): Locator => page.locator(".toast");

async function document(agnez: Agnez, board: string, keys: object): Promise<void> {
  expect((await agnez.call("PATCH", `/boards/${board}`, keys)).status).toBe(200);
}

async function openList(page: Page, path = "/"): Promise<void> {
  await page.goto(path);
  await live(page);
}

async function choose(page: Page, name: string, item: string): Promise<void> {
  await row(page, name).getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("the list has the boards with their figures, and leads to them", async ({ page, agnez }) => {
  await log(agnez, "digits", "first", curve("val/acc", 40, 0, (step) => step / 50));
  await patchRun(agnez, "digits", "first", { status: "failed" });
  await document(agnez, "digits", { title: "Handwritten digits", description: "# One hidden layer" });
  await agnez.create({ board: "notes", name: "a note", type: "text", value: "1" });
  await openList(page);
  await expect(page).toHaveTitle("Boards · Agnez");
  await expect(page.getByRole("heading", { name: "Boards 2" })).toBeVisible();
  for (const text of ["Handwritten digits", "One hidden layer", "1 run", "now", "val/acc max"]) await expect(row(page, "digits")).toContainText(text);
  await expect(row(page, "digits").locator("b")).toHaveText("0.7800");
  await expect(row(page, "digits").locator("svg path").first()).toHaveAttribute("d", /^M4.0 26.0L/);
  await expect(row(page, "notes")).toContainText("1 cell");
  // The whole row is the link.
  await row(page, "digits").locator(".ago").click({ force: true });
  await expect(page).toHaveURL(`${agnez.url}/b/digits`);
  await live(page);
  await page.getByRole("link", { name: "Agnez" }).click();
  await live(page);
  await expect(rows(page)).toHaveCount(2);
});

test("two browsers see boards appear, change, go and come back, without a reload", async ({ page, open, agnez }) => {
  await document(agnez, "one", { title: "One" });
  await document(agnez, "two", { title: "Two" });
  const other = await open(PHONE);
  for (const browser of [page, other]) await openList(browser);
  await page.evaluate(() => Object.assign(window, { isSame: true }));

  await log(agnez, "three", "run", [{ step: 0, loss: 1 }]);
  for (const browser of [page, other]) await expect(row(browser, "three").locator(".running")).toBeVisible();
  await patchRun(agnez, "three", "run", { status: "failed" });
  for (const browser of [page, other]) {
    await expect(row(browser, "three").locator(".failed")).toBeVisible();
    await expect(row(browser, "three").locator(".running")).toHaveCount(0);
  }

  await choose(page, "one", "Delete");
  await expect(message(page)).toContainText("Deleted ‘One’.");
  for (const browser of [page, other]) await expect(row(browser, "one")).toHaveCount(0);
  await expect(other.getByRole("link", { name: "Trash (1)" })).toBeVisible();
  await message(page).getByRole("button", { name: "Undo" }).click();
  for (const browser of [page, other]) await expect(row(browser, "one")).toBeVisible();

  // By touch, with another title.
  await row(other, "two").getByRole("button", { name: "Menu of Two" }).tap();
  await other.getByRole("menuitem", { name: "Rename" }).tap();
  await other.getByLabel("Title").fill("Second");
  await other.getByRole("button", { name: "Rename" }).tap();
  for (const browser of [page, other]) await expect(row(browser, "two").getByRole("link")).toHaveText("Second");
  expect(await page.evaluate(() => "isSame" in window), "nothing was loaded again").toBe(true);
});

test("boards are archived apart, and come back", async ({ page, agnez }) => {
  for (const name of ["one", "two", "three"]) await document(agnez, name, { title: name });
  await openList(page);
  await choose(page, "two", "Archive");
  await expect(row(page, "two")).toHaveCount(0);
  await page.getByRole("link", { name: "Archived (1)" }).click();
  await live(page);
  await expect(page).toHaveURL(/\/b\?show=archived$/);
  expect(await names(page)).toEqual(["two"]);
  await choose(page, "two", "Back to the list");
  await expect(page.getByText("No board is archived.")).toBeVisible();
  await message(page).getByRole("button", { name: "Undo" }).click();
  await expect(row(page, "two")).toBeVisible();
});

test("a search finds titles in any normal form, and stands in the address", async ({ page, agnez }) => {
  await document(agnez, "run-7", { title: "Gr\u00f6\u00dfenwahn" });
  await document(agnez, "run-8", { title: "plain" });
  await openList(page);
  await page.keyboard.press("/");
  // As a Mac writes it: an o and a diaeresis.
  await page.keyboard.type("gro\u0308\u00dfen");
  await expect(rows(page)).toHaveCount(1);
  await expect(row(page, "run-7")).toBeVisible();
  expect(new URL(page.url()).searchParams.get("find")).toBe("gro\u0308\u00dfen");
  await page.reload();
  await live(page);
  await expect(page.getByRole("searchbox")).toHaveValue("gro\u0308\u00dfen");
  expect(await names(page)).toEqual(["run-7"]);

  await page.getByRole("searchbox").fill("Brand new");
  await expect(page.getByText("No board matches ‘Brand new’.")).toBeVisible();
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByLabel("Title")).toHaveValue("Brand new");
  await expect(page.getByText("In scripts and addresses: brand-new")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${agnez.url}/b/brand-new`);
  await live(page);
  expect((await agnez.call("GET", "/boards/brand-new")).json.title).toBe("Brand new");
});

test("by keys alone", async ({ page, agnez }) => {
  for (const name of ["a", "b", "c"]) await document(agnez, name, { title: name });
  await openList(page);
  expect(await names(page)).toEqual(["a", "b", "c"]);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("link", { name: "b", exact: true })).toBeFocused();
  await page.keyboard.press("e");
  await expect(page.getByLabel("Title")).toBeFocused();
  await page.keyboard.type("B, renamed");
  await page.keyboard.press("Enter");
  await expect(row(page, "b").getByRole("link")).toHaveText("B, renamed");
  await expect(row(page, "b").getByRole("link")).toBeFocused();

  // The menu: arrows, letters of no other meaning, Escape back to its button.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("menuitem", { name: "Delete" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toBeHidden();
  await expect(page.getByRole("button", { name: "Menu of B, renamed" })).toBeFocused();

  await page.keyboard.press("Delete");
  await expect(row(page, "b")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "c", exact: true })).toBeFocused();

  await page.keyboard.press("n");
  await page.keyboard.type("A");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("There is a board 'a' already");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
});

test("the trash gives boards back, and is emptied", async ({ page, agnez }) => {
  for (const name of ["a", "b", "c"]) await document(agnez, name, { title: name });
  await agnez.call("DELETE", "/boards/a");
  await agnez.call("DELETE", "/boards/b");
  await openList(page, "/b");
  await page.getByRole("link", { name: "Trash (2)" }).click();
  await live(page);
  await page.getByRole("button", { name: "Restore a" }).click();
  await expect(row(page, "a")).toHaveCount(0);
  expect((await agnez.call("GET", "/boards/a")).json.title).toBe("a");
  const empty = page.getByRole("button", { name: "Empty the trash" });
  await empty.click();
  await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(empty).toBeFocused();
  await expect(row(page, "b")).toBeVisible();
  await empty.click();
  // The question stays while the list is drawn again.
  await agnez.call("DELETE", "/boards/c");
  await expect(row(page, "c")).toBeVisible();
  await page.getByRole("button", { name: "Empty it" }).click();
  await expect(page.getByText("The trash is empty.")).toBeVisible();
  expect((await agnez.call("POST", "/boards/b/restore")).status).toBe(404);
});

test("rows stay under the pointer while others change", async ({ page, agnez }) => {
  for (const name of ["a", "b", "c"]) await document(agnez, name, { title: name });
  await openList(page);
  await row(page, "b").hover();
  await log(agnez, "c", "run", [{ step: 0, loss: 1 }]);
  await expect(row(page, "c").locator(".running")).toBeVisible();
  expect(await names(page)).toEqual(["a", "b", "c"]);
  await page.mouse.move(5, 5);
  await expect.poll(() => names(page)).toEqual(["c", "a", "b"]);
});

test("a lost server is said, and the list follows again", async ({ page, agnez, problems }) => {
  problems.allow(/ERR_CONNECTION|Failed to load resource|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/);
  for (const name of ["a", "b"]) await document(agnez, name, { title: name });
  await openList(page);
  await agnez.end();
  await expect(page.getByRole("status").first()).toHaveText("reconnecting");
  await agnez.restart();
  await live(page);
  await document(agnez, "c", { title: "c" });
  await expect(row(page, "c")).toBeVisible();
});

test("where a proxy answers at once, the list is asked for once a second, and only a list is taken", async ({ page, agnez }) => {
  for (const name of ["a", "b"]) await document(agnez, name, { title: name });
  const asked: number[] = [];
  let isLogin = false;
  await page.route(/\/b$/, async (route) => {
    if (!route.request().headers()["prefer"]) return route.continue();
    asked.push(Date.now());
    if (isLogin) return route.fulfill({ contentType: "text/html", body: "<form>Sign in</form>" });
    // Without the tag and the wish to wait.
    const { prefer: _, "if-none-match": __, ...headers } = route.request().headers();
    return route.continue({ headers });
  });
  await page.goto("/");
  await expect.poll(() => asked.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(5);
  // Each is seen a little later than it was sent, on a busy machine by more.
  expect((asked[4]! - asked[0]!) / 4, JSON.stringify(asked)).toBeGreaterThan(700);
  isLogin = true;
  await expect(page.getByRole("status").first()).toHaveText("reconnecting");
  expect(await names(page), "what is no list replaces none").toEqual(["a", "b"]);
});

test("a board is renamed, described, archived and deleted on its own page, in step with another browser", async ({ page, open, agnez }) => {
  await agnez.create({ board: "digits", name: "a note", type: "text", value: "1" });
  await agnez.create({ board: "other", name: "a note", type: "text", value: "1" });
  const other = await open();
  for (const browser of [page, other]) await openList(browser, "/b/digits");
  const act = async (item: string) => {
    await page.getByRole("banner").getByRole("heading").getByRole("button").click();
    await page.locator("#boards").getByRole("button", { name: item }).click();
  };
  await act("Rename");
  await expect(page.getByLabel("Title of the board")).toBeFocused();
  await page.keyboard.type("Handwritten digits");
  await page.keyboard.press("Enter");
  for (const browser of [page, other]) {
    await expect(browser.getByRole("banner").getByRole("heading")).toHaveText("Handwritten digits");
    await expect(browser).toHaveTitle("Handwritten digits · Agnez");
  }

  await act("Edit description");
  await expect(page.getByLabel("Description of the board")).toBeFocused();
  await page.keyboard.type("Is **0.003** better? <b>no</b> [paper](https://example.org/)");
  await page.keyboard.press("Control+Enter");
  for (const browser of [page, other]) {
    const description = browser.locator(".board-description");
    await expect(description.locator("strong")).toHaveText("0.003");
    await expect(description.getByRole("link")).toHaveAttribute("rel", "noopener noreferrer");
    await expect(description.locator("b"), "HTML is text").toHaveCount(0);
  }
  await page.locator(".board-description strong").click();
  await expect(page.getByLabel("Description of the board")).toHaveValue(/^Is \*\*0\.003/);
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("Description of the board")).toHaveCount(0);

  await act("Archive");
  await expect(message(page)).toContainText("Archived the board.");
  expect((await agnez.call("GET", "/boards/digits")).json.archived).toBe(true);
  await message(page).getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await agnez.call("GET", "/boards/digits")).json.archived).toBeUndefined();

  await act("Delete the board");
  for (const browser of [page, other]) await expect(browser.locator("article")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  for (const browser of [page, other]) await expect(browser.locator("article")).toHaveCount(1);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the list can be read and searched", async ({ page, agnez, problems }) => {
    problems.allow(/\/pkg\/.*\.js: csp/);
    for (const name of ["alpha", "beta"]) await document(agnez, name, { title: `Board ${name}` });
    await page.goto("/");
    await expect(rows(page)).toHaveCount(2);
    await expect(page.getByRole("button", { name: "New board" }), "a button that cannot work is not offered").toBeHidden();
    await page.getByRole("searchbox").fill("board beta");
    await page.getByRole("searchbox").press("Enter");
    await expect(rows(page)).toHaveCount(1);
    await page.getByRole("link", { name: "Board beta" }).click();
    await expect(page).toHaveURL(`${agnez.url}/b/beta`);
  });
});

test.describe("with tokens", () => {
  test.use({ agnezArgs: ["--require-token"] });

  test("who may only read is offered nothing that writes", async ({ page, agnez, problems }) => {
    problems.allow(/console error: Failed to load resource: the server responded with a status of 401/);
    const [writer, reader] = [await newToken(agnez, "write"), await newToken(agnez, "read")];
    for (const board of ["a", "b"]) await agnez.call("POST", "/values", { board, name: "cell" }, writer.headers);
    await page.goto(`/#token=${reader.token}`);
    await live(page);
    await expect(rows(page)).toHaveCount(2);
    await expect(page.getByRole("button")).toHaveText(["", "?"]);
    for (const key of ["n", "j", "e", "Delete"]) await page.keyboard.press(key);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await agnez.call("POST", "/values", { board: "c", name: "cell" }, writer.headers);
    await expect(row(page, "c"), "and follows").toBeVisible();

    const own = await page.context().newPage();
    await own.goto(`/b#token=${writer.token}`);
    await live(own);
    await choose(own, "a", "Delete");
    for (const browser of [page, own]) await expect(row(browser, "a")).toHaveCount(0);
  });
});

test.describe("on a phone", () => {
  test.use(PHONE);

  test("boards are cards, large enough for a finger", async ({ page, agnez }) => {
    await log(agnez, "digits", "first", curve("val/acc", 40));
    await document(agnez, "long", { title: "A title that is much longer than a phone is wide", description: "and a description that is longer still" });
    await openList(page);
    expect(await page.evaluate(() => globalThis.document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    for (const button of await page.getByRole("button").all()) {
      const box = await button.boundingBox();
      expect(Math.min(box!.width, box!.height), await button.getAttribute("aria-label") ?? "").toBeGreaterThanOrEqual(34);
    }
    await row(page, "digits").tap();
    await expect(page).toHaveURL(`${agnez.url}/b/digits`);
  });
});
