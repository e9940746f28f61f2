// The page follows what is changed elsewhere, and shows what the reader has made: filter, layout, kind, the panel of a chart.
import type { Locator, Page } from "@playwright/test";

import { append, drawn, line } from "./support/line.ts";
import { GREEN, RED, gif } from "./support/gif.ts";
import { cell, cells, openBoard, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const filter = (page: Page) => page.getByRole("searchbox", { name: "Filter cells by name" });

test("no cell that the reader makes is hidden by the filter", async ({ page, agnez }) => {
  const keep = await agnez.create({ name: "keep", type: "foo", value: "1" });
  const other = await agnez.create({ name: "other", type: "foo", value: "2" });
  await openBoard(page);
  await filter(page).fill("keep");
  await expect(cell(page, other._id)).toBeHidden();
  await expect(page.getByRole("button", { name: "1 hidden" })).toBeVisible();
  await page.getByRole("button", { name: "Add cell" }).click();
  await expect(filter(page)).toHaveValue("");
  await expect(cells(page)).toHaveCount(3);
  await expect(cells(page).getByRole("textbox", { name: "Name" })).toBeFocused();
  await page.keyboard.type("mine");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article", { name: "mine" })).toBeVisible();

  // Undo, by the toast and by the key.
  for (const undo of [() => page.getByRole("button", { name: "Undo" }).click(), () => page.keyboard.press("Control+z")]) {
    await cell(page, other._id).focus();
    await page.keyboard.press("Delete");
    await expect(cell(page, other._id)).toHaveCount(0);
    await filter(page).fill("keep");
    await cell(page, keep._id).focus();
    await undo();
    await expect(cell(page, other._id)).toBeVisible();
    await expect(filter(page)).toHaveValue("");
  }

  // Renamed so that the filter does not find it any more.
  await filter(page).fill("keep");
  await cell(page, keep._id).focus();
  await page.keyboard.press("e");
  await page.keyboard.type("away");
  await page.keyboard.press("Enter");
  const toast = page.locator(".toast", { hasText: "The filter hides 1 cell" });
  await expect(toast).toBeVisible();
  await toast.getByRole("button", { name: "Show all" }).click();
  await expect(cell(page, keep._id)).toBeVisible();
  await expect(toast).toHaveCount(0);

  // One that comes by REST is counted, and can be shown.
  await filter(page).fill("away");
  const sent = await agnez.create({ name: "sent", type: "foo", value: "3" });
  await expect(page.locator(".toast", { hasText: "The filter hides 1 cell" })).toBeVisible();
  await agnez.create({ name: "sent too", type: "foo", value: "3" });
  await expect(page.locator(".toast", { hasText: "The filter hides 2 cells" })).toHaveCount(1);
  await expect(cell(page, sent._id)).toBeHidden();
  await page.getByRole("button", { name: "4 hidden" }).click();
  await expect(cell(page, sent._id)).toBeVisible();
  await expect(page.getByRole("button", { name: /hidden/ })).toBeHidden();
  // One that the filter finds is no news.
  await filter(page).fill("found");
  const found = await agnez.create({ name: "found", type: "foo", value: "3" });
  await expect(cell(page, found._id)).toBeVisible();
});

test("a layout that is patched shows at once, on every page", async ({ page, open, agnez }) => {
  const ids: string[] = [];
  for (const name of ["a", "b", "c"]) ids.push((await agnez.create({ name, type: "foo", value: name }))._id);
  await openBoard(page);
  const other = await open();
  await openBoard(other);
  const order = (of: Page) => cells(of).evaluateAll((all) => all.map((one) => one.getAttribute("data-id")));
  const column = (of: Page) => cell(of, ids[1]!).evaluate((one) => `${getComputedStyle(one).gridColumnStart} / ${getComputedStyle(one).gridColumnEnd}`);
  await agnez.patch(ids[2]!, { layout: { order: 1 } });
  for (const one of [page, other]) await expect.poll(() => order(one)).toEqual([ids[2], ids[0], ids[1]]);
  for (const [layout, wanted] of [
    [{ width: 4 }, "span 4 / auto"],
    [{ width: 3 }, "span 3 / auto"],
    [{ width: 12, order: 1 }, "span 12 / auto"],
    [{}, "span 6 / auto"],
    [{ width: 8 }, "span 8 / auto"],
    [null, "span 6 / auto"],
  ] as const) {
    await agnez.patch(ids[1]!, { layout });
    for (const one of [page, other]) await expect.poll(() => column(one), JSON.stringify(layout)).toBe(wanted);
  }
  // As a page that is loaded now has it.
  await agnez.patch(ids[1]!, { layout: { width: 4 } });
  await expect.poll(() => column(page)).toBe("span 4 / auto");
  await other.reload();
  expect(await column(other)).toBe("span 4 / auto");
});

const panel = (page: Page) => page.locator("#chart-panel");

async function openPanel(page: Page, chart: Locator): Promise<void> {
  await chart.hover();
  await chart.getByRole("button", { name: "Chart" }).click();
  await expect(panel(page)).toBeVisible();
}

test("the panel of a chart follows it", async ({ page, agnez }) => {
  const id = await line(agnez, "loss", { loss: [[0, 1], [1, 2]] });
  const other = await line(agnez, "other", { loss: [[0, 1], [1, 2]] });
  await openBoard(page);
  await drawn(page, id, 2);
  await openPanel(page, cell(page, id));
  await agnez.patch(id, { chart: { y: "log", smooth: 0.5, unit: "nats", x: "wall" } });
  await expect(panel(page).getByLabel("y axis")).toHaveValue("log");
  await expect(panel(page).getByLabel("x axis")).toHaveValue("wall");
  await expect(panel(page).getByLabel("Unit")).toHaveValue("nats");
  await expect(panel(page).getByLabel("Weight")).toHaveValue("0.5");
  await agnez.patch(id, { chart: { x: "step" } });
  await append(agnez, id, { loss: [[2, 7]], more: [[0, 5]] });
  await expect(panel(page).locator("td").filter({ hasText: /^7$/ }).first()).toBeVisible();
  await expect(panel(page).locator("td").filter({ hasText: /^more$/ })).toBeVisible();

  // What is being typed stays; everything else follows.
  await panel(page).getByLabel("Unit").fill("half a wo");
  await agnez.patch(id, { chart: { unit: "bits", smooth: 0.25 } });
  await expect(panel(page).getByLabel("Weight")).toHaveValue("0.25");
  await expect(panel(page).getByLabel("Unit")).toHaveValue("half a wo");
  await panel(page).getByLabel("Unit").press("Enter");
  await expect.poll(async () => (await agnez.value(id)).chart.unit).toBe("half a wo");
  // It was set; from then on it follows again, though the focus is still there.
  await agnez.patch(id, { chart: { unit: "bits" } });
  await expect(panel(page).getByLabel("Unit")).toHaveValue("bits");

  // A chart that becomes another kind, and one that is deleted, have no panel; that of another chart stays.
  await agnez.patch(id, { type: "foo", value: "text" });
  await expect(panel(page)).toBeHidden();
  await openPanel(page, cell(page, other));
  await agnez.remove(id);
  await expect(cell(page, id)).toHaveCount(0);
  await expect(panel(page)).toBeVisible();
  await agnez.remove(other);
  await expect(panel(page)).toBeHidden();
});

test("the panel of all charts follows them, and closes with the last one", async ({ page, agnez }) => {
  const ids = [await line(agnez, "a", { loss: [[0, 1]] }), await line(agnez, "b", { loss: [[0, 1]] })];
  await openBoard(page);
  for (const id of ids) await drawn(page, id, 1);
  await page.getByRole("button", { name: "All charts" }).click();
  await expect(panel(page)).toBeVisible();
  await agnez.patch(ids[0]!, { chart: { smooth: 0.5 } });
  await expect(panel(page).getByLabel("Weight")).toHaveAttribute("placeholder", "mixed");
  await agnez.patch(ids[1]!, { chart: { smooth: 0.5 } });
  await expect(panel(page).getByLabel("Weight")).toHaveValue("0.5");
  for (const id of ids) await agnez.remove(id);
  await expect(panel(page)).toBeHidden();
});

const PNG = `data:image/gif;base64,${gif([RED]).toString("base64")}`;
const WIDE = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="90"><rect width="640" height="90" fill="red"/></svg>';
/** One value of every kind. */
const KINDS: Record<string, unknown> = {
  img: PNG,
  "img wide": `data:image/svg+xml,${encodeURIComponent(WIDE)}`,
  bar: { a: 1, b: 2, c: 3 },
  histogram: [1, 2, 2, 3],
  heatmap: [[1, 2], [3, 4]],
  scatter: [[1, 2], [2, 3]],
  number: 5,
  table: { columns: ["a"], rows: [[1]] },
  text: "# hello",
  html: '<div style="height:150px">figure</div>',
  line: undefined,
  foo: "any text",
  empty: null,
};

test("a cell that becomes another kind looks as if it had always been that", async ({ page, agnez }) => {
  test.setTimeout(180_000);
  const change = (name: string) => {
    const type = name === "empty" ? "html" : name.split(" ")[0];
    return agnez.put("changing", { name: "cell", type, ...(name === "line" ? {} : { value: KINDS[name] }) });
  };
  await agnez.create({ _id: "changing", name: "cell", type: "foo", value: "x" });
  const look = async () => {
    const look = () =>
      cell(page, "changing").evaluate((article) => {
        const parts = [...article.querySelectorAll(".chart-stage, .chart-stage :is(img:not([hidden]), .figure-surface, pre, .plot canvas, .empty-cell)")];
        const of = (part: Element) => `${part.tagName} ${Math.round((part as HTMLElement).offsetWidth)} × ${Math.round((part as HTMLElement).offsetHeight)}`;
        // A canvas over a drawing is as large as that, or what it shows is stretched.
        const over = article.querySelector<HTMLCanvasElement>(".picture canvas");
        const stretched = over && (Math.abs(over.width / devicePixelRatio - over.clientWidth) > 1 || Math.abs(over.height / devicePixelRatio - over.clientHeight) > 1) ? ["stretched"] : [];
        return [...parts.map(of), ...stretched].join(", ");
      });
    let last = "";
    await expect
      .poll(async () => {
        const [before, now] = [last, await look()];
        last = now;
        return before === now && !/ 0$/.test(now);
      }, { intervals: [120] })
      .toBe(true);
    return last;
  };
  // As each of them looks on a page that is loaded with it.
  const fresh: Record<string, string> = {};
  for (const name of Object.keys(KINDS)) {
    await change(name);
    await openBoard(page);
    fresh[name] = await look();
  }
  // Each of them after each other one, once.
  let from = Object.keys(KINDS).at(-1)!;
  for (const to of tour(Object.keys(KINDS), from)) {
    await change(to);
    await expect.poll(look, `${from} → ${to}`).toBe(fresh[to]);
    from = to;
  }
});

/** A way through all ordered pairs of these that takes each once (Hierholzer), from `start` back to it. */
function tour(names: string[], start: string): string[] {
  const left = new Map(names.map((name) => [name, names.filter((other) => other !== name)]));
  const [stack, way]: [string[], string[]] = [[start], []];
  while (stack.length > 0) {
    const next = left.get(stack.at(-1)!)!.pop();
    if (next === undefined) way.unshift(stack.pop()!);
    else stack.push(next);
  }
  return way.slice(1);
}

test("a picture's title stays while its kind changes", async ({ page, agnez }) => {
  await agnez.create({ _id: "c", name: "cell", type: "img", value: `data:image/gif;base64,${gif([GREEN]).toString("base64")}` });
  await openBoard(page);
  await agnez.patch("c", { type: "bar", value: { a: 1 } });
  await expect(title(cell(page, "c"))).toContainText("cell");
  await expect(cell(page, "c").locator("img")).toBeVisible();
});
