// The columns of the table of runs: chosen, moved, fixed; and conditions of the search as chips.
import { cell, live, openBoard } from "./support/page.ts";
import { listed, log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

async function sweep(agnez: Parameters<typeof log>[0]): Promise<void> {
  for (const [at, [lr, seed]] of [[0.1, 1], [0.1, 2], [0.01, 1], [0.01, 2]].entries()) {
    const steps = [0.4, 0.1, 0.2].map((loss, step) => ({ step, "val/acc": at / 10 + step / 100, "val/loss": loss + at }));
    await log(agnez, "digits", `run-${at}`, steps);
    await patchRun(agnez, "digits", `run-${at}`, { config: { opt: { lr }, seed, batch: 64 }, status: "finished" });
  }
}

test("columns are added, removed, moved and fixed, and are in the address", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, BOARD);
  const heads = () => panel(page).locator("thead th").evaluateAll((all) => all.map((head) => head.textContent?.trim()));
  expect(await heads()).toEqual(["Name", "opt.lr", "seed", "val/accmax", "val/acclast", "val/lossmin"]);
  const button = panel(page).getByTitle("Columns of the table");
  await expect(button).toHaveText("by difference");
  await button.click();
  const menu = page.getByRole("dialog", { name: "Columns" });
  await menu.getByRole("searchbox", { name: "Search columns" }).fill("batch");
  await menu.getByRole("checkbox", { name: "batch" }).check();
  await menu.getByRole("searchbox", { name: "Search columns" }).fill("");
  await menu.getByRole("checkbox", { name: "seed" }).uncheck();
  await menu.getByRole("combobox", { name: "Statistic of val/loss" }).selectOption("mean");
  await expect.poll(heads).toEqual(["Name", "opt.lr", "val/accmax", "val/acclast", "val/lossmean", "batch"]);
  await menu.getByRole("button", { name: "Pin column batch" }).click();
  await expect.poll(heads).toEqual(["Name", "batch", "opt.lr", "val/accmax", "val/acclast", "val/lossmean"]);
  await menu.getByRole("button", { name: "Move down opt.lr" }).click();
  await expect.poll(heads).toEqual(["Name", "batch", "val/accmax", "opt.lr", "val/acclast", "val/lossmean"]);
  await page.keyboard.press("Escape");
  await expect(button).toHaveText("5");
  const address = () => new URL(page.url()).searchParams;
  expect(address().get("columns")).toBe("config.batch,metrics.val/acc.max,config.opt.lr,metrics.val/acc.last,metrics.val/loss.mean");
  expect(address().get("fixed")).toBe("1");

  // A fixed column stays in sight.
  const scroll = panel(page).locator(".runs-scroll");
  const fixed = row(page, "run-0").locator("td").first();
  await page.setViewportSize({ width: 900, height: 700 });
  const before = (await fixed.boundingBox())!.x;
  await scroll.evaluate((element) => (element.scrollLeft = 120));
  expect((await fixed.boundingBox())!.x).toBeCloseTo(before, 0);
  await scroll.evaluate((element) => (element.scrollLeft = 0));

  // By keys and by the pointer.
  const head = (name: RegExp) => panel(page).getByRole("columnheader", { name });
  await head(/^opt\.lr/).getByRole("button").focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await expect.poll(heads).toEqual(["Name", "batch", "opt.lr", "val/accmax", "val/acclast", "val/lossmean"]);
  // The focus goes with the column, which moves on with each press, also before the table is there.
  await expect(head(/^opt\.lr/).getByRole("button")).toBeFocused();
  for (let press = 0; press < 3; press += 1) await page.keyboard.press("Alt+ArrowRight");
  await expect.poll(heads).toEqual(["Name", "batch", "val/accmax", "val/acclast", "val/lossmean", "opt.lr"]);
  await expect(head(/^opt\.lr/).getByRole("button")).toBeFocused();
  for (const place of [4, 3, 2]) {
    await page.keyboard.press("Alt+ArrowLeft");
    await expect.poll(async () => (await heads()).indexOf("opt.lr")).toBe(place);
    await expect(head(/^opt\.lr/).getByRole("button")).toBeFocused();
  }
  await head(/^val\/acc last/).getByRole("button").focus();
  await page.keyboard.press("Delete");
  await expect.poll(heads).toEqual(["Name", "batch", "opt.lr", "val/accmax", "val/lossmean"]);
  await page.setViewportSize({ width: 1600, height: 800 });
  await head(/^val\/loss/).dragTo(head(/^opt\.lr/));
  await expect.poll(heads).toEqual(["Name", "batch", "val/lossmean", "opt.lr", "val/accmax"]);
  await expect(row(page, "run-0")).toContainText("0.2333");

  const html = await (await page.request.get(page.url())).text();
  expect(html.indexOf("val/loss</b>"), "before the script").toBeLessThan(html.indexOf("opt.lr</b>"));
  await page.reload();
  await live(page);
  expect(await heads()).toEqual(["Name", "batch", "val/lossmean", "opt.lr", "val/accmax"]);
  const csv = await (await page.request.get(`/boards/digits/run-table.csv?columns=${encodeURIComponent(address().get("columns")!)}`)).text();
  expect(csv.split("\r\n")[0]).toBe("run,name,status,config.batch,metrics.val/loss.mean,config.opt.lr,metrics.val/acc.max");
  await button.click();
  await menu.getByRole("button", { name: "Reset columns" }).click();
  await expect.poll(heads).toEqual(["Name", "opt.lr", "seed", "val/accmax", "val/acclast", "val/lossmin"]);
  expect(address().get("columns")).toBeNull();
});

