// Figures of every sort: as high as their content, with their libraries at every address, and a word where something was blocked.
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

import type { Page } from "@playwright/test";

import { Agnez, call } from "./support/agnez.mjs";
import { cell, figure, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

const MODES = {
  quirks: "<html>",
  "limited quirks": '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html>',
  standards: "<!-- saved --><!doctype html><html lang=en>",
};
/** A box of 100 px, or of as many as it is given, in documents that all have this height in a window of any height. */
const LAYOUTS: Record<string, (high: number) => [html: string, height: number]> = {
  plain: (high) => [`<body style="margin:0"><div style="height:${high}px">x</div>`, high],
  margins: (high) => [`<body style="margin:10px 8px 30px"><div style="height:${high}px">x</div>`, high + 40],
  "full height": (high) => [`<style>html,body{height:100%;margin:0}</style><body><div style="height:${high}px">x</div>`, high],
  "at least the window": (high) => [`<style>body{min-height:100vh;margin:0}</style><body><div style="height:${high}px">x</div>`, high],
  "centred in the window": (high) => [
    `<style>html,body{height:100%;margin:0}body{display:flex;align-items:center}</style><body><div style="height:${high}px;flex:none">x</div>`,
    high,
  ],
  floats: (high) => [`<body style="margin:0"><div style="float:left;width:60px;height:${high}px">x</div>`, high],
  absolute: (high) => [`<body style="margin:0"><div style="position:absolute;top:0;width:60px;height:${high}px">x</div>`, high],
  overflowing: (high) => [`<body style="margin:0"><div style="height:20px"><div style="height:${high}px">x</div></div>`, high],
  scrolling: (high) => [`<body style="margin:0"><div style="height:${high}px;overflow:auto"><div style="height:3000px">x</div></div>`, high],
};

for (const [mode, start] of Object.entries(MODES)) {
  test(`a figure in ${mode} mode is as high as its content, upwards and downwards`, async ({ page, agnez }) => {
    for (const [name, make] of Object.entries(LAYOUTS)) await agnez.create({ name, type: "html", value: start + make(100)[0] });
    const cells = await agnez.values();
    await openBoard(page);
    const heights = async (high: number) => {
      for (const { _id, name } of cells) {
        const wanted = LAYOUTS[name]!(high)[1];
        await cell(page, _id).scrollIntoViewIfNeeded();
        await expect.poll(() => surfaceHeight(page, _id), { message: `${name}, ${high}` }).toBe(wanted);
      }
    };
    await heights(100);
    // In the same document.
    for (const high of [700, 60]) {
      for (const { _id, name } of cells) {
        await figure(cell(page, _id))
          .locator(name === "overflowing" ? "div div" : "body > div")
          .evaluate((box: HTMLElement, high) => (box.style.height = `${high}px`), high);
      }
      await heights(high);
    }
    // In another one, which begins with the height of the one before.
    for (const high of [500, 90]) {
      for (const { _id, name } of cells) await agnez.patch(_id, { value: start + LAYOUTS[name]!(high)[0] });
      await heights(high);
    }
  });
}

test("a figure that is as high as its window does not grow or shrink without end", async ({ page, agnez }) => {
  const endless = {
    "100vh": ['<div style="height:100vh">x</div>', 380],
    "100vh in a document": ['<!doctype html><div style="height:100vh">x</div>', 380],
    "at least 100vh": ['<!doctype html><div style="min-height:100vh">x</div>', 380],
    "a little less": ['<div style="height:calc(100vh - 60px)">x</div>', 380],
    half: ['<!doctype html><body style="margin:0"><div style="height:50vh">x</div>', 380],
    "half and more": ['<!doctype html><body style="margin:0"><div style="height:50vh">x</div><div style="height:300px">x</div>', 600],
    map: ['<!doctype html><style>html,body,#map{height:100%;margin:0}</style><div id=map><canvas style="position:absolute;height:100%"></canvas></div>', 380],
    "map in quirks mode": ["<html><style>html,body,#map{height:100%;margin:0}</style><div id=map></div>", 380],
    absolute: ['<!doctype html><div style="position:absolute;inset:0">x</div>', 380],
  } as const;
  for (const [name, [value]] of Object.entries(endless)) await agnez.create({ name, type: "html", value });
  await openBoard(page);
  for (const { _id, name } of await agnez.values()) {
    await cell(page, _id).scrollIntoViewIfNeeded();
    const wanted = endless[name as keyof typeof endless][1];
    await expect.poll(() => surfaceHeight(page, _id), { message: name }).toBe(wanted);
    // What is appended later is real growth.
    if (name !== "100vh") continue;
    await figure(cell(page, _id)).locator("body").evaluate((body) => body.insertAdjacentHTML("beforeend", '<p style="height:200px;margin:0">y</p>'));
    await expect.poll(() => surfaceHeight(page, _id), { message: "with more below" }).toBe(580);
  }
  // Nothing is going on any more.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 500)));
  for (const { _id, name } of await agnez.values()) if (name !== "100vh") expect(await surfaceHeight(page, _id), name).toBe(endless[name as keyof typeof endless][1]);
});

test("a figure that grows all the time is followed", async ({ page, agnez }) => {
  const value = `<!doctype html><body style="margin:0"><script>
    let n = 0;
    const add = () => { document.body.insertAdjacentHTML("beforeend", '<div style="height:20px">' + n + "</div>"); if (++n < 100) requestAnimationFrame(add); };
    addEventListener("load", () => setTimeout(add, 50));
  </script>`;
  const { _id } = await agnez.create({ name: "log", type: "html", value });
  await openBoard(page);
  await expect.poll(() => surfaceHeight(page, _id)).toBe(2000);
});

const BLOCKED: Record<string, [html: string, words: RegExp]> = {
  plotly: ['<script src="https://cdn.plot.ly/plotly-2.35.2.min.js"></script><script>Plotly.newPlot</script>', /Plotly from cdn\.plot\.ly.*include_plotlyjs=True/],
  "plotly in a document": ['<html><head><meta charset="utf-8" /></head><body><script src="https://cdn.plot.ly/plotly-3.0.1.min.js"></script></body></html>', /include_plotlyjs=True/],
  bokeh: ['<!DOCTYPE html><script src="https://cdn.bokeh.org/bokeh/release/bokeh-3.6.0.min.js"></script>', /Bokeh from cdn\.bokeh\.org.*INLINE/],
  altair: ['<!DOCTYPE html><script src="https://cdn.jsdelivr.net/npm/vega@5"></script>', /Vega from cdn\.jsdelivr\.net.*inline=True/],
  "d3 4": ['<script src="https://d3js.org/d3.v4.min.js"></script>', /d3 from d3js\.org.*3 or 5/],
  "a script": ['<script src="https://example.org/<b>x</b>/code.js"></script>', /a script from example\.org/],
  "a script that comes later": ['<script>setTimeout(() => document.head.append(Object.assign(document.createElement("script"), {src: "//example.org/a.js"})), 100)</script>', /a script from example\.org/],
  fetch: ['<p>x<script>fetch("https://example.org:8443/data.json").catch(() => {})</script>', /data from example\.org:8443/],
  picture: ['<p>x<img src="https://example.org/a.png">', /a picture from example\.org/],
  font: ["<style>@font-face{font-family:f;src:url(https://example.org/f.woff2)}p{font-family:f}</style><p>x", /a font from example\.org/],
  sheet: ['<link rel="stylesheet" href="https://fonts.example.org/css?family=x"><p>x', /a style sheet from fonts\.example\.org/],
  frame: ['<p>x<iframe src="https://example.org/"></iframe>', /a page from example\.org/],
  video: ['<p>x<video src="https://example.org/a.mp4"></video>', /a sound or film from example\.org/],
};

test("a figure says what was blocked, and what to do", async ({ page, agnez, problems }) => {
  problems.allow(/Content Security Policy|violates|net::ERR_BLOCKED_BY_CSP|csp|Plotly|Loading the|Fetch API|Framing|is not defined/);
  for (const [name, [value]] of Object.entries(BLOCKED)) await agnez.create({ name, type: "html", value });
  const none = await agnez.create({ name: "none", type: "html", value: "<p>x<script>new Function('return 1')()</script>" });
  await openBoard(page);
  for (const { _id, name } of await agnez.values()) {
    if (_id === none._id) continue;
    await cell(page, _id).scrollIntoViewIfNeeded();
    await expect(cell(page, _id).locator(".blocked-resources"), name).toHaveText(BLOCKED[name]![1]);
    await expect(cell(page, _id).locator(".blocked-resources"), "text is text").not.toContainText("<b>");
    await expect(cell(page, _id).locator(".blocked-resources b")).toHaveCount(0);
  }
  await cell(page, none._id).scrollIntoViewIfNeeded();
  await expect.poll(() => surfaceHeight(page, none._id)).toBeLessThan(100);
  await expect(cell(page, none._id).locator(".blocked-resources")).toBeHidden();
  // The next figure is whole.
  const [first] = await agnez.values();
  await agnez.patch(first._id, { value: "<p>whole" });
  await expect(figure(cell(page, first._id)).getByText("whole")).toBeVisible();
  await expect(cell(page, first._id).locator(".blocked-resources")).toBeHidden();
});

test("a figure cannot make the page say anything else", async ({ page, agnez }) => {
  const value = `<p>x<script>
    const say = (directive, uri) => parent.postMessage({ agnez: "blocked", directive, uri }, "*");
    const lie = () => {
      say("script-src-elem", "https://<img src=x onerror=alert(1)>/a.js");
      say("script-src-elem", "https://" + "a".repeat(1e6) + ".example/a.js");
      say("<b>x</b>", "https://example.org/");
      say(1, {}); say("img-src", null); parent.postMessage({ agnez: "blocked" }, "*"); parent.postMessage(null, "*");
      for (let at = 0; at < 5000; at++) say("img-src", "https://host-" + at + ".example/");
    };
    // The server's markup shows a figure before the page can listen, and the page asks for what it has missed.
    addEventListener("message", ({ data }) => data.agnez === "measure" && lie());
    lie();
  </script>`;
  const { _id } = await agnez.create({ name: "liar", type: "html", value });
  await openBoard(page);
  const said = cell(page, _id).locator(".blocked-resources");
  // Which of the many come first depends on when the page begins to listen.
  await expect(said).toContainText(/a picture from host-\d+\.example/);
  expect((await said.textContent())!.length).toBeLessThan(1000);
  await expect(said.locator("*")).toHaveCount(0);
});

const MPLD3_03 = `<div id="fig"></div><script>
function mpld3_load_lib(url, callback){ var s = document.createElement('script'); s.src = url; s.async = true; s.onreadystatechange = s.onload = callback; s.onerror = function(){console.warn("failed to load library " + url);}; document.getElementsByTagName("head")[0].appendChild(s); }
if (typeof(mpld3) !== "undefined" && mpld3._mpld3IsLoaded) { mpld3.draw_figure("fig", FIGURE); }
else { mpld3_load_lib("D3", function(){ mpld3_load_lib("MPLD3", function(){ mpld3.draw_figure("fig", FIGURE); }) }); }
</script>`;
/** As mpld3 0.2 and 0.3 have written it: a line, and a picture of 2 × 2 pixels. */
const FIGURE = {
  width: 480, height: 320, id: "el1", plugins: [{ type: "reset" }, { type: "zoom", button: true, enabled: false }, { type: "boxzoom", button: true, enabled: false }],
  data: { data01: [[0, 0], [1, 2], [2, 1]] },
  axes: [{
    bbox: [0.125, 0.125, 0.775, 0.755], xlim: [0, 2], ylim: [0, 2], xdomain: [0, 2], ydomain: [0, 2], xscale: "linear", yscale: "linear",
    axes: [{ position: "bottom", nticks: 5, tickvalues: null, tickformat: null, scale: "linear", fontsize: 10, grid: { gridOn: false }, visible: true },
           { position: "left", nticks: 5, tickvalues: null, tickformat: null, scale: "linear", fontsize: 10, grid: { gridOn: false }, visible: true }],
    axesbg: "#FFFFFF", axesbgalpha: null, zoomable: true, id: "el2", sharex: [], sharey: [], markers: [], texts: [], collections: [], paths: [],
    lines: [{ data: "data01", xindex: 0, yindex: 1, coordinates: "data", id: "el3", color: "#0000FF", linewidth: 1, dasharray: "none", alpha: 1, zorder: 2, drawstyle: "default" }],
    images: [{ data: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mP8z8BQz8DAwMTAwMDAAAAVBAGB2jjZsAAAAABJRU5ErkJggg==", extent: [0, 1, 0, 1], coordinates: "data", alpha: null, zorder: 0, id: "el4" }],
  }],
};

test("mpld3's figures of every age are drawn", async ({ page, agnez }) => {
  const ages = [
    ["http://d3js.org/d3.v3.min.js", "http://mpld3.github.io/js/mpld3.v0.2.js"],
    ["https://mpld3.github.io/js/d3.v3.min.js", "https://mpld3.github.io/js/mpld3.v0.3.js"],
    ["https://d3js.org/d3.v5.js", "https://mpld3.github.io/js/mpld3.v0.5.10.js"],
  ] as const;
  for (const [d3, mpld3] of ages) {
    const value = MPLD3_03.replaceAll("FIGURE", JSON.stringify(FIGURE)).replace('"D3"', `"${d3}"`).replace('"MPLD3"', `"${mpld3}"`);
    await agnez.create({ name: mpld3, type: "html", value });
  }
  await agnez.create({ name: "d3 3", type: "html", value: '<p id="p"></p><script src="http://d3js.org/d3.v3.min.js"></script><script>d3.select("#p").text("d3 " + d3.version)</script>' });
  await openBoard(page);
  for (const { _id, name } of await agnez.values()) {
    const inside = figure(cell(page, _id));
    if (name === "d3 3") await expect(inside.getByText(/^d3 3\./)).toBeVisible();
    else {
      await expect(inside.locator(".mpld3-path, path.mpld3-line").first()).toBeVisible();
      await expect(inside.locator("image.mpld3-image"), "its pixels are seen").toHaveCSS("image-rendering", "pixelated");
    }
    await expect(cell(page, _id).locator(".blocked-resources")).toBeHidden();
  }
});

test("pictures that are enlarged show their pixels, photos do not", async ({ page, agnez }) => {
  const value = `<!doctype html><body style="margin:0"><canvas id=c hidden></canvas><script>
    const of = (side) => { const c = document.getElementById("c"); c.width = c.height = side; c.getContext("2d").fillRect(0, 0, 1, 1); return c.toDataURL(); };
    const NS = "http://www.w3.org/2000/svg";
    const svg = (id, side, wide, high) => { document.body.insertAdjacentHTML("beforeend", '<svg width=370 height=370><image id="' + id + '" width="' + wide + '" height="' + high + '" preserveAspectRatio="none" href="' + of(side) + '"/></svg>'); };
    svg("tiny", 4, 300, 300); svg("digit", 28, 370, 370); svg("photo", 256, 370, 370); svg("shrunk", 512, 100, 100);
    document.body.insertAdjacentHTML("beforeend", '<img id=small width=200 src="' + of(16) + '"><img id=large width=200 src="' + of(160) + '"><img id=own style="image-rendering:crisp-edges" width=200 src="' + of(16) + '">');
  </script>`;
  const { _id } = await agnez.create({ name: "pictures", type: "html", value });
  await openBoard(page);
  const inside = figure(cell(page, _id));
  for (const id of ["tiny", "digit", "small"]) await expect(inside.locator(`#${id}`), id).toHaveCSS("image-rendering", "pixelated");
  for (const id of ["photo", "shrunk", "large"]) await expect(inside.locator(`#${id}`), id).toHaveCSS("image-rendering", "auto");
  await expect(inside.locator("#own")).not.toHaveCSS("image-rendering", "pixelated");
});

test("figures find their libraries at every address of the server", async ({ open, problems }) => {
  problems.allow(/Failed to load resource: the server responded with a status of 401/, /request to another place/, /WebSocket/, /Cross-Origin-Opener-Policy/);
  const html = '<p id="p">no</p><script src="https://d3js.org/d3.v5.min.js"></script><script>d3.select("#p").text("d3 " + d3.version)</script>';
  const look = async (url: string) => {
    const page = await open({ baseURL: url });
    await page.goto(url);
    await expect(figure(page.locator("article").first()).getByText(/^d3 5\./), url).toBeVisible();
    await page.close();
  };
  const plain = await Agnez.start();
  try {
    await plain.create({ type: "html", value: html });
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) await look(`http://${host}:${plain.port}/`);
  } finally {
    await plain.dispose();
  }
  const under = await Agnez.start({ args: ["--base-path", "/tools/agnez"] });
  const lan = lanAddress() ?? "127.0.0.1";
  const [wide, proxy] = [await Agnez.start({ args: ["--allowed-host", "agnez.test", "--host", lan] }), createServer()];
  try {
    const { token, headers } = await newToken(under, "write", { base: `${under.url}/tools/agnez` });
    const answer = await call(under.url, "POST", "/tools/agnez/values", { type: "html", value: html }, headers);
    expect(answer.status, answer.text).toBe(201);
    await look(`${under.url}/tools/agnez/#token=${token}`);
    // By the machine's own address, and through a proxy that tells the server another host than the browser's.
    // The first line names the address for others.
    const port = /port=(\d+)/.exec(wide.output)?.[1];
    const direct = `http://${lan}:${port}`;
    const writer = await newToken(wide, "write", { base: direct });
    expect((await call(direct, "POST", "/values", { type: "html", value: html }, writer.headers)).status).toBe(201);
    await look(`${direct}/#token=${writer.token}`);
    proxy.on("request", (incoming, outgoing) => {
      const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !["origin", "referer"].includes(name)));
      const passed = ask({ hostname: lan, port, method: incoming.method, path: incoming.url, headers: { ...headers, host: "agnez.test" } }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      });
      incoming.pipe(passed);
    });
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    await look(`http://localhost:${(proxy.address() as AddressInfo).port}/#token=${writer.token}`);
  } finally {
    proxy.close();
    await under.dispose();
    await wide.dispose();
  }
});

/** An address of this machine at which others may reach it. */
function lanAddress(): string | undefined {
  return Object.values(networkInterfaces()).flat().find((face) => face?.family === "IPv4" && !face.internal)?.address;
}

/** The height that a figure has been given. */
function surfaceHeight(page: Page, id: string): Promise<number> {
  return cell(page, id).locator(".figure-surface").evaluate((surface) => surface.clientHeight);
}
