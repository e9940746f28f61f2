// The page itself: how it begins, what the server has drawn, how it looks, and how it is delivered.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";

import type { Page } from "@playwright/test";

import { cell, cells, figure, live, openBoard, stage, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const run = promisify(execFile);
const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");
const BINARY = resolve(process.env.AGNEZ_BIN ?? "../target/release/agnez");

/** What Rust, wasm-opt, JS and CSS may come to, in bytes of brotli. */
const BUDGET = JSON.parse(readFileSync("../tools/budget.json", "utf8")) as { first: number; whole: number };

test("the command on the empty board makes the first cell", async ({ page, agnez, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openBoard(page);
  const command = page.locator("pre", { hasText: "curl" });
  await expect(command).toContainText(`${agnez.url}/values`);
  await page.getByRole("button", { name: "Copy the curl command" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.trim()).toBe((await command.textContent())?.trim());
  await run("bash", ["-c", copied]);
  await expect(cells(page)).toHaveCount(1);
  await expect(page.getByRole("article", { name: "hello" })).toBeVisible();
  await expect(figure(cells(page).first()).getByRole("heading", { name: "It works" })).toBeVisible();
  await expect(page.getByText("Send the first cell")).toHaveCount(0);
});

test("a page that has failed says so, and where", async ({ page, problems }) => {
  // No library of the page expects that there is no body.
  await page.addInitScript(() => Object.defineProperty(document, "body", { get: () => null }));
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  problems.allow(/This page hit an internal error/);
  await page.goto("/");
  await expect(page.locator("html")).toHaveAttribute("data-notice", /^This page hit an internal error \([^ ]*:\d+\)\. Reload to continue\.$/);
  await expect.poll(() => errors.join()).toContain("This page hit an internal error");
});

test("so does the Python code, on any board, and comes first", async ({ page, agnez, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openBoard(page, "/b/mnist");
  await expect(page.locator("main pre").first()).toHaveText("pip install agnez");
  await page.getByRole("button", { name: "Copy the Python code" }).click();
  const code = await page.evaluate(() => navigator.clipboard.readText());
  expect(code).toBe(await page.locator("main pre").nth(1).textContent());
  const env: NodeJS.ProcessEnv = { ...process.env, PYTHONPATH: resolve("../python/src"), AGNEZ_SPOOL: resolve(agnez.folder, "spool") };
  delete env.AGNEZ_URL;
  await run(PYTHON, ["-c", code], { env });
  await expect(page.getByRole("article", { name: "loss" }).locator("canvas")).toHaveAttribute("data-points", "100");
  expect((await agnez.values()).map(({ name, board }) => [name, board])).toEqual([["loss", "mnist"]]);
});

test("the demo command fills this board", async ({ page, agnez }) => {
  await openBoard(page, "/b/mnist");
  const command = await page.locator("main pre", { hasText: "agnez demo" }).textContent();
  expect(command).toBe(`agnez demo --url ${agnez.url} --board mnist`);
  const demo = run(BINARY, [...command!.split(" ").slice(1), "--seconds", "0"]);
  await expect(page.getByRole("article", { name: "Loss", exact: true }).locator("canvas")).toHaveAttribute("data-points", /^[1-9]/);
  await demo;
});

test("the commands of a reader with a token say where it stands", async ({ page, agnez, open }) => {
  const { token } = await newToken(agnez, "write");
  const other = await open();
  await other.goto(`/b/mnist#token=${token}`);
  await live(other);
  const codes = await other.locator("main pre").allTextContents();
  expect(codes.filter((code) => code.includes("TOKEN"))).toHaveLength(3);
  const [, python, curl] = codes.map((code) => code.replace("TOKEN", token));
  await openBoard(page, "/b/mnist");
  await expect(page.getByText("TOKEN")).toHaveCount(0);
  const env: NodeJS.ProcessEnv = { ...process.env, PYTHONPATH: resolve("../python/src"), AGNEZ_SPOOL: resolve(agnez.folder, "spool") };
  await run(PYTHON, ["-c", python!], { env });
  await run("bash", ["-c", curl!.replace("curl ", "curl -fsS ")]);
  for (const name of ["loss", "hello"]) await expect(page.getByRole("article", { name })).toBeVisible();
});

test("the first answer holds the real cells, and says who may do what", async ({ agnez }) => {
  const { _id } = await agnez.create({ name: "loss of run 7", type: "log", value: "epoch 1", description: "the note of run 7" });
  const answer = await agnez.call("GET", "/");
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(/^<!DOCTYPE html>/i);
  const body = answer.text.slice(answer.text.indexOf("<body"));
  for (const part of [`data-id="${_id}"`, "loss of run 7", "the note of run 7", "epoch 1"]) expect(body).toContain(part);

  const policy = Object.fromEntries(String(answer.headers["content-security-policy"]).split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));
  expect(policy["default-src"]).toEqual(["'none'"]);
  expect(policy["script-src"]).toEqual(expect.arrayContaining(["'self'", "'wasm-unsafe-eval'"]));
  expect(policy["script-src"]).not.toContain("'unsafe-inline'");
  expect(policy["script-src"]).not.toContain("'unsafe-eval'");
  for (const name of ["object-src", "form-action", "frame-ancestors"]) expect(policy[name]).toEqual(["'none'"]);
  for (const name of ["frame-src", "base-uri"]) expect(policy[name]).toEqual(["'self'"]);
  const nonces = [...answer.text.matchAll(/nonce="([^"]+)"/g)].map((match) => match[1]);
  expect(policy["script-src"]).toContain(`'nonce-${nonces[0]}'`);
  expect((await agnez.call("GET", "/")).headers["content-security-policy"], "a nonce is used once").not.toBe(answer.headers["content-security-policy"]);
  expect(answer.headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  });
});

test("the page wakes without moving or replacing anything", async ({ page, agnez }) => {
  await agnez.create([1, 2, 3, 4, 5].map((pos) => ({ name: `cell ${pos}`, type: "log", value: `line ${pos}`, pos, description: pos % 2 ? "note" : "" })));
  await page.addInitScript(() => {
    Object.assign(window, { shift: 0 });
    const add = (value: number) => ((window as unknown as { shift: number }).shift += value);
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => add((entry as unknown as { value: number }).value))).observe({ type: "layout-shift", buffered: true });
  });
  await page.route("**/pkg/*.wasm", async (route) => {
    await page.evaluate(() => document.querySelectorAll("article[data-id]").forEach((article) => Object.assign(article, { drawn: true })));
    await route.continue();
  });
  await openBoard(page);
  expect(await cells(page).evaluateAll((all) => all.map((one) => (one as unknown as { drawn?: boolean }).drawn))).toEqual([true, true, true, true, true]);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await page.evaluate(() => (window as unknown as { shift: number }).shift), "cumulative layout shift").toBeLessThan(0.001);
});

