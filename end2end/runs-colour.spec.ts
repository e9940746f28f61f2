// Runs that are coloured by the value of a key: the same colours in charts, panel, pictures and the address.
import { canvas, drawn } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { log, panel, patchRun, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

/** Runs with these rates, named run-0, run-1, … Answers the chart. */
async function runs(agnez: Parameters<typeof log>[0], rates: number[]): Promise<string> {
  let chart = "";
  for (const [at, lr] of rates.entries()) {
    chart = (await log(agnez, "digits", `run-${at}`, [{ step: 0, "val/acc": at }, { step: 1, "val/acc": at + 1 }]))["val/acc"]!;
    await patchRun(agnez, "digits", `run-${at}`, { config: { lr, model: `m${at % 2}` } });
  }
  return chart;
}

test("equal values have one colour, in charts, panel, pictures and after a reload", async ({ page, agnez }) => {
  const id = await runs(agnez, [0.1, 0.01, 0.1, 0.01]);
  await openBoard(page, BOARD);
  await drawn(page, id, 8);
  const names = cell(page, id).locator(".legend .series");
  await expect(names).toHaveText(["run-3", "run-2", "run-1", "run-0"]);
  await panel(page).getByLabel("Colour", { exact: true }).selectOption("config.lr");
  await expect(names).toHaveText(["a lr 0.1", "b lr 0.01"]);
  expect(new URL(page.url()).searchParams.get("colour")).toBe("config.lr");
  await expect(panel(page).locator(".colour-legend")).toHaveText("a lr 0.1b lr 0.01");
  const swatch = (run: string) => row(page, run).locator(".run-name").evaluate((name) => getComputedStyle(name, "::before").backgroundColor);
  expect(await swatch("run-0")).toBe(await swatch("run-2"));
  expect(await swatch("run-0")).not.toBe(await swatch("run-1"));
  await expect(row(page, "run-3").locator(".letter")).toHaveText("b");
  const colours = await names.evaluateAll((all) => all.map((one) => (one as HTMLElement).style.getPropertyValue("--series")));
  expect(new Set(colours).size).toBe(2);

  // A name of the legend stands for all runs with the value.
  await names.first().click();
  await drawn(page, id, 8);
  await expect(canvas(page, id)).toHaveAttribute("aria-label", /^Line chart: run-3 · val 4; run-1 · val 2; 8 points/);
  await names.first().click();

  const svg = await (await page.request.get(`/values/${id}.svg?width=640&height=240&theme=light&colour=lr`)).text();
  expect(svg).toContain(">a lr 0.1<");
  expect(svg).not.toContain(">run-0<");
  expect(svg.match(/\.s\d+\{stroke/g)).toHaveLength(2);
  expect((await page.request.get(`/values/${id}.svg?colour=nothing`)).status()).toBe(400);

  const html = await (await page.request.get(`${BOARD}?colour=config.lr`)).text();
  expect(html, "before the script").toContain("<bdi>a lr 0.1</bdi>");
  await page.reload();
  await expect(names).toHaveText(["a lr 0.1", "b lr 0.01"]);
  await panel(page).getByLabel("Colour", { exact: true }).selectOption("each run");
  await expect(names).toHaveText(["run-3", "run-2", "run-1", "run-0"]);
  expect(new URL(page.url()).searchParams.get("colour")).toBeNull();
});

test("many numbers are on a scale", async ({ page, agnez }) => {
  const id = await runs(agnez, Array.from({ length: 10 }, (_, at) => 10 ** -at));
  await openBoard(page, `${BOARD}?colour=lr`);
  await drawn(page, id, 20);
  const names = cell(page, id).locator(".legend .series");
  await expect(names.first()).toHaveText("lr 1e-9");
  await expect(names.last()).toHaveText("lr 1");
  await expect(panel(page).locator(".colour-legend")).toContainText(/^lr 1e−?-?9/);
  await expect(panel(page).locator(".colour-legend span:empty")).toHaveCount(10);
  await expect(row(page, "run-3").locator(".letter")).toHaveCount(0);
});

test("a key that no run has is refused with the server's sentence", async ({ page, agnez, problems }) => {
  problems.allow(/status of 400/);
  await runs(agnez, [0.1, 0.01]);
  await openBoard(page, `${BOARD}?colour=nothing`);
  await expect(panel(page).locator(".colour-legend")).toContainText("nothing");
});

test("the colours by the key that was chosen last stay, also where the answer for another one is late", async ({ page, agnez }) => {
  const id = await runs(agnez, [0.1, 0.01]);
  await openBoard(page, BOARD);
  await drawn(page, id, 4);
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await page.route(/run-colours\?by=config\.model/, async (route) => {
    await answered;
    await route.continue();
  });
  const select = panel(page).getByLabel("Colour", { exact: true });
  const names = cell(page, id).locator(".legend .series");
  await select.selectOption("config.model");
  await select.selectOption("config.lr");
  await expect(names).toHaveText(["a lr 0.1", "b lr 0.01"]);
  const late = page.waitForResponse(/run-colours\?by=config\.model/);
  answer();
  await (await late).finished();
  // A run that comes afterwards is coloured by the same key.
  await log(agnez, "digits", "run-2", [{ step: 0, "val/acc": 1 }]);
  await patchRun(agnez, "digits", "run-2", { config: { lr: 1 } });
  await expect(names).toHaveText(["a lr 0.1", "b lr 0.01", "c lr 1"]);
  await expect(panel(page).locator(".colour-legend")).toHaveText("a lr 0.1b lr 0.01c lr 1");
});
