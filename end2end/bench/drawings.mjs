// One new value and its readers: `node bench/drawings.mjs [readers]`, part of `make bench`.
//
// A plane of 100,000 points at random places is sent five times; each time so many readers ask for its drawing at once, over connections that
// are open, as their pages do. Of the server: how long the last of them waited, and the processor time for all.
//
// Then a page shows a cell, and values come one after the other: how long from sending one to the frame in which it is seen.
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";

import { chromium } from "@playwright/test";

import { Agnez } from "../support/agnez.mjs";
import { launchOptions } from "../support/chromium.mjs";

const READERS = Number(process.argv[2] ?? 100);
const POINTS = 100_000;
const ROUNDS = 5;
const SHOWN = 20;

const agnez = await Agnez.start();
const agent = new Agent({ keepAlive: true, maxSockets: READERS });
const list = () => Array.from({ length: POINTS }, Math.random);

/** @param {string} path @returns {Promise<number>} */
const length = (path) =>
  new Promise((done, failed) => {
    get(`${agnez.url}/${path}`, { agent }, (reply) => {
      let bytes = 0;
      reply.on("data", (part) => (bytes += part.length));
      reply.on("end", () => (reply.statusCode === 200 ? done(bytes) : failed(new Error(`${path}: ${reply.statusCode}`))));
    }).on("error", failed);
  });

/** Milliseconds of the server's processor time, in hundredths of a second as Linux counts them. */
function processor() {
  const words = readFileSync(`/proc/${agnez.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(words[11]) + Number(words[12])) * 10;
}

try {
  const { _id } = await agnez.create({ name: "plane", type: "scatter", value: { x: [0], y: [0] } });
  // Open connections.
  await Promise.all(Array.from({ length: READERS }, () => length("values")));
  for (let round = 0; round < ROUNDS; round++) {
    await agnez.patch(_id, { value: { x: list(), y: list() } });
    const page = (await agnez.call("GET", "/")).text;
    const path = page.match(new RegExp(`values/${_id}\\.svg\\?height=240&(?:amp;)?v=\\d+`))?.[0].replace("&amp;", "&");
    if (!path) throw new Error("The page does not name the drawing.");
    const [before, began] = [processor(), performance.now()];
    const bytes = await Promise.all(Array.from({ length: READERS }, () => length(path)));
    const last = Math.round(performance.now() - began);
    console.log(JSON.stringify({ what: "a drawing and its readers", readers: READERS, bytes: bytes[0], last_ms: last, server_processor_ms: processor() - before }));
  }

  const browser = await chromium.launch(launchOptions);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const values = {
    bar: () => Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, Math.random()])),
    heatmap: () => Array.from({ length: 100 }, () => Array.from({ length: 100 }, Math.random)),
    scatter: () => ({ x: list(), y: list() }),
  };
  for (const [type, value] of Object.entries(values)) {
    const board = `shown-${type}`;
    const { _id } = await agnez.create({ board, name: type, type, value: value() });
    await page.goto(`${agnez.url}/b/${board}`);
    await page.waitForTimeout(1500);
    const took = [];
    for (let round = 0; round < SHOWN; round++) {
      const body = { value: value() };
      const seen = page.evaluate(
        () =>
          new Promise((done) => {
            const at = () => document.querySelector(".picture img")?.outerHTML;
            const before = at();
            const look = () => (at() === before ? requestAnimationFrame(look) : requestAnimationFrame(() => done(performance.timeOrigin + performance.now())));
            look();
          }),
      );
      await page.waitForTimeout(200);
      const began = performance.timeOrigin + performance.now();
      await agnez.patch(_id, body);
      took.push(Number(await seen) - began);
    }
    took.sort((a, b) => a - b);
    console.log(JSON.stringify({ what: "a value until it is seen", type, p50_ms: Math.round(took[SHOWN / 2] ?? 0), worst_ms: Math.round(took.at(-1) ?? 0) }));
  }
  await browser.close();
} finally {
  agent.destroy();
  await agnez.dispose();
}
