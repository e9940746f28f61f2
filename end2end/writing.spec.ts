// Writing on the page: text cells in their editor, pictures by drop, paste and choice, a second cell of one.
import type { Locator, Page } from "@playwright/test";

import { dataUri, gif, GREEN, RED } from "./support/gif.ts";
import { cell, cells, colour, figure, openBoard, openMenu, picture } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const editor = (page: Page): Locator => page.locator("dialog.text-editor");
const source = (page: Page): Locator => editor(page).getByLabel("Markdown");
const preview = (page: Page): Locator => editor(page).getByRole("region", { name: "Preview" });
const message = (page: Page): Locator => page.locator(".toast").last();

test("a text is written in an empty cell, with a preview, and seen by everyone", async ({ page, open, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks" });
  await openBoard(page, "/b/b");
  const other = await open();
  await openBoard(other, "/b/b");
  await cell(page, "t").getByRole("button", { name: "Write a text" }).click();
  await expect(editor(page)).toBeVisible();
  await expect(source(page)).toBeFocused();
  await expect(source(page)).toBeEditable();
  await page.keyboard.type("# Plan\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nIs **0.003** better? <b>no</b> $e^{x}$");
  await expect(preview(page).locator("h1")).toHaveText("Plan");
  await expect(preview(page).locator("td")).toHaveText(["1", "2"]);
  await expect(preview(page).locator("strong")).toHaveText("0.003");
  await expect(preview(page).locator("b"), "HTML is text").toHaveCount(0);
  await expect(preview(page).locator(".katex-html"), "a formula is typeset").toHaveCount(1);
  await page.keyboard.press("Control+Enter");
  await expect(editor(page)).toHaveCount(0);
  await expect(message(page)).toContainText("Saved the text.");
  for (const one of [page, other]) {
    await expect(figure(cell(one, "t")).locator("h1")).toHaveText("Plan");
    await expect(figure(cell(one, "t")).locator(".katex-html")).toHaveCount(1);
  }
  expect((await agnez.call("GET", "/values/t")).json).toMatchObject({ type: "text" });
  await message(page).getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect(cell(one, "t")).toContainText("Nothing here yet.");
});

test("Esc keeps the draft in this browser; a text that was changed meanwhile is not lost unseen", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  await cell(page, "t").focus();
  await page.keyboard.press("w");
  await expect(source(page)).toHaveValue("one");
  await source(page).fill("one, two");
  await expect(editor(page)).toContainText("Not saved yet.");
  await page.keyboard.press("Escape");
  await expect(editor(page)).toHaveCount(0);
  await expect(cell(page, "t")).toBeFocused();
  expect((await agnez.call("GET", "/values/t")).json.value).toBe("one");
  await page.reload();
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("one, two");
  await expect(editor(page)).toContainText("Not saved yet.");
  await agnez.call("PATCH", "/values/t", { value: "three" });
  await expect(editor(page)).toContainText("Somebody has changed the text meanwhile.");
  await expect(editor(page).getByRole("button", { name: "Save over it" })).toBeVisible();
  await page.keyboard.press("Escape");
  // The draft was begun with another text, also when it is opened after that was changed.
  await page.reload();
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("one, two");
  await expect(editor(page)).toContainText("Somebody has changed the text meanwhile.");
  await editor(page).getByRole("button", { name: "Discard the draft" }).click();
  await expect(source(page), "the text as it is now").toHaveValue("three");
  await source(page).fill("four");
  await editor(page).getByRole("button", { name: "Save", exact: true }).click();
  await expect(figure(cell(page, "t")).locator("p")).toHaveText("four");
});

