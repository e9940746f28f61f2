// A board of many sections: what the filter finds stands side by side, charts are set together, and cells go to other sections.
import type { Locator, Page } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { line, ramp } from "./support/line.ts";
import { cell, live, openBoard, openMenu } from "./support/page.ts";
import { log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const filter = (page: Page): Locator => page.getByRole("searchbox", { name: "Filter cells by name" });
const toast = (page: Page, text: string | RegExp): Locator => page.locator(".toast").filter({ hasText: text });
/** Presses the button of the message about what is drawn otherwise. */
const forEveryone = (page: Page): Promise<void> => toast(page, "for you.").getByRole("button", { name: "Set for everyone" }).click();
const section = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

/** Three layers, each a section with two charts; and the loss. Resolves to the ids of the cells by metric. */
async function layers(agnez: Agnez): Promise<Record<string, string>> {
  const steps = [0, 1, 2].map((step) => {
    const metrics: Record<string, number> = { loss: 3 - step };
    for (const at of [0, 1, 2]) Object.assign(metrics, { [`layer_${at}/grad_norm`]: 10 ** step, [`layer_${at}/act`]: step });
    return { step, ...metrics };
  });
  return log(agnez, "b", "first", steps);
}

const scale = async (agnez: Agnez, id: string): Promise<unknown> => {
  const document = (await agnez.call("GET", `/values/${id}`)).json as { chart?: { y?: string } };
  return document.chart?.y ?? "linear";
};

test("what the filter finds stands side by side, and its titles name the sections", async ({ page, agnez }) => {
  const cells = await layers(agnez);
  const norms = [0, 1, 2].map((at) => cells[`layer_${at}/grad_norm`]!);
  await openBoard(page, "/b/b");
  await expect(cell(page, norms[1]!).getByRole("heading")).toHaveText("grad_norm");
  await filter(page).fill("grad_norm");
  for (const [at, id] of norms.entries()) await expect(cell(page, id).getByRole("heading")).toHaveText(`layer_${at}/grad_norm`);
  await expect(page.locator(".section-head:visible")).toHaveCount(0);
  const boxes = await Promise.all(norms.map(async (id) => (await cell(page, id).boundingBox())!));
  expect(boxes[1]!.x, "the second one is beside the first").toBeGreaterThanOrEqual(boxes[0]!.x + boxes[0]!.width);
  expect(boxes[1]!.y).toBe(boxes[0]!.y);
  // The keys go from one to the next.
  await cell(page, norms[0]!).focus();
  await page.keyboard.press("j");
  await expect(cell(page, norms[1]!)).toBeFocused();
  // Which of the sections a cell would be dropped into is not seen.
  const title = (await cell(page, norms[2]!).getByRole("heading").boundingBox())!;
  await page.mouse.move(title.x + 4, title.y + 4);
  await page.mouse.down();
  await page.mouse.move(boxes[0]!.x + 4, boxes[0]!.y + 4, { steps: 3 });
  await expect(toast(page, "Clear the filter to drag cells.")).toBeVisible();
  await page.mouse.up();
  await filter(page).fill("");
  await expect(cell(page, norms[1]!).getByRole("heading")).toHaveText("grad_norm");
  await expect(section(page, "layer_1").locator(".section-head")).toBeVisible();
});

test("the axes of all found charts, of a section and of one chart are set with an undo", async ({ page, agnez }) => {
  const cells = await layers(agnez);
  const norms = [0, 1, 2].map((at) => cells[`layer_${at}/grad_norm`]!);
  const scales = (): Promise<unknown[]> => Promise.all([...norms, cells.loss!, cells["layer_0/act"]!].map((id) => scale(agnez, id)));
  await openBoard(page, "/b/b");
  await filter(page).fill("grad_norm");
  await page.getByRole("button", { name: "All charts", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Charts that the filter shows" });
  await panel.getByLabel("y axis").selectOption("log");
  await panel.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(scales).toEqual(["log", "log", "log", "linear", "linear"]);
  await page.keyboard.press("Escape");
  await toast(page, "Changed the y axis of 3 charts for everyone.").getByRole("button", { name: "Undo" }).click();
  await expect.poll(scales).toEqual(["linear", "linear", "linear", "linear", "linear"]);
  await filter(page).fill("");

  await page.getByRole("button", { name: "Menu of the section layer_0" }).click();
  await page.getByRole("menuitem", { name: "Axes and smoothing" }).click();
  const ofSection = page.getByRole("dialog", { name: "Charts of layer_0" });
  await ofSection.getByLabel("y axis").selectOption("log");
  await ofSection.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(scales).toEqual(["log", "linear", "linear", "linear", "log"]);
  await page.keyboard.press("Escape");

  await cell(page, norms[1]!).focus();
  await page.keyboard.press("l");
  await forEveryone(page);
  await toast(page, "Changed the y axis of ‘layer_1/grad_norm’ for everyone.").getByRole("button", { name: "Undo" }).click();
  await expect.poll(scales).toEqual(["log", "linear", "linear", "linear", "log"]);
});

test("many charts are set in one write, whose undo skips those that are gone", async ({ page, agnez }) => {
  const ids: string[] = [];
  for (let at = 0; at < 6; at++) ids.push(await line(agnez, `chart ${at}`, { train: ramp(0, 10) }));
  await openBoard(page, "/b/main");
  const calls: string[] = [];
  page.on("request", (request) => void (request.url().includes("/rpc/") && calls.push(request.url())));
  await page.getByRole("button", { name: "All charts", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "All charts of the board" });
  await panel.getByLabel("y axis").selectOption("log");
  await panel.getByRole("button", { name: "Set for everyone" }).click();
  const changed = toast(page, "Changed the y axis of 6 charts for everyone.");
  await expect(changed).toBeVisible();
  await page.keyboard.press("Escape");
  await agnez.remove(ids[2]!);
  await expect(cell(page, ids[2]!)).toHaveCount(0);
  await changed.getByRole("button", { name: "Undo" }).click();
  const others = ids.filter((_, at) => at !== 2);
  await expect.poll(() => Promise.all(others.map((id) => scale(agnez, id)))).toEqual(others.map(() => "linear"));
  expect(calls, "one for the change, and one for its undo").toHaveLength(2);
  await expect(page.locator(".toast.error")).toHaveCount(0);

  // What has no chart in common is undone apart.
  for (const at of [0, 1]) {
    await cell(page, ids[at]!).focus();
    await page.keyboard.press("l");
    await forEveryone(page);
    await expect(toast(page, `Changed the y axis of ‘chart ${at}’ for everyone.`)).toBeVisible();
  }
  await toast(page, "Changed the y axis of ‘chart 0’ for everyone.").getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => scale(agnez, ids[0]!)).toBe("linear");
  expect(await scale(agnez, ids[1]!)).toBe("log");
});

test("an undo of charts that fails is offered again", async ({ page, agnez, problems }) => {
  problems.allow(/503 \(Service Unavailable\)/);
  const id = await line(agnez, "loss", { train: ramp(0, 10) });
  await openBoard(page, "/b/main");
  await cell(page, id).focus();
  await page.keyboard.press("l");
  await forEveryone(page);
  const changed = toast(page, "Changed the y axis of ‘loss’ for everyone.");
  await expect(changed).toBeVisible();
  const failure = JSON.stringify({ name: "Unavailable", message: "The disk is full.", code: 503, className: "unavailable" });
  await page.route("**/rpc/**", (route) => route.fulfill({ status: 503, contentType: "application/json", body: failure }));
  await changed.getByRole("button", { name: "Undo" }).click();
  await expect(toast(page, "The disk is full.")).toBeVisible();
  await page.unroute("**/rpc/**");
  await changed.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => scale(agnez, id)).toBe("linear");
});

test("the menu of a cell moves it to another section, or to a new one", async ({ page, agnez }) => {
  const cells = await layers(agnez);
  const id = cells["layer_0/grad_norm"]!;
  await openBoard(page, "/b/b");
  const open = async (): Promise<void> => {
    await cell(page, id).hover();
    await cell(page, id).getByRole("button", { name: "Menu of layer_0/grad_norm" }).click();
    await page.getByRole("menuitem", { name: "Move to section…" }).click();
  };
  await open();
  await page.getByRole("menuitem", { name: "layer_2", exact: true }).click();
  await expect(section(page, "layer_2").locator(`[data-id="${id}"]`)).toBeVisible();
  await toast(page, "Moved ‘layer_0/grad_norm’.").getByRole("button", { name: "Undo" }).click();
  await expect(section(page, "layer_0").locator(`[data-id="${id}"]`)).toBeVisible();
  // By keys, through all sections to the field, which Tab leaves for its button.
  await open();
  await expect(page.getByRole("menuitem", { name: "No section" })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("menuitem", { name: "New section…" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name of a new section")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Move", exact: true })).toBeFocused();
  await page.getByLabel("Name of a new section").fill("norms");
  await page.keyboard.press("Enter");
  await expect(section(page, "norms").locator(`[data-id="${id}"]`)).toBeVisible();

  // A new section begins with an empty cell, and its name is asked for.
  await page.locator(".board-switch").click();
  await page.getByRole("button", { name: "New section" }).click();
  await page.getByLabel("Name of the section").fill("remarks");
  await page.keyboard.press("Enter");
  await expect(section(page, "remarks").locator("article")).toHaveCount(1);
  // Without a name it is gone again.
  await page.locator(".board-switch").click();
  await page.getByRole("button", { name: "New section" }).click();
  await expect(page.getByLabel("Name of the section")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(section(page, "New section")).toHaveCount(0);
});

test("the menu of a cell begins with its items, also where that of another cell showed the sections", async ({ page, agnez }) => {
  const cells = await layers(agnez);
  await openBoard(page, "/b/b");
  await openMenu(cell(page, cells["layer_1/act"]!), "Move to section…");
  await expect(page.getByRole("menu", { name: "Move to section" }).getByRole("menuitem", { name: "layer_2" })).toBeVisible();
  // Without a step between: the browser tells only once that the menu is open.
  await cell(page, cells["layer_0/act"]!).getByRole("button", { name: /^Menu of/ }).click();
  await expect(page.getByRole("menu", { name: "Cell" }).getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await expect(page.getByRole("menuitem", { name: "layer_2" })).toHaveCount(0);
});

for (const [device, size] of [["desk", { width: 1280, height: 800 }], ["phone", { width: 390, height: 844 }]] as const)
  test(`thirty sections in the menu are within the window of a ${device}`, async ({ page, agnez }) => {
    const metrics = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`layer_${at >> 1}/${at % 2 ? "act" : "grad"}`, at]));
    const cells = await log(agnez, "b", "first", [{ step: 0, ...metrics }]);
    await page.setViewportSize(size);
    await openBoard(page, "/b/b");
    const one = cell(page, cells["layer_9/act"]!);
    await one.evaluate((element) => scrollTo(0, element.getBoundingClientRect().top + scrollY - innerHeight * 0.6));
    await openMenu(one, "Move to section…");
    const menu = page.locator("#cell-menu");
    const isWithin = async (): Promise<boolean> => {
      const { x, y, width, height } = (await menu.boundingBox())!;
      return x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;
    };
    await expect.poll(isWithin).toBe(true);
    // One below the other, without borders, as the items are.
    const [first, second] = [page.getByRole("menuitem", { name: "layer_0", exact: true }), page.getByRole("menuitem", { name: "layer_1", exact: true })];
    const [above, below] = [(await first.boundingBox())!, (await second.boundingBox())!];
    expect([below.x, below.width]).toEqual([above.x, above.width]);
    expect(below.y).toBeGreaterThanOrEqual(above.y + above.height);
    expect(await first.evaluate((element) => getComputedStyle(element).borderTopWidth)).toBe("0px");
    await page.keyboard.press("End");
    await expect(page.getByRole("menuitem", { name: "New section…" })).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("Name of a new section")).toBeFocused();
    await expect.poll(isWithin).toBe(true);
  });

