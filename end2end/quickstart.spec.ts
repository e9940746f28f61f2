// The 2015 quick-start script, as it stands, against the server as it is.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";

import { Agnez } from "./support/agnez.mjs";
import { BLUE, GREEN, RED, gif } from "./support/gif.ts";
import { cell, cells, colour, figure, frame, notes, openBoard, picture, title } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");
const ROUNDS = 5;

// The script has this port hard-wired.
test.use({
  agnez: async ({}, use) => {
    if (!(await isFree(3000))) throw new Error("Port 3000 is taken: quickstart.py speaks to no other, so stop what listens there and run this test again.");
    if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: 'make e2e' makes it, or name a Python that has requests, matplotlib and mpld3 with AGNEZ_PYTHON.`);
    const agnez = await Agnez.start({ port: 3000 });
    writeFileSync(join(agnez.images, "main_img.gif"), gif([RED, GREEN, BLUE], 240));
    await use(agnez);
    await agnez.dispose();
  },
});

test("the quick-start script drives the page", async ({ page, agnez }) => {
  await openBoard(page);
  const script = spawn(PYTHON, ["quickstart.py", String(ROUNDS), "0.3"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  script.stdout.on("data", (chunk) => (said += chunk));
  script.stderr.on("data", (chunk) => (said += chunk));
  const ended = once(script, "exit");

  // Both cells appear, empty and without a name, while the script still runs.
  await expect(cells(page)).toHaveCount(2, { timeout: 30_000 });
  const [first, second] = await agnez.values();
  const [plot, image] = [cell(page, first._id), cell(page, second._id)];

  await expect(page.getByRole("article", { name: "test1" })).toHaveAttribute("data-id", first._id);
  await expect(page.getByRole("article", { name: "test2" })).toHaveAttribute("data-id", second._id);
  await expect(title(plot)).toContainText("test1");
  await expect(title(image)).toContainText("test2");
  await expect(notes(plot)).toContainText("simple test");
  await expect(notes(image)).toContainText("simple image");

  const [code] = await ended;
  expect(code, said).toBe(0);
  expect(said.match(/<Response \[200\]>/g), "one line a round").toHaveLength(ROUNDS);

  // mpld3 has drawn: axes, and a line with one point a round.
  const line = figure(plot).locator("svg path.mpld3-path");
  await expect(line.first()).toBeAttached();
  const last = await agnez.value(first._id);
  expect(await line.evaluateAll((paths) => paths.map((path) => path.getAttribute("d")?.match(/[ML]/g)?.length ?? 0))).toContain(ROUNDS);
  expect(last.value).toContain("mpld3.draw_figure");
  const height = (await frame(plot).boundingBox())?.height ?? 0;
  const inside = await figure(plot).locator("svg.mpld3-figure").evaluate((svg) => svg.getBoundingClientRect().bottom);
  expect(height, "the frame is as high as the figure").toBeGreaterThanOrEqual(Math.min(inside, 4000) - 1);

  // The gif of the server's folder is shown, with its own colours.
  await expect(picture(image)).toBeVisible();
  await expect(async () => expect([RED, GREEN, BLUE]).toContainEqual(await colour(picture(image)))).toPass();
});

async function isFree(port: number): Promise<boolean> {
  const addresses = ["127.0.0.1", "::1"];
  const free = addresses.map(
    (address) =>
      new Promise<boolean>((answer) => {
        const probe = createServer();
        // A machine without IPv6 has nothing that could be taken there.
        probe.once("error", (why: NodeJS.ErrnoException) => answer(why.code !== "EADDRINUSE"));
        probe.listen(port, address, () => probe.close(() => answer(true)));
      }),
  );
  return (await Promise.all(free)).every(Boolean);
}