test("a text that was saved over another one comes back by undo, and a save is sent once", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
  await openBoard(page, "/b/b");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(source(page)).toHaveValue("one");
  await source(page).fill("mine");
  await agnez.call("PATCH", "/values/t", { value: "theirs" });
  await expect(editor(page).getByRole("button", { name: "Save over it" })).toBeVisible();
  let [release, saves] = [() => {}, 0];
  const held = new Promise<void>((done) => (release = done));
  await page.route("**/values/t", async (route) => {
    if (route.request().method() === "PATCH") saves += 1;
    await held;
    await route.continue();
  });
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("Control+Enter");
  await expect(source(page), "what is typed now would be lost").not.toBeEditable();
  release();
  await expect(editor(page)).toHaveCount(0);
  await expect(figure(cell(page, "t")).locator("p")).toHaveText("mine");
  expect(saves).toBe(1);
  await message(page).getByRole("button", { name: "Undo" }).click();
  await expect(figure(cell(page, "t")).locator("p")).toHaveText("theirs");
});

test("a formula stays typeset while the text around it is written", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "$x$" });
  await openBoard(page, "/b/b");
  await openMenu(cell(page, "t"), "Edit text");
  await expect(preview(page).locator(".katex-html")).toHaveCount(1);
  for (const more of [" and $y$", " and text"]) {
    await source(page).press("End");
    await page.keyboard.type(more);
    await expect(preview(page)).toContainText(more.slice(0, 4));
    await expect(preview(page).locator(".katex-html")).toHaveCount(2);
  }
});

test("formulas are typeset by the server's own script, which other texts do not load", async ({ page, agnez }) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await agnez.create({ board: "b", _id: "plain", name: "plain", type: "text", value: "costs $5 or $6" });
  await openBoard(page, "/b/b");
  await expect(figure(cell(page, "plain")).locator("p")).toHaveText("costs $5 or $6");
  expect(loaded.filter((path) => path.includes("/vendor/"))).toEqual([]);
  await agnez.create({ board: "b", _id: "math", name: "math", type: "text", value: "Let $x<y$ and\n\n$$\\sum_{i=1}^n \\frac{1}{i^2}$$\n\n$\\href{javascript:alert(1)}{x}$ $\\notamacro$" });
  await expect(figure(cell(page, "math")).locator(".katex-display")).toHaveCount(1);
  await expect(figure(cell(page, "math")).locator("a")).toHaveCount(0);
  expect(loaded.filter((path) => path.includes("/vendor/"))).toEqual(["/vendor/math.js"]);
  const font = await figure(cell(page, "math")).locator(".katex-html").first().evaluate(async (one) => {
    await document.fonts.ready;
    return document.fonts.check("16px KaTeX_Math") && getComputedStyle(one.querySelector(".mathnormal")!).fontFamily;
  });
  expect(font).toContain("KaTeX_Math");
  await agnez.call("PATCH", "/boards/b", { description: "The loss is $\\mathcal{L}$." });
  await expect(page.locator(".board-description .katex-html")).toHaveCount(1);
});

test("pictures are dropped, pasted and chosen", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "empty", name: "empty", type: "html" });
  await openBoard(page, "/b/b");
  const give = (kind: "drop" | "paste", selector: string, name: string, uri: string, type = "image/gif"): Promise<void> =>
    page.evaluate(
      ([kind, selector, name, uri, type]) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(uri!.split(",")[1]!), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name!, { type: type! }));
        const target = document.querySelector(selector!)!;
        if (kind === "drop") {
          target.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
          target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        } else target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      },
      [kind, selector, name, uri, type],
    );
  await give("drop", "#board", "confusion.gif", dataUri(gif([RED])));
  await expect(cells(page)).toHaveCount(2);
  const dropped = page.getByRole("article", { name: "confusion" });
  await expect.poll(() => colour(picture(dropped))).toEqual(RED);
  await message(page).getByRole("button", { name: "Undo" }).click();
  await expect(cells(page)).toHaveCount(1);

  await give("paste", "body", "image.gif", dataUri(gif([GREEN])));
  await expect.poll(() => colour(picture(page.getByRole("article", { name: "image" })))).toEqual(GREEN);
  await give("drop", "#board", "notes.txt", "data:text/plain;base64,eA==", "text/plain");
  await expect(page.getByRole("alert").last()).toContainText("‘notes.txt’ is no picture; nothing was added.");

  const choose = () => cell(page, "empty").getByLabel("Choose a picture").setInputFiles({ name: "chosen.gif", mimeType: "image/gif", buffer: gif([RED]) });
  await choose();
  await expect.poll(() => colour(picture(cell(page, "empty")))).toEqual(RED);
  await expect(cells(page)).toHaveCount(2);
  await message(page).getByRole("button", { name: "Undo" }).click();
  await expect(cell(page, "empty")).toContainText("Nothing here yet.");
  expect((await agnez.value("empty")).type, "as it was before").toBe("html");
  await choose();
  await expect.poll(() => colour(picture(cell(page, "empty")))).toEqual(RED);
});

