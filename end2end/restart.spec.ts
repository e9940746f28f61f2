// A server that is stopped well and started again, or goes back to a backup: an open page goes on by itself, and is not reloaded.
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { canvas, drawn } from "./support/line.ts";
import { agrees, cell, live, openBoard, stage, status } from "./support/page.ts";
import { log, panel } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

/** What a browser writes to its console when the server is not there. */
const AWAY = [/WebSocket connection to/, /ERR_CONNECTION_(REFUSED|RESET|CLOSED)/, /ERR_EMPTY_RESPONSE/];

/** Later, the server greets the page as another build. */
async function otherBuild(page: Page): Promise<() => void> {
  let greet = (): void => {};
  await page.routeWebSocket(/\/live\?/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (typeof message === "string" && message.includes("build")) greet = () => socket.send(message.replace(/("build":")[^"]*/, "$1another"));
      socket.send(message);
    });
  });
  return () => greet();
}

test("an open page goes on after restarts, without being reloaded", async ({ page, agnez, problems }) => {
  problems.allow(...AWAY);
  const { _id } = await agnez.create({ name: "log", type: "log", value: "before" });
  await agnez.create({ _id: "line", name: "loss", type: "line" });
  await openBoard(page);
  let loads = 0;
  page.on("framenavigated", (frame) => (loads += frame === page.mainFrame() ? 1 : 0));
  await page.evaluate(() => Object.assign(window, { same: "page" }));
  for (const round of ["first", "second"]) {
    await agnez.end("SIGTERM");
    await expect(status(page)).toHaveText(/reconnecting/i);
    await expect(stage(cell(page, _id)), "what was there stays").toBeVisible();
    await agnez.restart();
    await agnez.patch(_id, { value: `${round} restart` });
    await agnez.call("POST", "/values/line/points", { train: [1, 2, 3] });
    await expect(stage(cell(page, _id))).toContainText(`${round} restart`);
    await live(page);
    await agrees(page, agnez);
  }
  expect(await page.evaluate(() => (window as unknown as { same?: string }).same)).toBe("page");
  expect(loads).toBe(0);
});

test("an open page follows a server that goes back to a backup", async ({ page, agnez, problems }) => {
  problems.allow(...AWAY);
  const { _id } = await agnez.create({ name: "log", type: "log", value: "then" });
  await agnez.create({ _id: "line", name: "loss", type: "line" });
  await agnez.call("POST", "/values/line/points", { train: [1, 2, 3] });
  const copy = join(agnez.folder, "copy.sqlite");
  agnez.command("backup", copy);
  await agnez.patch(_id, { value: "now" });
  await agnez.call("POST", "/values/line/points", { train: [4, 5], val: [6] });
  const later = await agnez.create({ name: "later", type: "log", value: "not yet there" });
  await openBoard(page);
  await expect(stage(cell(page, later._id))).toContainText("not yet there");
  await drawn(page, "line", 6);
  await page.evaluate(() => Object.assign(window, { same: "page" }));
  await agnez.end("SIGTERM");
  agnez.command("restore", copy, "--replace");
  await agnez.restart();
  await expect(stage(cell(page, _id))).toContainText("then");
  await expect(cell(page, later._id)).toHaveCount(0);
  await drawn(page, "line", 3);
  await expect(cell(page, "line").locator(".legend").getByRole("button", { name: "val", exact: true })).toHaveCount(0);
  await agrees(page, agnez);
  await agnez.call("POST", "/values/line/points", { train: [7] });
  await drawn(page, "line", 4);
  await expect(canvas(page, "line")).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { same?: string }).same)).toBe("page");
});

test("a page of an earlier build is loaded again once nothing is being named or is open", async ({ page, agnez }) => {
  await agnez.create({ board: "b", _id: "a", name: "a", type: "text", value: "1", layout: { section: "one" } });
  await agnez.create({ board: "b", _id: "z", name: "z", type: "text", value: "1", layout: { section: "two" } });
  const greet = await otherBuild(page);
  await openBoard(page, "/b/b");
  await page.evaluate(() => Object.assign(window, { isSame: true }));
  const isSame = () => page.evaluate(() => "isSame" in window);
  const head = (name: string) => page.getByRole("button", { name, exact: true });
  await head("one").press("F2");
  await expect(page.getByRole("textbox", { name: "Name of the section" })).toBeFocused();
  greet();
  await page.keyboard.type("first");
  await page.keyboard.press("?");
  await expect(page.getByRole("textbox", { name: "Name of the section" })).toHaveValue("first?");
  await page.keyboard.press("Enter");
  await expect(head("first?")).toBeVisible();
  await expect.poll(isSame).toBe(false);
  await live(page);
  await expect(head("first?")).toBeVisible();
  expect(await agnez.value("a")).toMatchObject({ layout: { section: "first?" } });
});

test("a page of an earlier build keeps notes that are being written", async ({ page, agnez }) => {
  await log(agnez, "b", "run", [{ step: 0, loss: 1 }]);
  const greet = await otherBuild(page);
  await openBoard(page, "/b/b?run=run");
  const notes = panel(page).getByLabel("Notes");
  if (!(await notes.isVisible())) await panel(page).getByText("Tags and notes").click();
  await notes.fill("an hour of notes");
  await page.evaluate(() => Object.assign(window, { isSame: true }));
  await page.clock.install();
  greet();
  await page.clock.runFor(2000);
  await expect(notes).toHaveValue("an hour of notes");
  expect(await page.evaluate(() => "isSame" in window)).toBe(true);
  await panel(page).getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => (await agnez.call("GET", "/boards/b/runs/run")).body.toString()).toContain("an hour of notes");
});
