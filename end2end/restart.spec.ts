// A server that is stopped well and started again: an open page goes on by itself, and is not loaded anew.
import { agrees, cell, live, openBoard, stage, status } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

/** What a browser writes to its console when the server is not there. */
const AWAY = [/WebSocket connection to/, /ERR_CONNECTION_(REFUSED|RESET|CLOSED)/, /ERR_EMPTY_RESPONSE/];

test("an open page goes on after restarts, without being loaded anew", async ({ page, agnez, problems }) => {
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