test("the address of the page can be copied where no link can be made", async ({ page, agnez, problems }) => {
  problems.allow(/401 \(Unauthorized\).*\/shares/);
  await agnez.create({ _id: "a", name: "a" });
  await openBoard(page, "/?filter=a");
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this board" });
  await expect(dialog.getByLabel("Address of this page")).toHaveValue(page.url());
  await expect(dialog.getByRole("button", { name: "Copy link" })).toBeVisible();
  await expect(dialog.getByRole("alert")).toContainText("A link for people without access needs a token: 'agnez token new share --board main'");
  await expect(dialog.getByRole("button", { name: "Make a link" })).toBeHidden();
});

test("beside the open layout panel the list of runs makes room", async ({ page, agnez }) => {
  await layers(agnez);
  await page.setViewportSize({ width: 1440, height: 900 });
  await openBoard(page, "/b/b");
  const runs = page.locator(".runs-panel");
  await expect(runs).toBeVisible();
  await page.getByRole("button", { name: "Layout" }).click();
  await expect(runs).toBeHidden();
  expect((await page.locator("main").boundingBox())!.width).toBeGreaterThan(1000);
  await page.keyboard.press("Escape");
  await expect(runs).toBeVisible();
});

test("a phone names the board and the view beside an open filter", async ({ page, agnez }) => {
  await layers(agnez);
  const view = { name: "Gradients", query: "filter=grad" };
  expect((await agnez.call("POST", "/boards/b/views", view)).status).toBe(201);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/b/b?view=Gradients");
  await live(page);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator(".open-view")).toBeVisible();
  await page.getByRole("button", { name: "More" }).click();
  const label = page.locator(".views-button");
  expect(await label.evaluate((one) => getComputedStyle(one, "::after").content), "its name is not written twice").toBe("none");
});