test("metric columns are further means beside groups, and groups are compared at a step", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?group=opt.lr&columns=metrics.val/loss.last&metric=val/acc`);
  const group = panel(page).locator("tr[data-group]").first();
  const heads = panel(page).locator("thead th");
  await expect(heads.filter({ hasText: "val/loss" })).toContainText("last, mean ± 95 % t");
  await expect(group).toContainText("2.7000");
  await panel(page).getByLabel("by", { exact: true }).selectOption("step");
  await expect(panel(page).getByLabel("Step", { exact: true })).toHaveValue("2");
  await panel(page).getByLabel("Step", { exact: true }).fill("1");
  await panel(page).getByLabel("Step", { exact: true }).press("Enter");
  await expect(heads.filter({ hasText: "val/acc" })).toContainText("at step 1, mean ± 95 % t");
  await expect(group).toContainText("0.26000");
  expect(new URL(page.url()).searchParams.get("at")).toBe("1");
  await panel(page).getByLabel("by", { exact: true }).selectOption("mean10");
  await expect(heads.filter({ hasText: "val/acc" })).toContainText("last 10 %");
  expect(new URL(page.url()).searchParams.get("at")).toBeNull();
});

test("each condition of the search is a chip, which removes it", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, `${BOARD}?q=opt.lr%3C0.05%20seed%3D1`);
  const chips = panel(page).getByRole("list", { name: "Conditions" }).getByRole("listitem");
  await expect(chips).toHaveText(["opt.lr<0.05×", "seed=1×"]);
  await expect(rows(page)).toHaveCount(1);
  await chips.first().getByRole("button", { name: "Remove opt.lr<0.05" }).click();
  await expect.poll(() => listed(page)).toEqual(["run-2", "run-0"]);
  const search = page.getByRole("combobox", { name: "Search runs" });
  await expect(search).toHaveValue("seed=1");
  await search.fill("seed=1 (opt.lr=0.1 | opt.lr=0.01) ");
  await expect(chips).toHaveText(["seed=1×", "(opt.lr=0.1 | opt.lr=0.01)×"]);
  await chips.first().getByRole("button").click();
  await chips.first().getByRole("button").click();
  await expect(chips).toHaveCount(0);
  await expect(rows(page)).toHaveCount(4);
  expect(new URL(page.url()).searchParams.get("q")).toBeNull();
});

test("a phone has the chips in its sheet", async ({ page, agnez }) => {
  await sweep(agnez);
  await page.setViewportSize({ width: 390, height: 844 });
  await openBoard(page, `${BOARD}?q=opt.lr%3C0.05`);
  await panel(page).getByRole("button", { name: /^Runs/ }).click();
  await panel(page).getByRole("button", { name: "Remove opt.lr<0.05" }).click();
  await expect(rows(page)).toHaveCount(4);
});

test("long names begin with what differs, and say the whole in their title", async ({ page, agnez }) => {
  const name = (at: number) => `resnet50-imagenet-augmented-and-regularized-seed=${at}-with-a-long-tail-of-settings`;
  let chart = "";
  for (const at of [0, 1, 2]) {
    chart = (await log(agnez, "digits", `run-${at}`, [{ step: 0, loss: at }, { step: 1, loss: at }]))["loss"]!;
    await patchRun(agnez, "digits", `run-${at}`, { name: name(at) });
  }
  await openBoard(page, BOARD);
  const button = row(page, "run-1").locator(".run-name");
  await expect(button).toHaveText(/^…1/);
  await expect(button).toHaveAttribute("title", name(1));
  await expect(button).toHaveAccessibleName(name(1));
  const legend = cell(page, chart).locator(".legend .series");
  await expect(legend).toHaveText([/^…2/, /^…1/, /^…0/]);
  await expect(legend.first()).toHaveAttribute("title", new RegExp(name(2)));
});
