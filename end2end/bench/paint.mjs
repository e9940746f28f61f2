// From the call of the PATCH to the changed DOM in Chromium: `node bench/paint.mjs [patches]`, part of `make bench`.
//
// Node notes the time and sends the PATCH. In the page a MutationObserver notes when the new text is in the DOM: that is what
// Agnez and the network take, and what the goal is set on. The frame that paints it follows: the page waits for the display,
// up to 16.7 ms at 60 Hz, whatever the server does; it is printed apart. The clocks are performance.timeOrigin +
// performance.now() on both sides, aligned by the shortest of 200 round trips. The durabilities take turns, three rounds each.
import { Agent } from "node:http";
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez, call } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";
import { rest, rounded, spread } from "./frames.mjs";

const PATCHES = Number(process.argv[2] ?? 200);
const WARM_UP = 20;
const ROUNDS = 3;
const ROUND_TRIPS = 200;
const DURABILITIES = ["full", "normal"];

const now = () => performance.timeOrigin + performance.now();

const browser = await chromium.launch(launchOptions);
try {
  /** @type {Map<string, Awaited<ReturnType<typeof measure>>[]>} */
  const rounds = new Map(DURABILITIES.map((durability) => [durability, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const durability of DURABILITIES) {
      const result = await measure(durability);
      console.log(JSON.stringify({ what: "patch to DOM and to painted, ms", durability, patches: PATCHES, ...result, cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version() }));
      rounds.get(durability)?.push(result);
    }
  }
  for (const [durability, results] of rounds) {
    for (const what of /** @type {const} */ (["dom", "painted", "answer"])) {
      const figures = results.map((result) => `${result[what].p50} / ${result[what].p95}`).join(", ");
      console.log(`--durability ${durability}: ${what} p50 / p95 ms of ${ROUNDS} rounds of ${PATCHES} patches: ${figures}`);
    }
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
    const changed = [];
    /** @type {number[]} */
    const painted = [];
    /** @type {number[]} */
    const answered = [];
    for (let round = 0; round < WARM_UP + PATCHES; round += 1) {
      const value = `round ${round};`;
      await page.evaluate((value) => globalThis.agnezArm(value), value);
      await rest(Math.random() * 16);
      const sent = now();
      const answer = await call(agnez.url, "PATCH", `/values/${_id}`, { value }, {}, agent);
      const acknowledged = now();
      if (answer.status !== 200) throw new Error(`PATCH: ${answer.status} ${answer.text}`);
      const seen = await page.evaluate(() => globalThis.agnezShown);
      if (round < WARM_UP) continue;
      changed.push(seen.changed - skew - sent);
      painted.push(seen.painted - skew - sent);
      answered.push(acknowledged - sent);
    }
    return { dom: spread(changed), painted: spread(painted), answer: spread(answered), clock_skew: rounded(skew) };
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
  /** @type {(times: { changed: number, painted: number }) => void} */
  let resolve = () => {};
  globalThis.agnezArm = (value) => {
    wanted = value;
    globalThis.agnezShown = new Promise((painted) => (resolve = painted));
  };
  new MutationObserver(() => {
    if (!wanted || !stage.textContent?.includes(wanted)) return;
    wanted = "";
    const changed = performance.timeOrigin + performance.now();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve({ changed, painted: performance.timeOrigin + performance.now() });
      port2.postMessage(null);
    });
  }).observe(stage, { subtree: true, childList: true, characterData: true });
}

/** The page's clock minus ours, from the shortest of some round trips. @param {import("@playwright/test").Page} page */
async function clockSkew(page) {
  let best = { took: Infinity, skew: 0 };
  for (let round = 0; round < ROUND_TRIPS; round += 1) {
    const before = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const after = now();
    if (after - before < best.took) best = { took: after - before, skew: there - (before + after) / 2 };
  }
  if (Math.abs(best.skew) > best.took / 2 + 1) throw new Error(`The clocks of Node and Chromium are ${best.skew.toFixed(2)} ms apart: the figures would mean nothing.`);
  return best.skew;
}
