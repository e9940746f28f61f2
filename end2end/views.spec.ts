// Views: how a reader looks at a board, under a name, for everyone.
import type { Locator, Page } from "@playwright/test";

import { cell, live, openBoard } from "./support/page.ts";
import { log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const STEPS = Array.from({ length: 20 }, (_, step) => ({ step, "train/loss": 1 / (1 + step), "train/acc": step / 20, "optim/lr": 0.1, "optim/norm": step }));

const button = (page: Page): Locator => page.locator(".views-button");
const menu = (page: Page): Locator => page.locator("#views");
const fold = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true }).getByRole("button", { name, exact: true });
const message = (page: Page): Locator => page.locator(".toast");

async function save(page: Page, name: string): Promise<void> {
  await button(page).click();
  await menu(page).getByRole("button", { name: "Save as a new view" }).click();
  await expect(menu(page).getByLabel("Name of the view")).toBeFocused();
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
}

test("a view keeps what is folded, filtered and searched, and opens with it in another browser", async ({ page, open, agnez }) => {
  const cells = await log(agnez, "b", "first", STEPS);
  await openBoard(page, "/b/b?q=name:first");
  const other = await open();
  await openBoard(other, "/b/b");
  await fold(page, "optim").click();
  await page.getByRole("searchbox", { name: "Filter cells by name" }).fill("lo|lr");
  await expect(page).toHaveURL(/filter=lo%7Clr/);
  await save(page, "Lean");
  await expect(message(page)).toContainText("Saved the view ‘Lean’.");
  await expect(button(page)).toHaveText("Lean");
  await expect(page).toHaveURL(/q=name%3Afirst&filter=lo%7Clr&view=|filter=lo%7Clr.*view=/);

  await button(other).click();
  await menu(other).getByRole("link", { name: "Lean" }).click();
  await live(other);
  await expect(button(other)).toHaveText("Lean");
  await expect(other.getByRole("searchbox", { name: "Filter cells by name" })).toHaveValue("lo|lr");
  await expect(cell(other, cells["train/loss"]!)).toBeVisible();
  await expect(cell(other, cells["train/acc"]!)).toBeHidden();
  await other.getByRole("searchbox", { name: "Filter cells by name" }).fill("");
  await expect(fold(other, "optim"), "folded by the view").toHaveAttribute("aria-expanded", "false");
  // What a view folds is not what this reader has folded.
  await button(other).click();
  await menu(other).getByRole("link", { name: "Without a view" }).click();
  await live(other);
  await expect(fold(other, "optim")).toHaveAttribute("aria-expanded", "true");
  // By its name alone.
  await openBoard(other, "/b/b?view=Lean");
  await expect(button(other)).toHaveText("Lean");
  await expect(other).toHaveURL(/filter=lo%7Clr/);
});

test("sizes that are changed in a view are the reader's own until they are saved", async ({ page, open, agnez }) => {
  const cells = await log(agnez, "b", "first", STEPS);
  const id = cells["train/loss"]!;
  const width = (of: Page): Promise<string> => cell(of, id).evaluate((one) => getComputedStyle(one).getPropertyValue("--w"));
  await openBoard(page, "/b/b");
  const other = await open();
  await openBoard(other, "/b/b");
  await save(page, "Large");
  await expect(button(page)).toHaveText("Large");
  await cell(page, id).getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menuitemradio", { name: "full" }).click();
  await expect.poll(() => width(page)).toBe("12");
  await expect(message(page).last()).toContainText("The menu of views saves it.");
  await message(page).last().getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => width(page)).not.toBe("12");
  await cell(page, id).getByRole("button", { name: /^Menu of/ }).click();
  await page.getByRole("menuitemradio", { name: "full" }).click();
  await expect.poll(() => width(page)).toBe("12");
  // An event of the cell, and one of the board, leave the reader's size.
  await agnez.call("PATCH", `/values/${id}`, { name: "the loss" });
  await agnez.call("PATCH", "/boards/b", { title: "Other" });
  await expect(page.getByRole("banner").getByRole("heading")).toHaveText("Other");
  await expect(cell(page, id)).toContainText("the loss");
  expect(await width(page)).toBe("12");
  expect(await width(other), "not for everyone").not.toBe("12");
  expect((await agnez.call("GET", `/values/${id}`)).json.layout.width).toBeUndefined();

  await button(page).click();
  await menu(page).getByRole("button", { name: "Save over ‘Large’" }).click();
  await expect(message(page).last()).toContainText("Saved the view ‘Large’.");
  await button(page).click();
  await expect(menu(page).getByRole("button", { name: "Save over ‘Large’" }), "nothing has changed since").toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.reload();
  await live(page);
  expect(await width(page)).toBe("12");
  await openBoard(other, "/b/b?view=Large");
  expect(await width(other)).toBe("12");
  await openBoard(other, "/b/b");
  expect(await width(other)).not.toBe("12");
});

