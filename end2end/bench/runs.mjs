// A board of many runs in Chromium: `node bench/runs.mjs [runs, 10000] [steps of each, 100]`, part of `make bench`.
//
// Each run has 10 metrics and a configuration of 100 keys, 20 of which differ. Three addresses: the newest 20 runs, all runs in groups
// with bands, and a table that is searched and sorted. For each:
//   painted    the first contentful paint, from the start of the navigation
//   awake      the page has its code, and handlers are on it
//   curves     the first chart shows its curves
// and then, while 100 runs log all metrics once a second: the time between frames, and the script's share of each.
import { Agent } from "node:http";
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez, call } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";
import { measureFrames, rest, rounded, watchFrames } from "./frames.mjs";

const RUNS = Number(process.argv[2] ?? 10_000);
const STEPS = Number(process.argv[3] ?? 100);
const LIVE = 100;
const METRICS = ["train/loss", "val/loss", "train/acc", "val/acc", "lr", "grad_norm", "train/f1", "val/f1", "throughput", "epoch_time"];
const RATES = 8;
const KEYS = 100;
const DIFFERENT_KEYS = 20;
const CONNECTIONS = 4;
const TRIES = 3;
const SECONDS = 20;
const VIEWS = {
  "newest 20": "",
  "groups of all": "?group=lr",
  "searched, sorted": `?q=${encodeURIComponent("model=vit key_1<2")}&sort=${encodeURIComponent("val/acc.max")}`,
};

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** One step of a curve that falls, with noise that is the same each time. @param {number} run @param {number} step */
function row(run, step) {
  const noise = (Math.imul(run * 31 + step + 1, 2654435761) >>> 0) / 2 ** 32;
  return Object.fromEntries([["step", step], ...METRICS.map((metric, at) => [metric, (2 / (1 + step / (20 + at + (run % RATES)))) * (1 + 0.1 * noise)])]);
}

/** @param {number} run */
function config(run) {
  const keys = Array.from({ length: KEYS - 3 }, (_, key) => [`key_${key}`, key < DIFFERENT_KEYS ? Math.floor(run / (key + 1)) % (key + 2) : "the same"]);
  return { lr: run % RATES, model: ["vit", "resnet18", "resnet50"][run % 3], seed: Math.floor(run / RATES), ...Object.fromEntries(keys) };
}

/** @param {string} method @param {string} path @param {unknown} body */
async function send(method, path, body) {
  const answer = await call(agnez.url, method, path, body, {}, agent);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
}

async function fill() {
  const all = Array.from({ length: RUNS }, (_, run) => run);
  const work = async () => {
    for (let run = all.shift(); run !== undefined; run = all.shift()) {
      const path = `/boards/sweep/runs/run-${run}`;
      await send("POST", `${path}/log`, Array.from({ length: STEPS }, (_, step) => row(run, step)));
      await send("PATCH", path, { config: config(run), ...(run < RUNS - LIVE ? { status: "finished" } : {}) });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

/** The newest runs log one step each, once a second, until the function that this returns is called. */
function log() {
  let isOn = true;
  let rows = 0;
  const turns = Array.from({ length: LIVE }, async (_, at) => {
    await rest((1000 * at) / LIVE);
    for (let step = STEPS; isOn; step += 1) {
      const began = performance.now();
      await send("POST", `/boards/sweep/runs/run-${RUNS - 1 - at}/log`, row(RUNS - 1 - at, step));
      rows += 1;
      await rest(Math.max(0, 1000 - (performance.now() - began)));
    }
  });
  return async () => {
    isOn = false;
    await Promise.all(turns);
    return rows;
  };
}

/** @param {string} url @param {boolean} isLive */
async function opened(url, isLive) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(watchFrames);
  await page.addInitScript(() => {
    const page = /** @type {any} */ (globalThis);
    new MutationObserver(() => {
      // The panel of runs is awake when its own code is there.
      const isAwake = document.documentElement?.hasAttribute("data-hydrated") && !document.querySelector(".runs-panel:not([data-hydrated])");
      if (isAwake) page.awakeAt ??= performance.now();
      if (document.querySelector("canvas[data-points]")) page.curvesAt ??= performance.now();
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-hydrated", "data-points"] });
  });
  try {
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => "curvesAt" in globalThis && "awakeAt" in globalThis, undefined, { timeout: 60_000, polling: 50 });
    const times = await page.evaluate(() => ({
      painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      awake: /** @type {any} */ (globalThis).awakeAt,
      curves: /** @type {any} */ (globalThis).curvesAt,
    }));
    if (!isLive) return { times, frames: undefined, rows: 0 };
    await rest(2000);
    const stop = log();
    await rest(2000);
    const frames = await measureFrames(page, SECONDS);
    return { times, frames, rows: await stop() };
  } finally {
    await page.close();
  }
}

const browser = await chromium.launch(launchOptions);
const agnez = await Agnez.start();
const about = { cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version() };
try {
  const began = performance.now();
  await fill();
  console.error(`${RUNS} runs of ${METRICS.length} metrics and ${STEPS} steps loaded in ${Math.round((performance.now() - began) / 1000)} s`);
  // The first page of a browser also loads and compiles the page's code.
  await opened(`${agnez.url}/b/sweep`, false);
  for (const [view, query] of Object.entries(VIEWS)) {
    const url = `${agnez.url}/b/sweep${query}`;
    const tries = /** @type {Awaited<ReturnType<typeof opened>>["times"][]} */ ([]);
    for (let at = 0; at < TRIES; at += 1) tries.push((await opened(url, false)).times);
    const middle = (/** @type {"painted" | "awake" | "curves"} */ key) => rounded(tries.map((one) => one[key]).sort((a, b) => a - b)[1] ?? NaN);
    const times = { painted: middle("painted"), awake: middle("awake"), curves: middle("curves") };
    const { frames, rows } = await opened(url, true);
    console.log(JSON.stringify({ what: "board of runs, ms", view, runs: RUNS, steps: STEPS, ...times, frames, rows, ...about }));
    console.log(`${RUNS} runs, ${view}: painted ${times.painted}, awake ${times.awake}, curves ${times.curves} ms; ${rows} rows logged: frames p50 ${frames?.between.p50}, p99 ${frames?.between.p99} ms, script p99 ${frames?.script.p99} ms`);
  }
} finally {
  await browser.close();
  agent.destroy();
  await agnez.dispose();
}
