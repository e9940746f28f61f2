// Who gets in: by the link's fragment, as far as its token goes, and no longer than it is good.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { GREEN, RED, gif } from "./support/gif.ts";
import { Nginx, hasNginx } from "./support/nginx.ts";
import { cell, cells, colour, figure, live, openMenu, picture, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import { newToken, revoke } from "./support/tokens.ts";

test.use({ agnezArgs: ["--require-token"] });

/** The browser itself says in its console what the gate is there for. */
const ASKED_FOR_A_TOKEN = /console error: Failed to load resource: the server responded with a status of 40[13]/;

const field = (page: Page) => page.getByLabel("Token", { exact: true });
const share = (page: Page) => page.getByRole("dialog", { name: "Share this board" });

/** Every address that a browser asks for, sockets included. */
function addresses(page: Page): string[] {
  const asked: string[] = [];
  page.context().on("request", (request) => asked.push(request.url(), request.headers().referer ?? ""));
  page.on("websocket", (socket) => asked.push(socket.url()));
  return asked;
}

test("the link's fragment gets in, and leaves no token behind", async ({ page, agnez, problems, open }) => {
  problems.allow(ASKED_FOR_A_TOKEN);
  const { token, headers } = await newToken(agnez, "write");
  await agnez.call("POST", "/values", { _id: "c", name: "loss", type: "html", value: "<p>a figure</p>" }, headers);
  const asked = addresses(page);
  await page.goto(`/#token=${token}`);
  await live(page);
  await expect(title(cell(page, "c"))).toContainText("loss");
  await expect(figure(cell(page, "c")).locator("p")).toHaveText("a figure");
  expect(page.url()).toBe(`${agnez.url}/`);

  // What changes something is let in by the header.
  await cell(page, "c").getByRole("heading").click();
  await page.keyboard.type("renamed");
  await page.keyboard.press("Enter");
  await expect(title(cell(page, "c"))).toContainText("renamed");

  // Reloading, going to another board and back: the tab remembers.
  await page.reload();
  await live(page);
  await agnez.call("POST", "/values", { _id: "d", name: "elsewhere", board: "other" }, headers);
  await page.goto("/b/other");
  await live(page);
  await expect(cell(page, "d")).toBeVisible();
  await page.goBack();
  await live(page);
  // Two boards: the root is their list.
  await expect(page.getByRole("link", { name: "main" })).toBeVisible();
  await page.goForward();
  await live(page);
  await page.getByRole("link", { name: "Agnez" }).click();
  await live(page);
  expect(page.url()).toBe(`${agnez.url}/`);
  await page.getByRole("link", { name: "main" }).click();
  await live(page);
  await expect(cell(page, "c")).toBeVisible();

  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((address) => address.includes(token.slice(4)))).toEqual([]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie, location.href, history.state]));
  expect(kept).not.toContain(token.slice(4));
  expect(await page.context().cookies()).toEqual([]);
  // A link that somebody copies from the page holds no key of it.
  expect(await page.evaluate(() => [...document.links].map((link) => link.href).filter((href) => href.includes("~")))).toEqual([]);

  // A new tab of this browser is let in by the one that is open, without a question.
  const second = await page.context().newPage();
  await second.goto("/b/other");
  await live(second);
  await expect(cell(second, "d")).toBeVisible();
  expect(second.url()).toBe(`${agnez.url}/b/other`);
  await second.close();

  // Another browser has shown nothing.
  const other = await open();
  await other.goto("/b/main");
  await expect(field(other)).toBeFocused();
  await expect(cells(other)).toHaveCount(0);
  await field(other).fill("agz_wrong");
  await other.getByRole("button", { name: "Open" }).click();
  await expect(other.getByRole("alert")).toContainText("not known here");
  // The whole link is taken as well.
  await field(other).fill(`${agnez.url}/#token=${token}`);
  await other.keyboard.press("Enter");
  await live(other);
  await expect(cell(other, "c")).toBeVisible();
});