test("code and style are small, compressed and kept for ever", async ({ agnez }) => {
  const html = (await agnez.call("GET", "/")).text;
  const assets = [...new Set([...html.matchAll(/\/pkg\/[\w.-]+/g)].map(([path]) => path))];
  expect(assets.map((path) => path.split(".").at(-1)).sort()).toEqual(["css", "js", "wasm"]);
  const types: Record<string, RegExp> = { css: /^text\/css/, js: /javascript/, wasm: /^application\/wasm/ };
  let total = 0;
  for (const path of assets) {
    expect(path, "named by its content").toMatch(/\.[0-9a-f]{8,}\./);
    const plain = await agnez.call("GET", path);
    const brotli = await agnez.call("GET", path, undefined, { "accept-encoding": "gzip, deflate, br" });
    const gzip = await agnez.call("GET", path, undefined, { "accept-encoding": "gzip" });
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    for (const answer of [plain, brotli, gzip]) {
      expect(answer.headers["cache-control"]).toMatch(/immutable/);
      expect(answer.headers["cache-control"]).toMatch(/max-age=31536000/);
      expect(answer.headers["content-type"]).toMatch(types[path.split(".").at(-1)!]!);
      expect(answer.headers["vary"]?.toLowerCase()).toContain("accept-encoding");
      expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    }
    expect(brotli.body.length).toBeLessThan(gzip.body.length);
    expect(gzip.body.length).toBeLessThan(plain.body.length);
    total += brotli.body.length;
  }
  expect(total, "js + wasm + css in brotli").toBeLessThanOrEqual(BUDGET.first);

  for (const path of ["/vendor/d3.v5.min.js", "/vendor/mpld3.min.js"]) {
    const answer = await agnez.call("GET", path, undefined, { "accept-encoding": "br" });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ "cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*", "content-encoding": "br" });
  }
  expect((await agnez.call("GET", "/favicon.svg")).headers["content-type"]).toMatch(/^image\/svg/);
  expect((await agnez.call("GET", "/pkg/agnez.00000000.js")).status).toBe(404);
});

