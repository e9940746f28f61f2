// A connection that is cut: the page says so, comes back by itself, and then shows exactly what the server holds.
import { agrees, cell, cells, live, notes, openBoard, stage, status } from "./support/page.ts";
import { curve, log, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

/** What a browser writes to its console when the server is not there. */
const CUT = [/WebSocket connection to/, /ERR_CONNECTION_(REFUSED|RESET|CLOSED)/, /ERR_INTERNET_DISCONNECTED/, /ERR_EMPTY_RESPONSE/];

test("the server is killed and comes back", async ({ page, agnez, problems }) => {
  problems.allow(...CUT);
  const kept = await agnez.create({ name: "kept", type: "log", value: "1" });
  await openBoard(page);
  await agnez.end("SIGKILL");
  await expect(status(page)).toHaveText(/reconnecting/i);
  await expect(cell(page, kept._id), "what was there stays readable").toBeVisible();
  await agnez.restart();
  await live(page);
  await agrees(page, agnez);
  await agnez.patch(kept._id, { value: "after the restart" });
  await expect(stage(cell(page, kept._id))).toContainText("after the restart");
});

test("what was typed while the server was away is kept, and can be saved later", async ({ page, agnez, problems }) => {
  problems.allow(...CUT);
  const { _id } = await agnez.create({ name: "loss", type: "log", value: "1" });
  await openBoard(page);
  await cell(page, _id).focus();
  await page.keyboard.press("d");
  const field = cell(page, _id).getByRole("textbox");
  await field.fill("diverged at step 900");
  await agnez.end("SIGKILL");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("alert")).toContainText("could not be reached");
  await expect(field).toHaveValue("diverged at step 900");
  await agnez.restart();
  await live(page);
  await field.press("Control+Enter");
  await expect(notes(cell(page, _id))).toContainText("diverged at step 900");
  expect((await agnez.value(_id)).description).toBe("diverged at step 900");
});

test("nothing that happened meanwhile is missed", async ({ page, context, agnez, problems }) => {
  problems.allow(...CUT);
  const [renamed, removed, moved] = await agnez.create([
    { name: "renamed", type: "log", value: "1", pos: 0 },
    { name: "removed", type: "log", value: "2", pos: 1 },
    { name: "moved", type: "log", value: "3", pos: 2 },
  ]);
  await openBoard(page);
  // Offline stops new connections, the kill ends the one there is.
  await context.setOffline(true);
  await agnez.restart();
  await expect(status(page)).toHaveText(/reconnecting/i);

  await agnez.patch(renamed._id, { name: "another name", value: "new value", description: "new note" });
  await agnez.remove(removed._id);
  await agnez.patch(moved._id, { pos: -1 });
  await agnez.create({ name: "created", type: "log", value: "4", pos: 5 });
  const shortLived = await agnez.create({ name: "short-lived", type: "log", value: "5" });
  await agnez.remove(shortLived._id);
  await expect(cell(page, removed._id)).toBeVisible();

  await context.setOffline(false);
  await live(page);
  await agrees(page, agnez);
  await expect(stage(cell(page, renamed._id))).toContainText("new value");
  await expect(notes(cell(page, renamed._id))).toContainText("new note");
});

test("a server with another history replaces everything", async ({ page, context, agnez, problems }) => {
  problems.allow(...CUT);
  await agnez.create({ name: "old", type: "log", value: "1" });
  await openBoard(page);
  await context.setOffline(true);
  await agnez.restart({ forget: true });
  await agnez.create({ name: "new", type: "log", value: "2" });
  await context.setOffline(false);
  await live(page);
  await agrees(page, agnez);
  await expect(page.getByRole("article", { name: "new" })).toBeVisible();
  await expect(cells(page)).toHaveCount(1);
});

test("three cuts in a row", async ({ page, agnez, problems }) => {
  problems.allow(...CUT);
  const { _id } = await agnez.create({ name: "counter", type: "log", value: "0" });
  await openBoard(page);
  for (const round of ["first", "second", "third"]) {
    await agnez.restart();
    await agnez.patch(_id, { value: round });
    await expect(stage(cell(page, _id))).toContainText(round);
    await live(page);
  }
  await agrees(page, agnez);
});

test("a polite stop closes at once, and the page comes back", async ({ page, agnez, problems }) => {
  problems.allow(...CUT);
  await openBoard(page);
  const before = Date.now();
  await agnez.end("SIGTERM");
  expect(Date.now() - before, "an open page does not hold the server up").toBeLessThan(5_000);
  await agnez.restart();
  await live(page);
});

test("what changes between drawing and waking is not lost", async ({ page, agnez }) => {
  const [patched, removed] = await agnez.create([
    { name: "patched", type: "log", value: "drawn", pos: 0 },
    { name: "removed", type: "log", value: "drawn", pos: 1 },
  ]);
  // The page is drawn; its code arrives only after the changes.
  await page.route("**/pkg/agnez.*.wasm", async (route) => {
    await agnez.patch(patched._id, { value: "changed before waking", description: "and noted" });
    await agnez.remove(removed._id);
    await agnez.create({ name: "created", type: "log", value: "before waking", pos: -1 });
    await route.continue();
  });
  await openBoard(page);
  await expect(stage(cell(page, patched._id))).toContainText("changed before waking");
  await agrees(page, agnez);
});

test("a request that hangs is given up, and the table of runs follows again", async ({ page, agnez }) => {
  // The page's timeout of a minute, as a second.
  await page.addInitScript(() => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (milliseconds) => timeout(milliseconds / 60);
  });
  await log(agnez, "main", "first", curve("loss", 5));
  await openBoard(page);
  await expect(row(page, "first")).toBeVisible();
  let requests = 0;
  await page.route(/\/run-table/, (route) => {
    requests += 1;
    // The first one gets no response at all.
    return requests === 1 ? undefined : route.continue();
  });
  await log(agnez, "main", "second", curve("loss", 5));
  await expect(row(page, "second")).toBeVisible();
  expect(requests).toBeGreaterThan(1);
});
