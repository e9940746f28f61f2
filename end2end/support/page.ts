// The page in the words of the tests: cells by id, titles, notes, figures, and what a reader sees of them all.
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";

import type { Agnez } from "./agnez.mjs";

export interface Shown {
  id: string;
  name: string;
  note: string;
}

/** Opens the board and waits until it is awake and connected. */
export async function openBoard(page: Page, path = "/"): Promise<void> {
  await page.goto(path);
  await live(page);
}

export async function live(page: Page): Promise<void> {
  await awake(page);
  await partLoaded(page);
}

/** Waits until the page and its panel of runs are awake and connected, and not for the second part of its code. */
export async function awake(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", /.*/);
  await expect(page.locator(".runs-panel:not([data-hydrated])")).toHaveCount(0);
  await expect(status(page)).toHaveText(/\blive\b/i);
}

/**
 * Waits until the second part of the board's code has come, or cannot come for a while: a test that stops the server would find the reason in
 * the console.
 */
async function partLoaded(page: Page): Promise<void> {
  const hasCome = () => {
    const files = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return document.querySelector("main#board") === null || files.some(({ name, responseEnd }) => name.includes("agnez-deferred") && responseEnd > 0);
  };
  await expect.poll(() => page.evaluate(hasCome), { intervals: [50], timeout: 5_000 }).toBe(true).catch(() => undefined);
}

export function status(page: Page): Locator {
  return page.getByRole("banner").getByRole("status");
}

export function cells(page: Page): Locator {
  return page.locator("article[data-id]");
}

export function cell(page: Page, id: string): Locator {
  return page.locator(`article[data-id="${id}"]`);
}

export function title(cell: Locator): Locator {
  return cell.locator(".chart-title");
}

export function stage(cell: Locator): Locator {
  return cell.locator(".chart-stage");
}

export function notes(cell: Locator): Locator {
  return cell.locator(".chart-notes");
}

/** The frame that a reader sees: while a newer figure loads, an invisible second one stands behind it. */
export function frame(cell: Locator): Locator {
  return cell.locator("iframe").filter({ visible: true });
}

export function figure(cell: Locator): FrameLocator {
  return frame(cell).contentFrame();
}

/** Where a picture or a frame is from, as the server is asked for it; of a drawing that the page has painted, the picture that it is equal to. */
export async function address(element: Locator): Promise<string> {
  const url = await element.evaluate((element: HTMLImageElement | HTMLIFrameElement) => new URL(element.dataset.at ?? element.src, document.baseURI).href);
  const { pathname, search } = new URL(url);
  return pathname + search;
}

export function picture(cell: Locator): Locator {
  return stage(cell).locator("img");
}

/** The canvas that the page paints a drawing on once its value has changed. */
export function painted(cell: Locator): Locator {
  return stage(cell).locator(".picture canvas");
}

export async function openMenu(cell: Locator, item: string): Promise<void> {
  await cell.getByRole("button", { name: /^Menu of/ }).click();
  await cell.page().getByRole("menuitem", { name: item }).click();
}

/** What the page says of its cells, in its order. */
export function shown(page: Page): Promise<Shown[]> {
  return cells(page).evaluateAll((articles) =>
    articles.map((article) => {
      const label = document.getElementById(article.getAttribute("aria-labelledby") ?? "")?.textContent ?? article.getAttribute("aria-label") ?? "";
      const note = article.querySelector(".chart-notes")?.textContent ?? "";
      // An empty text node is drawn as a space, so that there is something to wake.
      return { id: article.getAttribute("data-id") ?? "", name: label, note: note === " " ? "" : note };
    }),
  );
}

/** Waits until the page shows exactly the cells that `GET /values` answers, in its order. */
export async function agrees(page: Page, agnez: Agnez): Promise<void> {
  const documents = await agnez.values();
  const wanted = documents.map(({ _id, name, description }) => ({ id: _id, name: name || "untitled", note: description ?? "" }));
  await expect.poll(() => shown(page), { message: "the page shows what GET /values says" }).toEqual(wanted);
}

/** The colour in the middle of a picture, as the browser has decoded it: [red, green, blue]. */
export function colour(picture: Locator): Promise<number[]> {
  return picture.evaluate((image: HTMLImageElement) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const context = canvas.getContext("2d");
    if (!context || image.naturalWidth === 0) return [];
    context.drawImage(image, image.naturalWidth / 2, image.naturalHeight / 2, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  });
}
