// Two browsers in step: what a script sends and what a person does is seen in both, and a change touches one cell only.
import type { Locator, Page } from "@playwright/test";

import { dataUri, gif, RED } from "./support/gif.ts";
import { agrees, cell, cells, figure, frame, notes, openBoard, openMenu, picture, stage, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

test("what a script sends is seen in every open browser", async ({ page, open, agnez }) => {
  const other = await open();
  const both = [page, other];
  for (const each of both) await openBoard(each);

  const loss = await agnez.create({ name: "loss", type: "html", value: "<p>epoch 1</p>", pos: 0, description: "first run" });
  const sample = await agnez.create({ name: "sample", type: "log", value: "once upon a time", pos: 1 });
  for (const each of both) {
    await expect(each.getByRole("article", { name: "loss" })).toBeVisible();
    await expect(figure(cell(each, loss._id)).getByText("epoch 1")).toBeVisible();
    await expect(stage(cell(each, sample._id))).toContainText("once upon a time");
  }

  await agnez.patch(loss._id, { value: "<p>epoch 2</p>", description: "second run" });
  for (const each of both) {
    await expect(figure(cell(each, loss._id)).getByText("epoch 2")).toBeVisible();
    await expect(notes(cell(each, loss._id))).toContainText("second run");
  }

  await agnez.put(sample._id, { name: "replaced", type: "log", value: "the end", pos: -1 });
  for (const each of both) {
    await expect(each.getByRole("article", { name: "replaced" })).toContainText("the end");
    await expect(cells(each).first()).toHaveAttribute("data-id", sample._id);
  }

  await agnez.remove(loss._id);
  for (const each of both) {
    await expect(cell(each, loss._id)).toHaveCount(0);
    await agrees(each, agnez);
  }
});

test("one call that changes many cells is seen whole", async ({ page, agnez }) => {
  await openBoard(page);
  const made: { _id: string }[] = await agnez.create([1, 2, 3, 4].map((n) => ({ name: `cell ${n}`, pos: n, group: n % 2 })));
  await expect(cells(page)).toHaveCount(4);
  expect((await agnez.call("PATCH", "/values?group=1", { description: "odd" })).status).toBe(200);
  await expect(notes(cell(page, made[0]!._id))).toContainText("odd");
  await expect(notes(cell(page, made[2]!._id))).toContainText("odd");
  expect((await agnez.call("DELETE", "/values?group=0")).status).toBe(200);
  await expect(cells(page)).toHaveCount(2);
  await agrees(page, agnez);
});

test("what a person does is seen in the other browser", async ({ page, open, agnez }) => {
  const [a, b] = await agnez.create([
    { name: "a", type: "log", value: "1", pos: 0 },
    { name: "b", type: "log", value: "2", pos: 1 },
  ]);
  const other = await open();
  await openBoard(page);
  await openBoard(other);
  const here = cell(page, a._id);

  // Rename by clicking the title.
  await title(here).getByRole("heading", { name: "a" }).click();
  await title(here).getByRole("textbox").fill("accuracy");
  await title(here).getByRole("textbox").press("Enter");
  await expect(other.getByRole("article", { name: "accuracy" })).toHaveAttribute("data-id", a._id);
  expect((await agnez.value(a._id)).name).toBe("accuracy");

  // A note from the menu.
  await openMenu(here, "Edit note");
  await notes(here).getByRole("textbox").fill("two lines\nof text");
  await notes(here).getByRole("textbox").press("Control+Enter");
  await expect(notes(cell(other, a._id))).toContainText("two lines\nof text");
  expect((await agnez.value(a._id)).description).toBe("two lines\nof text");

  // Move by the menu, then back by dragging the title.
  await openMenu(here, "Move later");
  await order(other, [b._id, a._id]);
  await order(page, [b._id, a._id]);
  await title(here).dragTo(title(cell(page, b._id)), { targetPosition: { x: 8, y: 8 } });
  await order(other, [a._id, b._id]);

  // Delete, and undo.
  await openMenu(here, "Delete");
  await order(other, [b._id]);
  await order(page, [b._id]);
  await page.locator("#toasts > *").filter({ hasText: "Deleted" }).getByRole("button", { name: "Undo" }).click();
  await order(other, [a._id, b._id]);
  await order(page, [a._id, b._id]);
  await expect(notes(cell(other, a._id))).toContainText("two lines");

  // A new cell.
  await page.getByRole("button", { name: "Add cell" }).click();
  await expect(cells(page)).toHaveCount(3);
  await expect(cells(other)).toHaveCount(3);
  expect(await agnez.values()).toHaveLength(3);
});

test("what a person is typing is not overwritten, and an edit that changes nothing is not sent", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "loss", type: "log", value: "1" });
  await openBoard(page);
  const here = cell(page, _id);
  await openMenu(here, "Rename");
  await title(here).getByRole("textbox").fill("my na");
  await agnez.patch(_id, { name: "from the script", value: "2" });
  await expect(stage(here)).toContainText("2");
  await expect(title(here).getByRole("textbox")).toHaveValue("my na");
  await title(here).getByRole("textbox").press("Escape");
  await expect(title(here)).toContainText("from the script");

  const { rev } = await agnez.value(_id);
  await openMenu(here, "Rename");
  await title(here).getByRole("textbox").press("Enter");
  await expect(title(here).getByRole("textbox")).toHaveCount(0);
  expect((await agnez.value(_id)).rev).toBe(rev);
});

