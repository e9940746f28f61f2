// Large boards in Chromium: `node bench/boards.mjs [cells, 100,1000,3000] [kinds, line,bar,number,table,text,html,img]`, part of `make bench`.
//
// From the start of the navigation, with a board of so many cells of one kind (a line cell has one series of 200 points):
//   painted    the first contentful paint
//   awake      the page has its code, and handlers are on it
//   usable     the menu of a cell opens by a click that is tried again and again from the beginning
// and then what there is: elements, canvases, requests for columns and for drawings.
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";

const SIZES = (process.argv[2] ?? "100,1000,3000").split(",").map(Number);
const KINDS = (process.argv[3] ?? "line").split(",");
const POINTS = 200;
const TRIES = 3;
const TOGETHER = 100;
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
    return { ...times, ...there, columns, drawings };
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
  for (const kind of KINDS) {
    for (const cells of SIZES) {
      const board = `${kind}-${cells}`;
      await fill(agnez, board, kind, cells);
      const tries = /** @type {Awaited<ReturnType<typeof opened>>[]} */ ([]);
      for (let at = 0; at < TRIES; at += 1) tries.push(await opened(`${agnez.url}/b/${board}`));
      const middle = (/** @type {"painted" | "awake" | "usable"} */ key) => rounded(tries.map((one) => one[key]).sort((a, b) => a - b)[1] ?? NaN);
      const { elements, canvases, bytes, columns, drawings } = tries[0] ?? { elements: 0, canvases: 0, bytes: 0, columns: 0, drawings: 0 };
      const result = { painted: middle("painted"), awake: middle("awake"), usable: middle("usable"), elements, canvases, bytes, columns, drawings };
      console.log(JSON.stringify({ what: "large board, ms", kind, cells, ...result, ...about }));
      console.log(`${cells} ${kind} cells: painted ${result.painted} ms, usable ${result.usable} ms; ${canvases} canvases, ${columns} requests for columns, ${drawings} for drawings`);
    }
  }
} finally {
  await browser.close();
  await agnez.dispose();
}