test("a token at the root gets the address of the one board, which stays right", async ({ page, agnez, problems, open }) => {
  problems.allow(ASKED_FOR_A_TOKEN);
  const { token, headers } = await newToken(agnez, "write");
  await agnez.call("POST", "/values", { _id: "c", board: "digits", name: "loss", type: "text", value: "1" }, headers);
  await page.goto(`/#token=${token}`);
  await live(page);
  expect(page.url()).toBe(`${agnez.url}/b/digits`);
  // The tab that has a token already.
  await page.goto("/");
  await live(page);
  await expect(page).toHaveURL(`${agnez.url}/b/digits`);
  // Typed into the page that asks for it.
  const other = await open({});
  await other.goto("/");
  await field(other).fill(token);
  await field(other).press("Enter");
  await live(other);
  await expect(other).toHaveURL(`${agnez.url}/b/digits`);

  await agnez.call("POST", "/values", { _id: "d", board: "other", name: "more", type: "text", value: "1" }, headers);
  await page.reload();
  await live(page);
  await expect(cell(page, "c")).toBeVisible();
});

test("the first paint is the board as the server drew it, with its style", async ({ page, agnez, problems }) => {
  problems.allow(ASKED_FOR_A_TOKEN);
  const { token, headers } = await newToken(agnez, "read");
  await agnez.call("POST", "/values", { _id: "c", name: "loss" }, headers);
  // Without the page's own code it is seen as it came.
  await page.route(/\.wasm$/, (route) => route.abort());
  problems.allow(/\.wasm: net::ERR_FAILED/, /uncaught: TypeError: Failed to fetch/, /console error: Failed to load resource: net::ERR_FAILED/, /preload/);
  await page.goto(`/#token=${token}`);
  await expect(page.getByRole("heading", { name: "main" })).toBeVisible();
  await expect(page.locator("html")).not.toHaveAttribute("data-hydrated", /.*/);
  await expect(page.locator(".page-header")).toHaveCSS("position", "sticky");
});

