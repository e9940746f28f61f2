// Where a person of the server's own user comes from: a link on another site opens a board, and to share one a token is needed.
import { Nginx, hasNginx } from "./support/nginx.ts";
import { Stranger } from "./support/stranger.ts";
import { cell, live, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

test("a link on another site opens a board, here and not through a proxy", async ({ page, agnez, problems }) => {
  problems.allow(/console error: Failed to load resource: the server responded with a status of 401/, /request to another place: http:\/\/127\.0\.0\.1/);
  await agnez.create({ _id: "c", name: "loss", board: "x", type: "text", value: "hello" });
  const stranger = await Stranger.start();
  try {
    stranger.pages.set("/chat", `<!DOCTYPE html><link rel="icon" href="data:,"><a href="${agnez.url}/b/x">the board</a>`);
    await page.goto(`${stranger.url}/chat`);
    await page.getByRole("link").click();
    await live(page);
    await expect(cell(page, "c")).toContainText("loss");
    expect(page.url()).toBe(`${agnez.url}/b/x`);
    // What a proxy that names neither itself nor the host passes on of such a click.
    const click = { accept: "text/html", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    for (const referer of [`${stranger.url}/`, "https://board.example/"]) {
      const reply = await agnez.call("GET", "/b/x", undefined, { ...click, referer });
      expect([reply.status, reply.text.includes("loss")]).toEqual([401, false]);
    }
  } finally {
    stranger.stop();
  }
});

test("an nginx that adds nothing lets nobody in", async ({ page, agnez, problems }) => {
  test.skip(!hasNginx(), "nginx is not installed");
  test.skip(process.getuid?.() !== 0, "only root can run it as another user");
  problems.allow(/console error: Failed to load resource: the server responded with a status of 401/, /request to another place/);
  await agnez.create({ _id: "c", name: "secret" });
  const nginx = await Nginx.start(agnez.port);
  try {
    const status = async (method: string, path: string) => (await fetch(nginx.url + path, { method, body: method === "GET" ? null : "{}" })).status;
    for (let again = 0; again < 3; again++) {
      for (const path of ["/", "/b/main", "/values", "/values/c", "/live?board=main", "/metrics", "/shares"]) expect(await status("GET", path), path).toBe(401);
      for (const path of ["/values", "/shares", "/rpc/cells/create"]) expect(await status("POST", path), path).toBe(401);
    }
    expect(await status("GET", "/healthz")).toBe(200);
    await page.goto(`${nginx.url}/`);
    await expect(page.getByLabel("Token", { exact: true })).toBeFocused();
    expect(await page.content()).not.toContain("secret");
  } finally {
    await nginx.stop();
  }
  expect(await agnez.values()).toHaveLength(1);
});

test("to share a board a token is needed, and the page says how to get one", async ({ page, agnez, problems }) => {
  problems.allow(/console error: Failed to load resource: the server responded with a status of 401/);
  await agnez.create({ _id: "c", name: "loss" });
  await openBoard(page);
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this board" });
  await expect(dialog.getByRole("alert")).toContainText("agnez token new");
  await expect(dialog.getByRole("alert")).toContainText("agnez token new share");
  // Nothing is offered that would be refused.
  await expect(dialog.getByRole("button", { name: "Make a link" })).toBeHidden();
  await expect(dialog.getByLabel("For whom")).toBeHidden();
  await expect(dialog.getByLabel("Address of this page")).toBeFocused();
  await expect(dialog.getByLabel("Link", { exact: true })).toHaveCount(0);
});

test("a link with a token is heeded where none is needed: it makes links, and a share shows one board", async ({ page, agnez, problems, open }) => {
  problems.allow(/console error: Failed to load resource: the server responded with a status of 401/);
  await agnez.create({ _id: "c", name: "loss" });
  await agnez.create({ _id: "d", name: "elsewhere", board: "other" });
  const { token } = await newToken(agnez, "write");
  // The page comes before its document has been parsed, whose scripts wait for code that is on its way.
  await page.route("**/pkg/*.js", async (route) => {
    await new Promise((late) => setTimeout(late, 300));
    await route.continue();
  });
  await page.goto(`/b/main#token=${token}`);
  await live(page);
  expect(page.url()).toBe(`${agnez.url}/b/main`);
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share this board" });
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const link = await dialog.getByLabel("Link", { exact: true }).inputValue();

  // What the link shows here is what it shows elsewhere, after a reload, too.
  const shared = await open();
  await shared.goto(link);
  for (const again of [false, true]) {
    if (again) await shared.reload();
    await live(shared);
    await expect(cell(shared, "c")).toContainText("loss");
    await expect(shared.getByRole("button", { name: "Add cell" })).toBeHidden();
  }
  expect(shared.url()).not.toContain("token");

  // A token that the server does not know is forgotten: the page is that of the machine's user.
  const wrong = await open();
  await wrong.goto(`/b/main#token=agz_${"x".repeat(43)}`);
  await live(wrong);
  await expect(wrong.getByRole("button", { name: "Add cell" })).toBeVisible();
});
