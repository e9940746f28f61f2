// Line charts in Chromium: `node bench/charts.mjs [points a chart, 1e6] [points of the long chart, 1e7]`, part of `make bench`.
//
// 1. From the POST of a point to the frame that shows it, while 100 charts of 3 lines grow at 10 Hz.
// 2. Frames while those 100 charts, one line of each long, grow at 10 Hz: the time between frames, and the script's share of each.
// 3. The script's time in each frame while a chart of many points is zoomed and panned.
//
// The script's time is that of the page's animation frames, measured around them; the time between frames also has layout, raster and all else.
import { Agent, request } from "node:http";
import { cpus } from "node:os";

import { chromium } from "@playwright/test";

import { Agnez, call } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";
import { measureFrames, rest, spread, watchFrames } from "./frames.mjs";

const POINTS = Number(process.argv[2] ?? 1e6);
const LONG = Number(process.argv[3] ?? 1e7);
const CHARTS = 100;
const LINES = ["train", "val", "test"];
const PART = 100_000;
const SECONDS = 10;
const PROBES = 100;

const now = () => performance.timeOrigin + performance.now();

/** One part of a frame of points, as docs/rest.md has it: steps count on, values are f32. @param {string} cell @param {string} series @param {Float32Array} y */
function part(cell, series, y) {
  const head = Buffer.alloc(1 + cell.length + 2 + series.length + 13);
  let at = head.writeUInt8(cell.length, 0);
  at += head.write(cell, at);
  at = head.writeUInt16LE(series.length, at);
  at += head.write(series, at);
  at = head.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, at);
  at = head.writeUInt8(2, at);
  head.writeUInt32LE(y.length, at);
  return Buffer.concat([head, Buffer.from(y.buffer, y.byteOffset, y.byteLength)]);
}

/** @param {Buffer[]} parts */
function frame(parts) {
  const head = Buffer.alloc(20);
  head.write("AGNZ", 0);
  head.writeUInt8(1, 4);
  head.writeUInt8(1, 5);
  head.writeUInt32LE(parts.length, 16);
  return Buffer.concat([head, ...parts]);
}

let seed = 1;
/** A falling loss with noise. @param {number} start @param {number} count */
function loss(start, count) {
  const y = new Float32Array(count);
  for (let at = 0; at < count; at += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    y[at] = 2 / (1 + (start + at) / 1e5) + 0.3 * (seed / 2 ** 32);
  }
  return y;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** @param {string} url @param {Buffer} body @returns {Promise<void>} */
function send(url, body) {
  return new Promise((done, fail) => {
    const headers = { "content-type": "application/octet-stream", "content-length": body.length };
    const post = request(`${url}/points`, { method: "POST", agent, headers }, (reply) => {
      reply.resume();
      reply.on("end", () => (reply.statusCode === 201 ? done() : fail(new Error(`POST /points: ${reply.statusCode}`))));
    });
    post.on("error", fail);
    post.end(body);
  });
}

/** Grows all charts ten times a second until told to stop. @param {string} url @param {string[]} ids */
function grow(url, ids) {
  let isOn = true;
  let at = 0;
  const turns = (async () => {
    while (isOn) {
      const began = now();
      await send(url, frame(ids.flatMap((id) => LINES.map((line) => part(id, line, loss(at, 1))))));
      at += 1;
      await rest(Math.max(0, 100 - (now() - began)));
    }
  })();
  return async () => {
    isOn = false;
    await turns;
    return at;
  };
}

const browser = await chromium.launch(launchOptions);
const agnez = await Agnez.start();
const about = { cpu: cpus()[0]?.model, cores: cpus().length, chromium: browser.version() };
try {
  const ids = [];
  for (let at = 0; at < CHARTS; at += 1) {
    const { _id } = await agnez.create({ name: `chart ${at}`, type: "line", pos: at });
    ids.push(_id);
  }
  await painted(ids);
  const began = now();
  for (const id of ids) for (let at = 0; at < POINTS; at += PART) await send(agnez.url, frame([part(id, "train", loss(at, Math.min(PART, POINTS - at)))]));
  console.error(`${CHARTS} charts of ${POINTS} points loaded in ${Math.round((now() - began) / 1000)} s`);
  await frames(ids, { width: 1280, height: 800 });
  await frames(ids, { width: 2560, height: 1440 });
  await zoomed();
} finally {
  await browser.close();
  agent.destroy();
  await agnez.dispose();
}

/** @param {string[]} ids */
async function painted(ids) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const first = ids[0] ?? "";
  const stop = grow(agnez.url, ids.slice(1));
  try {
    await send(agnez.url, frame([part(first, "train", loss(0, 10))]));
    await page.goto(agnez.url);
    await page.getByRole("status").filter({ hasText: "live" }).waitFor();
    const canvas = page.locator(`article[data-id="${first}"] canvas`);
    await canvas.and(page.locator("[data-points='10']")).waitFor();
    await rest(1000);
    const times = [];
    for (let probe = 0; probe < PROBES; probe += 1) {
      const wanted = String(11 + probe);
      await page.evaluate(
        ([id, wanted]) => {
          const canvas = document.querySelector(`article[data-id="${id}"] canvas`);
          globalThis.agnezPainted = new Promise((resolve) => {
            new MutationObserver((_, observer) => {
              if (canvas?.getAttribute("data-points") !== wanted) return;
              observer.disconnect();
              // The drawing is in this frame: what is posted in it runs after it.
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => resolve(performance.timeOrigin + performance.now());
              port2.postMessage(null);
            }).observe(/** @type {Element} */ (canvas), { attributes: true });
          });
        },
        [first, wanted],
      );
      await rest(Math.random() * 16);
      const sent = now();
      await call(agnez.url, "POST", `/values/${first}/points`, { train: 0.5 }, {}, agent);
      times.push((await page.evaluate(() => globalThis.agnezPainted)) - sent);
    }
    const result = spread(times);
    console.log(JSON.stringify({ what: "point to painted beside 100 charts at 10 Hz, ms", ...result, ...about }));
    console.log(`point to painted beside 100 charts of 3 lines at 10 Hz: p50 ${result.p50} ms, p95 ${result.p95} ms, max ${result.max} ms`);
  } finally {
    await stop();
    await page.close();
  }
}