test("light and dark", async ({ page, agnez, open }) => {
  await agnez.create({ name: "loss", type: "log", value: "epoch 1", description: "a note" });
  await agnez.create({ name: "", type: "img", value: [] });
  await openBoard(page);
  const theme = page.getByRole("button", { name: /theme/i });
  const root = page.locator("html");
  expect(await brightness(page)).toBeGreaterThan(0.8);
  await readable(page);

  await theme.click();
  await expect(root).toHaveAttribute("data-theme", "light");
  await theme.click();
  await expect(root).toHaveAttribute("data-theme", "dark");
  expect(await brightness(page)).toBeLessThan(0.2);
  await readable(page);

  // The choice is kept, and is there before anything is drawn.
  await page.route("**/pkg/*.wasm", async (route) => {
    expect.soft(await root.getAttribute("data-theme")).toBe("dark");
    await route.continue();
  });
  await page.reload();
  await live(page);
  expect(await brightness(page)).toBeLessThan(0.2);
  await page.keyboard.press("t");
  await expect(root).not.toHaveAttribute("data-theme");

  const system = await open({ colorScheme: "dark" });
  await openBoard(system);
  expect(await brightness(system)).toBeLessThan(0.2);
  await readable(system);
});

test("two boards: the header leads from one to the other", async ({ page, agnez }) => {
  await agnez.create({ name: "on main", type: "log", value: "1" });
  await agnez.create({ name: "elsewhere", type: "log", value: "1", board: "mnist" });
  await openBoard(page, "/b/main");
  await page.getByRole("banner").getByRole("button", { name: "main" }).click();
  await page.getByRole("link", { name: "mnist" }).click();
  await expect(page.getByRole("article", { name: "elsewhere" })).toBeVisible();
  await expect(page).toHaveTitle(/mnist/);
  expect(new URL(page.url()).pathname).toBe("/b/mnist");
});

test("an empty board names those with cells", async ({ page, agnez }) => {
  await agnez.create({ name: "elsewhere", type: "log", value: "1", board: "mnist" });
  await openBoard(page, "/b/main");
  await expect(page.getByText("Send the first cell")).toBeVisible();
  await page.getByRole("link", { name: "mnist" }).click();
  await expect(page.getByRole("article", { name: "elsewhere" })).toBeVisible();
});

test("boards that begin and end while the page is open are named", async ({ page, agnez }) => {
  const connections: string[] = [];
  page.on("websocket", (socket) => connections.push(socket.url()));
  await openBoard(page, "/b/mine");
  const links = page.getByRole("navigation", { name: "Boards" }).getByRole("link").filter({ hasNotText: "All boards" });
  await expect(links).toHaveCount(0);
  // Where nothing else is to be seen they come by themselves.
  const first = await agnez.create({ name: "elsewhere", type: "log", value: "1", board: "zoo" });
  await expect(links).toHaveText(["zoo"]);
  await page.setViewportSize({ width: 390, height: 760 });
  await expect(links).toBeInViewport();
  await page.setViewportSize({ width: 1280, height: 800 });
  await agnez.create({ name: "here", type: "log", value: "1", board: "mine" });
  await expect(page.getByRole("article", { name: "here" })).toBeVisible();
  await expect(links).toHaveCount(0);
  // On a board with cells, when somebody opens the list.
  await agnez.create({ name: "early", type: "log", value: "1" });
  await agnez.create({ name: "late", type: "log", value: "1", board: "run-2" });
  const opens = page.getByRole("banner").getByRole("button", { name: "mine" });
  await opens.click();
  await expect(links).toHaveText(["main", "mine", "run-2", "zoo"]);
  await page.keyboard.press("Escape");
  expect((await agnez.call("DELETE", `/values/${first._id}`)).status).toBe(200);
  await opens.click();
  await expect(links).toHaveText(["main", "mine", "run-2"]);
  expect(connections, "one connection is enough for all of it").toHaveLength(1);
  await links.filter({ hasText: "run-2" }).click();
  await expect(page.getByRole("article", { name: "late" })).toBeVisible();
});