test("a patch touches one cell and nothing else", async ({ page, agnez }) => {
  const made = await agnez.create([
    { name: "figure", type: "html", value: "<p>still</p>", pos: 0 },
    { name: "picture", type: "img", value: dataUri(gif([RED])), pos: 1 },
    { name: "text", type: "log", value: "still", pos: 2 },
    { name: "busy", type: "log", value: "0", pos: 3, description: "0" },
  ]);
  await openBoard(page);
  const [still, pictureCell, text, busy] = made.map((document: { _id: string }) => cell(page, document._id)) as [Locator, Locator, Locator, Locator];
  await expect(figure(still).getByText("still")).toBeVisible();
  await expect(picture(pictureCell)).toBeVisible();
  await settled(page);
  for (const each of [still, pictureCell, text]) await watchChanges(each);

  for (let round = 1; round <= 10; round += 1) {
    await agnez.patch(made[3]._id, { value: `value ${round}`, name: `busy ${round}`, description: `note ${round}` });
  }
  await expect(stage(busy)).toContainText("value 10");
  await expect(title(busy)).toContainText("busy 10");
  await expect(notes(busy)).toContainText("note 10");
  for (const each of [still, pictureCell, text]) expect(await changes(each)).toEqual([]);

  // Within a cell, too: a new note leaves the picture and the figure alone.
  await watchChanges(stage(still));
  await watchChanges(stage(pictureCell));
  for (const { _id } of made.slice(0, 2)) await agnez.patch(_id, { description: "new note" });
  await expect(notes(still)).toContainText("new note");
  await expect(notes(pictureCell)).toContainText("new note");
  for (const each of [stage(still), stage(pictureCell)]) expect(await changes(each)).toEqual([]);
});

