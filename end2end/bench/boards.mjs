// Large boards in Chromium: `node bench/boards.mjs [cells, 100,1000,3000] [kinds, line,bar,number,table,text,html,img]`, part of `make bench`.
//
// From the start of the navigation, with a board of so many cells of one kind (a line cell has one series of 200 points):
//   painted    the first contentful paint
//   awake      the page has its code, and handlers are on it
//   usable     the menu of a cell opens by a click that is tried again and again from the beginning
// then what there is: elements, canvases, requests for columns and for drawings; then the time between frames while the board scrolls by
// SCROLLED pixels a frame, and the memory of the page's process above that of the process with a board of one cell.
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";
import { measureFrames, watchFrames } from "./frames.mjs";

const SIZES = (process.argv[2] ?? "100,1000,3000").split(",").map(Number);
const KINDS = (process.argv[3] ?? "line").split(",");
const POINTS = 200;
const TRIES = 3;
const TOGETHER = 100;
/** Pixels a frame: 3,600 a second at 60 frames a second. */
const SCROLLED = 60;
const SCROLL_SECONDS = 4;
/** A picture of one pixel. */
const PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const rounded = (/** @type {number} */ value) => Math.round(value);
const numbers = (/** @type {number} */ count, /** @type {number} */ of) => Array.from({ length: count }, (_, at) => Math.sin(at / 9 + of) + of);
/** @type {Record<string, (at: number) => unknown>} */
const values = {
  bar: (at) => ({ labels: ["a", "b", "c"], series: { runs: [1 + at, 2, 3] } }),
  histogram: (at) => ({ edges: [0, 1, 2, 3], counts: [1 + at, 2, 3] }),
  heatmap: (at) => ({ values: [[1 + at, 2], [3, 4]] }),
  scatter: (at) => ({ x: [1 + at, 2, 3], y: [1, 4, 9] }),
  number: (at) => ({ value: at, previous: 2 }),
  table: (at) => ({ columns: ["a", "b"], rows: [[at, 1], [2, 3]] }),
  text: (at) => `# Cell ${at}\n\nof text`,
  html: (at) => `<p>cell ${at}</p>`,
  img: () => PNG,
};

/** @param {Agnez} agnez @param {string} board @param {string} kind @param {number} count */
async function fill(agnez, board, kind, count) {
  for (let from = 0; from < count; from += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, count - from) }, (_, at) => from + at);
    const documents = some.map((at) => ({ board, name: `${kind} ${at}`, type: kind, pos: at, ...(values[kind] ? { value: values[kind](at) } : {}) }));
    /** @type {{ _id: string }[]} */
    const made = await agnez.create(documents);
    if (kind !== "line") continue;
    const lines = made.map(async ({ _id }, at) => {
      const answer = await agnez.call("POST", `/values/${_id}/points`, { loss: numbers(POINTS, at % 7) });
      if (answer.status !== 201) throw new Error(`POST points: ${answer.status} ${answer.text}`);
    });
    await Promise.all(lines);
  }
}

/** Private memory of the process of the page that was opened last, MB. Other pages are closed. */
async function rendererMemory() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const ids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  const bytes = ids.map((id) => {
    const line = /^Pss_Anon: +(\d+) kB$/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"));
    return Number(line?.[1] ?? NaN) * 1024;
  });
  return Math.max(...bytes) / 1e6;
}

/** @param {import("@playwright/test").Page} page */
async function scrolled(page) {
  await page.evaluate((step) => {
    let down = true;
    const move = () => {
      const before = scrollY;
      scrollBy(0, down ? step : -step);
      if (scrollY === before) down = !down;
      requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }, SCROLLED);
  return (await measureFrames(page, SCROLL_SECONDS)).between;
}

/** @param {string} url */
async function opened(url) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    let columns = 0;
    let drawings = 0;
    page.on("request", (request) => {
      if (request.url().includes("/columns?")) columns += 1;
      if (/\/values\/[^/]+\.(svg|json)\?/.test(request.url())) drawings += 1;
    });
    await page.addInitScript(watchFrames);
    await page.addInitScript(() => {
      const page = /** @type {any} */ (globalThis);
      new MutationObserver(() => {
        if (document.documentElement?.hasAttribute("data-hydrated")) page.awakeAt ??= performance.now();
      }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-hydrated"] });
      const timer = setInterval(() => {
        const button = /** @type {HTMLElement | null} */ (document.querySelector(".menu-button"));
        button?.click();
        if (button?.getAttribute("aria-expanded") !== "true") return;
        page.usableAt = performance.now();
        clearInterval(timer);
      }, 20);
    });
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => "usableAt" in globalThis && "awakeAt" in globalThis, undefined, { timeout: 120_000, polling: 50 });
    const times = await page.evaluate(() => ({
      painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      awake: /** @type {any} */ (globalThis).awakeAt,
      usable: /** @type {any} */ (globalThis).usableAt,
    }));
    await page.waitForTimeout(1500);
    const there = await page.evaluate(() => ({
      elements: document.querySelectorAll("*").length,
      canvases: document.querySelectorAll("canvas").length,
      bytes: /** @type {PerformanceNavigationTiming} */ (performance.getEntriesByType("navigation")[0]).decodedBodySize,
    }));
    const counted = { columns, drawings };
    await page.keyboard.press("Escape");
    const frames = await scrolled(page);
    return { ...times, ...there, ...counted, frames, memory: await rendererMemory() };
  } finally {
    await page.close();
  }
}

const browser = await chromium.launch(launchOptions);
const agnez = await Agnez.start();
const about = { cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version() };
try {
  // The first page of a browser also loads and compiles the page's code.
  await fill(agnez, "warm", "number", 1);
  await opened(`${agnez.url}/b/warm`);
  const empty = (await opened(`${agnez.url}/b/warm`)).memory;
  for (const kind of KINDS) {
    for (const cells of SIZES) {
      const board = `${kind}-${cells}`;
      await fill(agnez, board, kind, cells);
      const tries = /** @type {Awaited<ReturnType<typeof opened>>[]} */ ([]);
      for (let at = 0; at < TRIES; at += 1) tries.push(await opened(`${agnez.url}/b/${board}`));
      const middle = (/** @type {"painted" | "awake" | "usable"} */ key) => rounded(tries.map((one) => one[key]).sort((a, b) => a - b)[1] ?? NaN);
      const [first] = tries;
      if (!first) throw new Error("the board was not opened");
      const { elements, canvases, bytes, columns, drawings, frames } = first;
      const memory = rounded((tries.map((one) => one.memory).sort((a, b) => a - b)[1] ?? NaN) - empty);
      const times = { painted: middle("painted"), awake: middle("awake"), usable: middle("usable") };
      console.log(JSON.stringify({ what: "large board, ms", kind, cells, ...times, elements, canvases, bytes, columns, drawings, frames, memory, ...about }));
      console.log(
        `${cells} ${kind} cells: painted ${times.painted} ms, usable ${times.usable} ms; scrolling, a frame every ${frames.p50} ms, p99 ${frames.p99} ms; ` +
          `${memory} MB more than one cell; ${canvases} canvases, ${columns} requests for columns, ${drawings} for drawings`,
      );
    }
  }
} finally {
  await browser.close();
  await agnez.dispose();
}