/** @param {string[]} ids @param {{width: number, height: number}} viewport */
async function frames(ids, viewport) {
  const page = await browser.newPage({ viewport });
  await page.addInitScript(watchFrames);
  try {
    await page.goto(agnez.url);
    await page.locator("canvas[data-points]").first().waitFor();
    await rest(3000);
    const seen = await page.evaluate(() => {
      const inSight = (/** @type {Element} */ canvas) => {
        const { top, bottom } = canvas.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      };
      return [...document.querySelectorAll("canvas")].filter(inSight).length;
    });
    const stop = grow(agnez.url, ids);
    await rest(1000);
    const { between, script } = await measureFrames(page, SECONDS);
    const ticks = await stop();
    const size = `${viewport.width} x ${viewport.height}`;
    console.log(JSON.stringify({ what: "frames, ms", charts: CHARTS, seen, points: POINTS, viewport: size, between, script, ticks, ...about }));
    console.log(`${CHARTS} charts of ${POINTS} points at 10 Hz, ${seen} in sight at ${size}: frames p50 ${between.p50}, p99 ${between.p99} ms; script p99 ${script.p99} ms`);
  } finally {
    await page.close();
  }
}

async function zoomed() {
  const { _id } = await agnez.create({ name: "long", type: "line", board: "long" });
  for (let at = 0; at < LONG; at += PART) await send(agnez.url, frame([part(_id, "train", loss(at, Math.min(PART, LONG - at)))]));
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(watchFrames);
  try {
    await page.goto(`${agnez.url}/b/long`);
    const canvas = page.locator("canvas[data-points]");
    await canvas.waitFor();
    await rest(1000);
    const box = await canvas.boundingBox();
    if (!box) throw new Error("the chart is not on the page");
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await page.evaluate(() => void (globalThis.agnezFrames.script.length = 0));
    for (let step = 0; step < 60; step += 1) {
      await page.mouse.wheel(0, step < 40 ? -60 : 60);
      await rest(25);
    }
    await page.keyboard.down("Shift");
    await page.mouse.down();
    for (let step = 0; step < 60; step += 1) {
      await page.mouse.move(box.x + box.width * (0.6 - 0.3 * Math.sin(step / 10)), box.y + box.height / 2);
      await rest(25);
    }
    await page.mouse.up();
    await page.keyboard.up("Shift");
    const script = spread(await page.evaluate(() => globalThis.agnezFrames.script));
    console.log(JSON.stringify({ what: "zoom and pan, script a frame, ms", points: LONG, ...script, ...about }));
    console.log(`zoom and pan at ${LONG} points: script a frame p50 ${script.p50}, p95 ${script.p95}, max ${script.max} ms`);
  } finally {
    await page.close();
  }
}
