// From the PATCH that is sent to the text that is painted, in Chromium: `node bench/paint.mjs [rounds]`, part of `make bench`.
//
// Node notes the time, sends the PATCH, and waits until the page says when it had painted: a MutationObserver sees the new
// text, the next animation frame draws it, and a message posted in that frame runs after it. Both clocks are the machine's
// (performance.timeOrigin + performance.now()); how far they are apart is measured and printed.
import { Agent } from "node:http";
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez, call } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";

const ROUNDS = Number(process.argv[2] ?? 200);
const WARM_UP = 20;
const DURABILITIES = ["full", "normal"];

const now = () => performance.timeOrigin + performance.now();
/** @param {number} ms */
const rest = (ms) => new Promise((done) => setTimeout(done, ms));
/** @param {number} value */
const rounded = (value) => Math.round(value * 100) / 100;

const browser = await chromium.launch(launchOptions);
try {
  for (const durability of DURABILITIES) {
    const result = { what: "patch to painted, ms", durability, patches: ROUNDS, ...(await measure(durability)), cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version() };
    console.log(JSON.stringify(result));
    console.log(`--durability ${durability}: patch to painted over ${ROUNDS} patches: p50 ${result.p50} ms, p95 ${result.p95} ms, max ${result.max} ms`);
  }
} finally {
  await browser.close();
}

/** @param {string} durability */
async function measure(durability) {
  const agnez = await Agnez.start({ args: ["--durability", durability] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    const { _id } = await agnez.create({ name: "latency", type: "log", value: "round -1;", pos: 0 });
    await page.goto(agnez.url);
    await page.getByRole("status").filter({ hasText: "live" }).waitFor();
    await page.evaluate(watch, _id);
    const skew = await clockSkew(page);
    /** @type {number[]} */
    const painted = [];
    /** @type {number[]} */
    const answered = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      const value = `round ${round};`;
      await page.evaluate((value) => globalThis.agnezArm(value), value);
      await rest(Math.random() * 16);
      const sent = now();
      const answer = await call(agnez.url, "PATCH", `/values/${_id}`, { value }, {}, agent);
      const acknowledged = now();
      if (answer.status !== 200) throw new Error(`PATCH: ${answer.status} ${answer.text}`);
      const seen = await page.evaluate(() => globalThis.agnezPainted);
      if (round < WARM_UP) continue;
      painted.push(seen - sent);
      answered.push(acknowledged - sent);
    }
    return { ...spread(painted), answer: spread(answered), clock_skew: rounded(skew) };
  } finally {
    await page.close();
    agent.destroy();
    await agnez.dispose();
  }
}

/** Runs in the page. @param {string} id */
function watch(id) {
  const stage = document.querySelector(`article[data-id="${id}"] .chart-stage`);
  if (!stage) throw new Error("the cell has no stage");
  let wanted = "";
  /** @type {(time: number) => void} */
  let resolve = () => {};
  globalThis.agnezArm = (value) => {
    wanted = value;
    globalThis.agnezPainted = new Promise((painted) => (resolve = painted));
  };
  new MutationObserver(() => {
    if (!wanted || !stage.textContent?.includes(wanted)) return;
    wanted = "";
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.timeOrigin + performance.now());
      port2.postMessage(null);
    });
  }).observe(stage, { subtree: true, childList: true, characterData: true });
}

/** The page's clock minus ours, from the quickest of some exchanges. @param {import("@playwright/test").Page} page */
async function clockSkew(page) {
  let best = { took: Infinity, skew: 0 };
  for (let round = 0; round < 50; round += 1) {
    const before = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const after = now();
    if (after - before < best.took) best = { took: after - before, skew: there - (before + after) / 2 };
  }
  if (Math.abs(best.skew) > best.took / 2 + 1) throw new Error(`The clocks of Node and Chromium are ${best.skew.toFixed(2)} ms apart: the figures would mean nothing.`);
  return best.skew;
}

/** @param {number[]} times */
function spread(times) {
  const sorted = [...times].sort((a, b) => a - b);
  /** @param {number} share */
  const at = (share) => rounded(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