test("a view that is gone leaves what it has arranged to the reader, who can leave it", async ({ page, open, agnez }) => {
  const cells = await log(agnez, "b", "first", STEPS);
  const id = cells["train/loss"]!;
  const width = (of: Page): Promise<string> => cell(of, id).evaluate((one) => getComputedStyle(one).getPropertyValue("--w"));
  const resize = async (name: string) => {
    await cell(page, id).getByRole("button", { name: /^Menu of/ }).click();
    await page.getByRole("menuitemradio", { name, exact: true }).click();
  };
  await openBoard(page, "/b/b");
  const other = await open();
  await openBoard(other, "/b/b");
  await save(page, "Large");
  await expect(page).toHaveURL(/view=/);
  await resize("full");
  await expect.poll(() => width(page)).toBe("12");
  await button(page).click();
  await menu(page).getByRole("button", { name: "Save over ‘Large’" }).click();
  await button(page).click();
  await menu(page).getByRole("button", { name: "Delete ‘Large’" }).click();
  await expect(button(page), "the header says so").toHaveText("Own arrangement");
  await expect(page).not.toHaveURL(/view=/);
  // Not of the board, which the page does not show: what is seen is what is changed.
  await resize("L");
  await expect.poll(() => width(page)).toBe("6");
  expect((await agnez.value(id)).layout.width).toBeUndefined();
  await button(page).click();
  await menu(page).getByRole("link", { name: "Without a view" }).click();
  await live(page);
  await resize("full");
  await expect.poll(() => width(page)).toBe("12");
  await expect.poll(() => width(other), { message: "for everyone" }).toBe("12");

  // Its own undo, and another reader, end it as well; the address names it as long as it is there.
  await save(page, "Again");
  await expect(page).toHaveURL(/view=/);
  await message(page).filter({ hasText: "Saved the view" }).getByRole("button", { name: "Undo" }).click();
  await expect(button(page)).toHaveText("Views");
  await expect(page).not.toHaveURL(/view=/);
  // It has arranged nothing: what is changed now is changed for everyone, and so is what is folded.
  await cell(page, id).focus();
  await page.keyboard.press("Alt+Shift+ArrowLeft");
  await expect.poll(() => width(page)).not.toBe("12");
  const narrower = await width(page);
  await expect.poll(() => width(other)).toBe(narrower);
  await fold(page, "optim").click();
  await page.reload();
  await live(page);
  await expect(fold(page, "optim")).toHaveAttribute("aria-expanded", "false");
  const kept = (await agnez.call("POST", "/boards/b/views", { name: "Kept", query: "" })).json._id;
  await openBoard(page, "/b/b?view=Kept");
  await agnez.call("DELETE", `/boards/b/views/${kept}`);
  await expect(button(page)).toHaveText("Views");
  await expect(page).not.toHaveURL(/view=/);
});