test("pictures that are dropped on a section become its cells, in the order of the files", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "a", name: "a", type: "text", value: "1", layout: { section: "one" } });
  await agnez.create({ board: "b", _id: "z", name: "z", type: "text", value: "1", layout: { section: "two" } });
  await openBoard(page, "/b/b");
  // The first is larger than the others: it takes longer to send.
  const uris = [gif([RED], 3000), gif([GREEN]), gif([RED])].map(dataUri);
  await page.locator('article[data-id="a"]').evaluate((target, uris) => {
    const data = new DataTransfer();
    uris.forEach((uri, at) => {
      const bytes = Uint8Array.from(atob(uri.split(",")[1]!), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], `picture ${at}.gif`, { type: "image/gif" }));
    });
    target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  }, uris);
  const one = page.getByRole("region", { name: "one", exact: true }).locator("article");
  await expect(one).toHaveCount(4);
  expect((await agnez.values()).filter((value: { layout?: { section?: string } }) => value.layout?.section === "one").map(({ name }: { name: string }) => name)).toEqual(["a", "picture 0", "picture 1", "picture 2"]);
  await expect(page.getByRole("region", { name: "two", exact: true }).locator("article")).toHaveCount(1);
});

test("a cell is duplicated and shown in full screen from its menu, whatever its kind", async ({ page, open, agnez }) => {
  await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one", description: "a note", layout: { width: 6 } });
  await agnez.create({ board: "b", _id: "n", name: "count", type: "number", value: 5 });
  await openBoard(page, "/b/b");
  const other = await open();
  await openBoard(other, "/b/b");
  await openMenu(cell(page, "t"), "Duplicate");
  for (const one of [page, other]) {
    const copy = one.getByRole("article", { name: "remarks (copy)" });
    await expect(figure(copy).locator("p")).toHaveText("one");
    await expect(copy).toContainText("a note");
    expect(await copy.evaluate((element) => getComputedStyle(element).getPropertyValue("--w"))).toBe("6");
  }
  await message(page).getByRole("button", { name: "Undo" }).click();
  for (const one of [page, other]) await expect(cells(one)).toHaveCount(2);
  for (const id of ["t", "n"]) {
    await openMenu(cell(page, id), "Full screen");
    await expect(cell(page, id)).toHaveClass(/fullscreen/);
    await page.keyboard.press("Escape");
    await expect(cell(page, id)).not.toHaveClass(/fullscreen/);
  }
});

test.describe("on a phone", () => {
  test.use(PHONE);

  test("the editor fills the screen", async ({ page, agnez }) => {
    await agnez.create({ board: "b", _id: "t", name: "remarks", type: "text", value: "one" });
    await openBoard(page, "/b/b");
    await openMenu(cell(page, "t"), "Edit text");
    await source(page).fill("# two");
    await expect(preview(page).locator("h1")).toHaveText("two");
    const [above, below] = [await source(page).boundingBox(), await preview(page).boundingBox()];
    expect(above!.y + above!.height).toBeLessThanOrEqual(below!.y);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await editor(page).getByRole("button", { name: "Save", exact: true }).tap();
    await expect(figure(cell(page, "t")).locator("h1")).toHaveText("two");
  });
});
