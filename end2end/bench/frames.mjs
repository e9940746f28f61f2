// What the benchmarks of frames share: times between frames, the script's share of each, and their percentiles.

export const rest = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
export const rounded = (/** @type {number} */ value) => Math.round(value * 100) / 100;

/** @param {number[]} times */
export function spread(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => rounded(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN);
  return { count: times.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** Before the page's script: notes how long each animation frame's callbacks take, and when each frame was. */
export function watchFrames() {
  const real = window.requestAnimationFrame.bind(window);
  const log = { script: /** @type {number[]} */ ([]), times: /** @type {number[]} */ ([]) };
  Object.assign(globalThis, { agnezFrames: log });
  window.requestAnimationFrame = (callback) =>
    real((time) => {
      const began = performance.now();
      callback(time);
      log.script.push(performance.now() - began);
    });
  const tick = () => {
    log.times.push(performance.now());
    real(tick);
  };
  real(tick);
}

/**
 * The time between frames, and the script's share of each, over some seconds from now.
 * @param {import("@playwright/test").Page} page @param {number} seconds
 */
export async function measureFrames(page, seconds) {
  await page.evaluate(() => {
    globalThis.agnezFrames.script.length = 0;
    globalThis.agnezFrames.times.length = 0;
  });
  await rest(seconds * 1000);
  const log = await page.evaluate(() => globalThis.agnezFrames);
  const between = spread(log.times.slice(1).map((/** @type {number} */ time, /** @type {number} */ at) => time - (log.times[at] ?? time)));
  return { between, script: spread(log.script) };
}