test("a view that nobody has changed is not offered to be saved over", async ({ page, agnez }) => {
  await log(agnez, "b", "first", STEPS);
  await agnez.call("POST", "/boards/b/views", { name: "Lean", query: "filter=lo%7Clr&q=name:first" });
  await openBoard(page, "/b/b?filter=lo|lr&q=name:first&view=Lean");
  // The page writes its own keys behind the others.
  await page.getByRole("searchbox", { name: "Filter cells by name" }).fill("lr");
  await expect(page).toHaveURL(/filter=lr/);
  await button(page).click();
  await expect(menu(page).getByRole("button", { name: "Save over ‘Lean’" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "Filter cells by name" }).fill("lo|lr");
  await expect(page).toHaveURL(/filter=lo%7Clr/);
  await button(page).click();
  await expect(menu(page).getByRole("button", { name: "Rename ‘Lean’" })).toBeVisible();
  await expect(menu(page).getByRole("button", { name: "Save over ‘Lean’" })).toHaveCount(0);
});

test("a view is renamed, deleted and brought back, by keys", async ({ page, agnez }) => {
  await log(agnez, "b", "first", STEPS);
  await agnez.call("POST", "/boards/b/views", { name: "Other", query: "" });
  await openBoard(page, "/b/b");
  await fold(page, "optim").click();
  await button(page).press("Enter");
  await expect(menu(page).getByRole("link", { name: "Other" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Other");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("There is a view of this name.");
  await page.keyboard.press("Escape");
  await expect(button(page)).toBeFocused();
  await save(page, "Mine");
  await expect(button(page)).toHaveText("Mine");

  await button(page).press("Enter");
  await menu(page).getByRole("button", { name: "Rename ‘Mine’" }).press("Enter");
  await expect(menu(page).getByLabel("New name of the view")).toBeFocused();
  await page.keyboard.type("Ours");
  await page.keyboard.press("Enter");
  await expect(button(page)).toHaveText("Ours");

  await button(page).press("Enter");
  await menu(page).getByRole("button", { name: "Delete ‘Ours’" }).press("Enter");
  await expect(button(page)).toHaveText("Views");
  await expect(page).not.toHaveURL(/view=/);
  await message(page).last().getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await agnez.call("GET", "/boards/b/views")).json.map((view: { name: string }) => view.name)).toEqual(["Other", "Ours"]);
});

test.describe("with tokens", () => {
  test.use({ agnezArgs: ["--require-token"] });

  test("a link opens with a view, and its readers change nothing", async ({ page, open, agnez, problems }) => {
    problems.allow(/console error: Failed to load resource: the server responded with a status of 401/);
    const writer = await newToken(agnez, "write");
    await agnez.call("POST", "/values", { board: "b", name: "a", layout: { section: "one" } }, writer.headers);
    await agnez.call("POST", "/values", { board: "b", name: "b", layout: { section: "two" } }, writer.headers);
    await agnez.call("POST", "/boards/b/views", { name: "Ours", query: "", folded: ["two"] }, writer.headers);
    await page.goto(`/b/b?view=Ours#token=${writer.token}`);
    await live(page);
    await button(page).click();
    await menu(page).getByRole("button", { name: "Share ‘Ours’" }).click();
    const share = page.getByRole("dialog", { name: "Share this board" });
    await expect(share.getByLabel("What the link opens").locator("option:checked")).toHaveText("Ours");
    await share.getByRole("button", { name: "Make a link" }).click();
    const guest = await open();
    await guest.goto(await share.getByLabel("Link", { exact: true }).inputValue());
    await live(guest);
    await expect(button(guest)).toHaveText("Ours");
    await expect(fold(guest, "two")).toHaveAttribute("aria-expanded", "false");
    await button(guest).click();
    await expect(menu(guest).getByRole("link").first()).toBeVisible();
    await expect(menu(guest).getByRole("button")).toHaveCount(0);
  });
});

test.describe("on a phone", () => {
  test.use(PHONE);

  test("the menu of views opens from the header's menu", async ({ page, agnez }) => {
    await log(agnez, "b", "first", STEPS);
    await agnez.call("POST", "/boards/b/views", { name: "Folded", query: "", folded: ["optim"] });
    await openBoard(page, "/b/b");
    await page.getByRole("button", { name: "More" }).tap();
    await button(page).tap();
    await expect(menu(page)).toBeVisible();
    const box = (await menu(page).boundingBox())!;
    expect(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box)).toBe(true);
    await menu(page).getByRole("link", { name: "Folded" }).tap();
    await live(page);
    await expect(fold(page, "optim")).toHaveAttribute("aria-expanded", "false");
  });
});