test("a figure is swapped without a flash, and ends with the newest", async ({ page, agnez }) => {
  // Drawn late, as mpld3 does: by a script that waits for another one.
  const body = (n: number) => `<div id="late"></div><script>
    const library = document.createElement("script");
    library.src = "https://d3js.org/d3.v5.js";
    library.onload = () => { late.style.height = "300px"; late.textContent = "round ${n}"; };
    document.head.append(library);
  </script>`;
  const { _id } = await agnez.create({ name: "figure", type: "html", value: body(0) });
  await openBoard(page);
  const here = cell(page, _id);
  await expect(figure(here).getByText("round 0")).toBeVisible();
  await expect.poll(async () => (await frame(here).boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(300);
  await settled(page);

  // In every frame painted from here on, some frame is visible, and the cell is as high as it was.
  await here.evaluate((article) => {
    const seen = { least: Infinity, low: Infinity, high: 0, frames: 0 };
    Object.assign(window, { seen });
    const look = () => {
      const visible = [...article.querySelectorAll("iframe")].filter((frame) => frame.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
      seen.least = Math.min(seen.least, visible.length);
      const { height } = article.getBoundingClientRect();
      seen.low = Math.min(seen.low, height);
      seen.high = Math.max(seen.high, height);
      seen.frames += 1;
      requestAnimationFrame(look);
    };
    look();
  });
  for (let round = 1; round <= 20; round += 1) await agnez.patch(_id, { value: body(round) });
  await expect(figure(here).getByText("round 20")).toBeVisible();
  await expect(here.locator("iframe")).toHaveCount(1);
  const seen = await page.evaluate(() => (window as unknown as { seen: Record<"least" | "low" | "high" | "frames", number> }).seen);
  expect(seen.frames).toBeGreaterThan(2);
  expect(seen.least, "a figure is always there").toBe(1);
  expect(seen.high - seen.low, "the cell keeps its height").toBeLessThanOrEqual(1);
});

test("a figure's frame follows its height", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "figure", type: "html", value: '<div style="height:150px">low</div>' });
  await openBoard(page);
  const height = async () => Math.round((await frame(cell(page, _id)).boundingBox())?.height ?? 0);
  await expect.poll(height).toBeGreaterThanOrEqual(150);
  await expect.poll(height).toBeLessThan(250);
  await agnez.patch(_id, { value: '<div style="height:700px">high</div>' });
  await expect.poll(height).toBeGreaterThanOrEqual(700);
  await expect.poll(height).toBeLessThan(800);
});

test("a figure that is wider than its tile is made smaller", async ({ page, agnez }) => {
  const { _id } = await agnez.create({ name: "wide", type: "html", value: '<div id="wide" style="width:1200px;height:400px">wide</div>' });
  await openBoard(page);
  const tile = (await cell(page, _id).boundingBox())!;
  const inside = cell(page, _id).frameLocator("iframe").locator("#wide");
  await expect.poll(async () => (await inside.boundingBox())?.width ?? 9999).toBeLessThanOrEqual(tile.width);
  await expect.poll(async () => (await frame(cell(page, _id)).boundingBox())?.height ?? 9999).toBeLessThan(330);
});

test("boards are apart", async ({ page, open, agnez }) => {
  await agnez.create({ name: "on main", type: "log", value: "1" });
  const { _id } = await agnez.create({ name: "on the other", type: "log", value: "1", board: "other" });
  const other = await open();
  await openBoard(page, "/b/main");
  await openBoard(other, "/b/other");
  await expect(page.getByRole("article", { name: "on main" })).toBeVisible();
  await expect(cells(page)).toHaveCount(1);
  await expect(other.getByRole("article", { name: "on the other" })).toBeVisible();
  await expect(cells(other)).toHaveCount(1);
  await agnez.patch(_id, { value: "seen there" });
  await expect(stage(cell(other, _id))).toContainText("seen there");
  await expect(cells(page)).toHaveCount(1);
});

async function order(page: Page, ids: string[]): Promise<void> {
  await expect.poll(() => cells(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-id")))).toEqual(ids);
}

/** Two frames on: what waking and loading set going has been drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Records every change of the DOM below, and every frame or picture that loads again. */
async function watchChanges(watched: Locator): Promise<void> {
  await watched.evaluate((element) => {
    const changes: string[] = [];
    Object.assign(element, { changes });
    const options = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver((records) => changes.push(...records.map((record) => `${record.type} ${record.attributeName ?? ""} ${record.target.nodeName}`))).observe(element, options);
    for (const part of element.querySelectorAll("iframe, img")) part.addEventListener("load", () => changes.push(`load ${part.nodeName}`));
  });
}

function changes(watched: Locator): Promise<string[]> {
  return watched.evaluate((element) => (element as unknown as { changes: string[] }).changes);
}