test("who may only read is offered nothing that writes", async ({ page, agnez, problems }) => {
  problems.allow(ASKED_FOR_A_TOKEN);
  const writer = await newToken(agnez, "write");
  const reader = await newToken(agnez, "read");
  await agnez.call("POST", "/values", { _id: "c", name: "loss", type: "line", description: "a note" }, writer.headers);
  await agnez.call("POST", "/values/c/points", { loss: [[0, 2], [1, 1]] }, writer.headers);
  await agnez.call("POST", "/values", { _id: "d", name: "second" }, writer.headers);
  await page.goto(`/#token=${reader.token}`);
  await live(page);
  const writes: string[] = [];
  page.on("request", (request) => request.method() !== "GET" && request.method() !== "HEAD" && writes.push(request.url()));

  await expect(cells(page)).toHaveCount(2);
  for (const name of ["Add cell", "Share", /^Add a note/]) await expect(page.getByRole("button", { name })).toHaveCount(0);
  await cell(page, "c").getByRole("heading").click();
  await cell(page, "c").getByText("a note", { exact: true }).click();
  await expect(page.locator("article input, article textarea")).toHaveCount(0);
  await expect(title(cell(page, "c"))).toHaveAttribute("draggable", "false");
  await cell(page, "c").getByRole("button", { name: /^Menu of/ }).click();
  await expect(page.getByRole("menuitem")).toHaveText(["Full screen", "Copy id", "Copy link to value", "Save as PNG", "Save as SVG", "Save as CSV"]);
  await page.keyboard.press("Escape");
  await cell(page, "c").focus();
  for (const key of ["n", "e", "d", "Enter", "Delete", "Alt+ArrowRight", "Control+z", "l"]) await page.keyboard.press(key);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await expect(help.locator("dt").filter({ visible: true })).toHaveText(["j  k", "← → ↑ ↓", "f", "+  -  0", "Ctrl + wheel", "y  Y  {  }", "l  x", "[  ]  End", ",  .", "/", "t", "Shift + l", "Shift + Enter", "?", "Esc"]);
  await page.keyboard.press("Escape");

  // His own view is his: he may zoom, smooth, hide, look in full screen.
  await cell(page, "c").focus();
  await page.keyboard.press("f");
  await expect(cell(page, "c")).toHaveClass(/fullscreen/);
  await page.keyboard.press("Escape");
  await cell(page, "c").hover();
  await cell(page, "c").getByRole("button", { name: "Chart", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Chart" });
  for (const name of ["x axis", "y axis", "Smoothing"]) await expect(panel.getByLabel(name)).toBeVisible();
  await panel.getByLabel("y axis").selectOption("log");
  await expect(panel.getByText("Only you see this.")).toBeVisible();
  await expect(panel.getByLabel("Unit")).toBeHidden();
  await expect(panel.getByRole("button", { name: "Set for everyone" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.goto("/b/nobody");
  await live(page);
  await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
  await expect(page.getByText("curl")).toBeHidden();
  await page.goto("/");
  await live(page);
  await expect(cells(page)).toHaveCount(2);
  expect(writes).toEqual([]);
});

test("a new tab gets the token that may most, of those in open tabs", async ({ page, agnez, problems }) => {
  problems.allow(ASKED_FOR_A_TOKEN, /403/);
  const writer = await newToken(agnez, "write");
  const made = await agnez.call("POST", "/shares", { board: "main" }, writer.headers);
  await page.goto(`/#token=${made.json.token}`);
  await live(page);
  await expect(page.getByRole("button", { name: "Add cell" })).toHaveCount(0);
  const second = await page.context().newPage();
  await second.goto(`/#token=${writer.token}`);
  await live(second);
  const third = await page.context().newPage();
  await third.goto("/");
  await live(third);
  await expect(third.getByRole("button", { name: "Add cell" })).toBeVisible();
  // With the share alone another board asks for a token.
  await second.close();
  await third.close();
  const fourth = await page.context().newPage();
  await fourth.goto("/b/other");
  await expect(field(fourth)).toBeFocused();
});

test("a share shows command, host and console of runs only if it was made to", async ({ page, agnez, problems, open }) => {
  problems.allow(ASKED_FOR_A_TOKEN, /403/);
  const writer = await newToken(agnez, "write");
  const run = "/boards/shown/runs/first";
  await agnez.call("PATCH", `${run}?upsert=true`, { command: "python train.py", host: "gpu-1", status: "finished" }, writer.headers);
  await agnez.call("POST", `${run}/log`, { step: 0, loss: 1 }, writer.headers);
  await agnez.call("POST", `${run}/console`, "epoch 1\n", writer.headers);
  await page.goto(`/b/shown#token=${writer.token}`);
  await live(page);
  await page.getByRole("button", { name: "Share" }).click();
  const details = share(page).getByRole("checkbox", { name: "Also show command, host, console, traceback and your own keys of runs" });
  const links: string[] = [];
  for (const [name, isDetailed] of [["public", false], ["a colleague", true]] as const) {
    await share(page).getByLabel("For whom").fill(name);
    await expect(details, "the next link is asked about again").not.toBeChecked();
    await details.setChecked(isDetailed);
    await share(page).getByRole("button", { name: "Make a link" }).click();
    await expect(share(page).getByRole("listitem").filter({ hasText: name })).toHaveCount(1);
    links.push(await share(page).getByLabel("Link", { exact: true }).inputValue());
  }
  await expect(share(page).getByRole("listitem").filter({ hasText: "with details of runs" })).toContainText("a colleague");
  await page.screenshot({ path: "results/share-details.png" });
  for (const [at, link] of links.entries()) {
    const guest = await open();
    await guest.goto(link.replace("#", "?run=first#"));
    await live(guest);
    const about = guest.getByRole("region", { name: "first" });
    await expect(about.getByRole("row", { name: "loss 1" })).toBeVisible();
    await expect(about.getByRole("row", { name: "host gpu-1" })).toHaveCount(at);
    await expect(about.getByRole("button", { name: "Copy the command" })).toHaveCount(at);
    await about.getByText("Console").click();
    await expect(about.locator("pre")).toContainText(at === 1 ? "epoch 1" : "one that was made with details does");
    await expect(guest.getByText("gpu-1"), "nowhere on the page").toHaveCount(at);
    await guest.close();
  }
});

test("a share shows one board, until it is revoked", async ({ page, agnez, problems, open }) => {
  problems.allow(ASKED_FOR_A_TOKEN);
  const writer = await newToken(agnez, "write");
  writeFileSync(join(agnez.images, "a.gif"), gif([RED]));
  await agnez.call("POST", "/values", { _id: "mine", name: "secret", board: "main" }, writer.headers);
  await agnez.call("POST", "/values", { _id: "p", name: "sample", type: "img", value: "./images/a.gif", board: "shown" }, writer.headers);
  await page.goto(`/b/shown#token=${writer.token}`);
  await live(page);

  // The one who may write makes a link and sees it once.
  await page.getByRole("button", { name: "Share" }).click();
  await share(page).getByLabel("For whom").fill("a colleague");
  await share(page).getByRole("button", { name: "Make a link" }).click();
  const link = await share(page).getByLabel("Link", { exact: true }).inputValue();
  expect(link).toMatch(new RegExp(`^${agnez.url}/b/shown#token=agz_`));
  await expect(share(page).getByRole("listitem")).toContainText("a colleague");
  await page.screenshot({ path: "results/share.png" });
  await share(page).getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Share" }).click();
  await expect(share(page).getByLabel("Link", { exact: true })).toHaveCount(0);

  const guest = await open();
  await guest.goto(link);
  await live(guest);
  await expect.poll(() => colour(picture(cell(guest, "p")))).toEqual(RED);
  // A picture is written again and told again: live, for guests too.
  writeFileSync(join(agnez.images, "a.gif"), gif([GREEN]));
  await agnez.call("PATCH", "/values/p", { value: "./images/a.gif" }, writer.headers);
  await expect.poll(() => colour(picture(cell(guest, "p")))).toEqual(GREEN);
  await expect(guest.getByRole("button", { name: "Add cell" })).toHaveCount(0);
  // Of the board's menu there is what reads.
  await guest.getByRole("button", { name: "shown" }).click();
  await expect(guest.locator("#boards").getByRole("button").filter({ visible: true })).toHaveText(["Save as a file"]);
  await expect(guest.locator("#boards").getByRole("link")).toHaveCount(0);
  await guest.keyboard.press("Escape");
  expect(await guest.content()).not.toContain("secret");
  // He cannot go elsewhere with it, and can come back.
  await guest.goto("/");
  await expect(guest.getByRole("alert")).toContainText("only shows the board 'shown'");
  await guest.goBack();
  await live(guest);

  const end = share(page).getByRole("button", { name: "Revoke the link a colleague" });
  await end.click();
  await expect(share(page).getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(end).toBeFocused();
  await expect(share(page).getByRole("listitem")).toHaveCount(1);
  await end.click();
  await share(page).getByRole("button", { name: "Revoke it" }).click();
  await expect(share(page).getByRole("listitem")).toHaveCount(0);
  await expect(guest.getByRole("alert")).toContainText("Your access has ended.");
  await expect(cells(guest)).toHaveCount(0);
  expect(await guest.evaluate(() => sessionStorage.getItem("agnez-token"))).toBeNull();
});

test("a page that slept while its token was revoked is told so, too", async ({ page, agnez, problems }) => {
  problems.allow(ASKED_FOR_A_TOKEN, /WebSocket connection to/);
  const reader = await newToken(agnez, "read");
  await page.goto(`/#token=${reader.token}`);
  await live(page);
  await agnez.end();
  revoke(agnez, reader);
  await agnez.restart();
  await expect(page.getByRole("alert")).toContainText("Your access has ended.", { timeout: 20_000 });
});

test("a hostile figure learns no key that opens anything else", async ({ page, agnez, problems }) => {
  problems.allow(ASKED_FOR_A_TOKEN, /console error:/, /failed request: .*csp/);
  const { token, headers } = await newToken(agnez, "write");
  const hostile = `<p>hi</p><script>parent.postMessage({ stolen: [location.href, document.baseURI, document.referrer, location.ancestorOrigins && [...location.ancestorOrigins].join()] }, "*")</script>`;
  await agnez.call("POST", "/values", { _id: "h", name: "hostile", type: "html", value: hostile }, headers);
  await agnez.call("POST", "/values", { _id: "v", name: "victim", type: "html", value: "<p>v</p>" }, headers);
  await page.goto(`/#token=${token}`);
  await live(page);
  await cell(page, "h").scrollIntoViewIfNeeded();
  await expect(figure(cell(page, "h")).locator("p")).toHaveText("hi");
  // Sent again, now that somebody listens.
  await page.evaluate(() => {
    const stolen: unknown[] = [];
    Object.assign(window, { stolen });
    addEventListener("message", (event) => event.data?.stolen && stolen.push(event.data.stolen));
  });
  await agnez.call("PATCH", "/values/h", { value: hostile.replace("hi", "again") }, headers);
  await expect(figure(cell(page, "h")).locator("p")).toHaveText("again");
  const stolen = (await page.evaluate(() => (window as unknown as { stolen: string[][] }).stolen)).flat().filter(Boolean);
  expect(stolen.length).toBeGreaterThan(0);
  const own = new RegExp(`^${agnez.url}/figure/h/\\d+\\?sig=[\\w-]{22}$`);
  expect(stolen.filter((text) => text !== agnez.url && !own.test(text))).toEqual([]);

  const address = stolen.find((text) => own.test(text))!;
  const [path, sig] = [new URL(address).pathname, new URL(address).searchParams.get("sig")!];
  const status = async (path: string, headers = {}) => (await agnez.call("GET", path, undefined, headers)).status;
  expect(await status(`${path}?sig=${sig}`)).toBe(200);
  for (const other of ["/", "/values", "/values/v", "/values/v.svg", "/figure/v/1", "/media/v/1", "/columns?cells=v", "/live?board=main&view=page", "/events", "/metrics", "/shares"]) {
    const sealed = other + (other.includes("?") ? "&" : "?") + `sig=${sig}`;
    expect([401, 403], sealed).toContain(await status(sealed));
    // A page is sent to its address without a key.
    expect(other === "/" ? [303] : [401, 403], other).toContain(await status(`/~${sig}${other}`));
    expect([401, 403], other).toContain(await status(other, { authorization: `Bearer ${sig}` }));
  }
});

test.describe("behind nginx, under a sub-path", () => {
  test.use({ agnezArgs: ["--base-path", "/agnez", "--trusted-proxy", "127.0.0.1"] });

  test("a board lives: changes, pictures, figures, charts, links", async ({ page, agnez, problems, open }) => {
    test.skip(!hasNginx(), "nginx is not installed");
    problems.allow(ASKED_FOR_A_TOKEN);
    const nginx = await Nginx.start(agnez.port, "/agnez");
    try {
      problems.allow(new RegExp(`^request to another place: ${nginx.url}/agnez/`));
      const base = `${nginx.url}/agnez`;
      const writer = await newToken(agnez, "write", { base });
      const send = async (method: string, path: string, body: unknown) => {
        const reply = await fetch(base + path, { method, headers: { ...writer.headers, "content-type": "application/json" }, body: JSON.stringify(body) });
        expect(reply.status, await reply.text()).toBeLessThan(300);
      };
      writeFileSync(join(agnez.images, "a.gif"), gif([RED]));
      await send("POST", "/values", { _id: "p", name: "picture", type: "img", value: "./images/a.gif", board: "run" });
      await send("POST", "/values", { _id: "f", name: "figure", type: "html", value: "<p>one</p>", board: "run" });
      await send("POST", "/values", { _id: "l", name: "loss", type: "line", board: "run" });
      await send("POST", "/values", { _id: "b", name: "bars", type: "bar", value: { a: 1, b: 2 }, board: "run" });
      await send("POST", "/values/l/points", { loss: [[0, 2], [1, 1]] });

      await page.goto(`${base}/b/run#token=${writer.token}`);
      await live(page);
      expect(page.url()).toBe(`${base}/b/run`);
      await expect.poll(() => colour(picture(cell(page, "p")))).toEqual(RED);
      await expect(figure(cell(page, "f")).locator("p")).toHaveText("one");
      const chart = cell(page, "l").locator("canvas");
      await expect(chart).toHaveAttribute("data-points", "2");
      await expect.poll(() => picture(cell(page, "b")).evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);

      // Live.
      await send("PATCH", "/values/f", { value: "<p>two</p>" });
      await expect(figure(cell(page, "f")).locator("p")).toHaveText("two");
      await send("POST", "/values/l/points", { loss: [[2, 0.5]] });
      await expect(chart).toHaveAttribute("data-points", "3");
      writeFileSync(join(agnez.images, "a.gif"), gif([GREEN]));
      await send("PATCH", "/values/p", { value: "./images/a.gif" });
      await expect.poll(() => colour(picture(cell(page, "p")))).toEqual(GREEN);

      // Written from the page: a name, a setting; saved to a file.
      await cell(page, "l").focus();
      await page.keyboard.press("l");
      await page.getByRole("button", { name: "Set for everyone" }).click();
      const setting = async () => (await (await fetch(`${base}/values/l`, { headers: writer.headers })).json()).chart?.y;
      await expect.poll(setting).toBe("log");
      const download = page.waitForEvent("download");
      await openMenu(cell(page, "l"), "Save as CSV");
      expect((await download).suggestedFilename()).toMatch(/\.csv$/);

      // A link for somebody else, who reads only, and no longer than it is good.
      await page.getByRole("button", { name: "Share" }).click();
      await share(page).getByRole("button", { name: "Make a link" }).click();
      const link = await share(page).getByLabel("Link", { exact: true }).inputValue();
      expect(link).toMatch(new RegExp(`^${base}/b/run#token=agz_`));
      const guest = await open();
      await guest.goto(link);
      await live(guest);
      await expect(guest.locator("[data-id=l] canvas")).toHaveAttribute("data-points", "3");
      await expect.poll(() => colour(picture(cell(guest, "p")))).toEqual(GREEN);
      await expect(figure(cell(guest, "f")).locator("p")).toHaveText("two");
      await expect(guest.getByRole("button", { name: "Add cell" })).toHaveCount(0);
      await share(page).getByRole("button", { name: /^Revoke the link/ }).click();
      await share(page).getByRole("button", { name: "Revoke it" }).click();
      await expect(guest.getByRole("alert")).toContainText("Your access has ended.");
      await share(page).getByRole("button", { name: "Close" }).click();

      // The root leads to the one board, under the sub-path too.
      await page.getByRole("link", { name: "Agnez" }).click();
      await live(page);
      await expect(page).toHaveURL(`${base}/b/run`);
      await send("POST", "/values", { _id: "s", name: "second", type: "text", value: "x", board: "second" });
      await page.getByRole("link", { name: "Agnez" }).click();
      await expect(page).toHaveURL(`${base}/`);
      await expect(page.getByRole("link", { name: /^second/ })).toBeVisible();
    } finally {
      await page.goto("about:blank");
      await nginx.stop();
    }
  });
});