test("a filter that finds nothing says so", async ({ page, agnez }) => {
  await agnez.create({ name: "loss", type: "log", value: "1" });
  await openBoard(page);
  const note = page.getByRole("main").getByRole("status");
  await expect(note).toHaveText("");
  await page.getByRole("searchbox").fill("accuracy");
  await expect(note).toHaveText("No cells match the filter.");
  await expect(note).toBeInViewport();
  await page.getByRole("searchbox").fill("lo");
  await expect(note).toHaveText("");
});

test("an error of a person's action is told, and nothing is lost", async ({ page, agnez, problems }) => {
  problems.allow(/503/);
  const { _id } = await agnez.create({ name: "loss", type: "log", value: "1" });
  await openBoard(page);
  await page.route("**/rpc/**", (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ name: "Unavailable", message: "The server is busy.", code: 503, className: "unavailable", data: {}, errors: {} }) }));
  await cell(page, _id).focus();
  await page.keyboard.press("Delete");
  await expect(page.getByRole("alert")).toContainText("The server is busy.");
  await cell(page, _id).focus();
  const again = page.waitForResponse("**/rpc/**");
  await page.keyboard.press("Delete");
  await (await again).finished();
  await page.waitForTimeout(100);
  await expect(page.getByRole("alert"), "the same is not told twice").toHaveCount(1);
  await expect(cell(page, _id)).toBeVisible();
  await expect(title(cell(page, _id))).toContainText("loss");
  expect((await agnez.value(_id)).name).toBe("loss");
});

test.describe("with --durability normal", () => {
  test.use({ agnezArgs: ["--durability", "normal"] });

  test("the page says so", async ({ page, agnez }) => {
    const { _id } = await agnez.create({ name: "loss", type: "log", value: "1" });
    await openBoard(page);
    await expect(page.getByText("durability: normal")).toBeVisible();
    await agnez.patch(_id, { value: "2" });
    await expect(stage(cell(page, _id))).toContainText("2");
  });
});

/** Of the page's background: 0 is black, 1 is white. */
function brightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const colour = [document.body, document.documentElement].map((element) => getComputedStyle(element).backgroundColor).find((value) => !value.endsWith(", 0)")) ?? "rgb(255, 255, 255)";
    const context = new OffscreenCanvas(1, 1).getContext("2d")!;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  });
}

/** Every visible text has the contrast that WCAG AA asks for. */
async function readable(page: Page): Promise<void> {
  // Colours on their way from one theme to the other are nobody's choice.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const poor = await page.evaluate(() => {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
    const over = (colours: string[]) => {
      context.fillStyle = "white";
      context.fillRect(0, 0, 1, 1);
      for (const colour of colours) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const luminance = (rgb: number[]) => {
      const [red = 0, green = 0, blue = 0] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!;
      if (!node.textContent?.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || element.closest("script, style, noscript")) continue;
      const layers: string[] = [];
      for (let at: Element | null = element; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
      const style = getComputedStyle(element);
      const [back, text] = [luminance(over(layers)), luminance(over([...layers, style.color]))];
      const ratio = (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
    }
    return found;
  });
  expect(poor, "text with too little contrast").toEqual([]);
}
