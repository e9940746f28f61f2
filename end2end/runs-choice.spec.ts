// Choosing runs by boxes, leaving failed ones out, groups that mix values, and what is said of all that.
import { readFileSync } from "node:fs";

import type { Locator } from "@playwright/test";

import type { Agnez } from "./support/agnez.mjs";
import { cell, openBoard } from "./support/page.ts";
import { log, panel, patchRun, row, rows } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

/** Two models, two rates, two seeds; the first run has failed. Answers the chart. */
async function sweep(agnez: Agnez): Promise<string> {
  let [chart, at] = ["", 0];
  for (const model of ["cnn", "mlp"]) {
    for (const lr of [0.01, 0.1]) {
      for (const seed of [0, 1]) {
        const points = [0, 1, 2].map((step) => ({ step, "val/acc": lr + seed / 100 + step / 1000 + (model === "cnn" ? 0.5 : 0) }));
        chart = (await log(agnez, "digits", `r${at}`, points))["val/acc"]!;
        await patchRun(agnez, "digits", `r${at}`, { config: { model, lr, seed }, status: at === 0 ? "failed" : "finished" });
        at += 1;
      }
    }
  }
  return chart;
}

test("a box chooses a run, and that of the head all of them", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits");
  const actions = panel(page).getByRole("group", { name: "Chosen runs" });
  const box = (run: string) => row(page, run).getByRole("checkbox");
  await expect(box("r1")).toHaveAccessibleName("Choose r1");
  await box("r1").click();
  await expect(actions).toContainText("1 chosen");
  await expect(row(page, "r1")).toHaveAttribute("aria-selected", "true");
  await box("r4").click({ modifiers: ["Shift"] });
  await expect(actions).toContainText("4 chosen");

  const all = panel(page).getByRole("checkbox", { name: "Choose all 8" });
  await expect(all).toHaveJSProperty("indeterminate", true);
  await all.click();
  await expect(actions).toContainText("8 chosen");
  await expect(box("r7")).toBeChecked();
  await box("r7").click();
  await expect(actions).toContainText("7 chosen");
  await expect(all).not.toBeChecked();

  // By keys: Tab leads from the name back to its box; Space presses it, and hides nothing.
  await row(page, "r5").locator(".run-name").focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(box("r5")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(actions).toContainText("6 chosen");
  await expect(row(page, "r5").locator(".eye")).toHaveAttribute("aria-pressed", "true");
});

test("all of many runs are chosen, less one that is not on the first page, and not those of another search", async ({ page, agnez }) => {
  // A page of the list has 50 rows.
  for (let at = 0; at < 60; at++) await log(agnez, "digits", `r${at}`, [{ step: 0, loss: at }]);
  await openBoard(page, "/b/digits");
  const actions = panel(page).getByRole("group", { name: "Chosen runs" });
  const box = (run: string) => row(page, run).getByRole("checkbox");
  const all = panel(page).getByRole("checkbox", { name: "Choose all 60" });
  await all.click();
  await expect(actions).toContainText("60 chosen");
  await row(page, "r59").locator(".run-name").focus();
  await page.keyboard.press("End");
  await expect(box("r2"), "also where the row is loaded later").toBeChecked();
  await box("r2").click();
  await expect(box("r2")).not.toBeChecked();
  await expect(box("r3")).toBeChecked();
  await expect(actions).toContainText("59 chosen");
  await box("r2").click();
  await expect(actions).toContainText("60 chosen");
  // With Shift a row that is chosen stays so, and its box says it.
  await box("r4").click({ modifiers: ["Shift"] });
  await expect(box("r4")).toBeChecked();
  await expect(actions).toContainText("60 chosen");

  await all.click();
  await expect(actions).toHaveCount(0);
  await all.click();
  await expect(actions).toContainText("60 chosen");
  await page.getByRole("combobox", { name: "Search runs" }).fill("name:r1");
  await expect(rows(page)).toHaveCount(1);
  await expect(actions, "what another search finds was not chosen").toHaveCount(0);
});

test("failed runs are left out by one press, and their group still names them", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?group=model,lr");
  const group = panel(page).locator("tr[data-group]").filter({ hasText: "cnn · lr 0.01" });
  await expect(group).toContainText("1 of 2 failed");
  const hide = panel(page).getByRole("button", { name: "Hide 1 failed" });
  await hide.click();
  await expect(group).toContainText("1 failed, left out by the search");
  expect(new URL(page.url()).searchParams.get("q")).toBe("-status:failed");
  await expect(hide).toBeHidden();
  await panel(page).getByRole("button", { name: "Remove -status:failed" }).click();
  await expect(group).toContainText("1 of 2 failed");
  await page.goto("/b/digits?q=lr<0.1");
  await hide.click();
  await expect(rows(page)).toHaveCount(3);
});

test("a run whose loss is NaN is marked in the list, on its page and in its group", async ({ page, agnez }) => {
  await sweep(agnez);
  const nan = [3, 4, 5].map((step) => ({ step, loss: step < 4 ? 1 : "NaN", "val/acc": 0.1 }));
  await log(agnez, "digits", "r7", nan);
  await openBoard(page, "/b/digits");
  const states = (run: string) => row(page, run).locator(".run-state .word");
  await expect(states("r7")).toHaveText(["diverged"]);
  await expect(states("r6")).toHaveText(["finished"]);
  await expect(row(page, "r7")).toHaveAttribute("title", "loss NaN from step 4");
  await row(page, "r7").locator(".run-name").click();
  await expect(panel(page).getByRole("region", { name: "r7" })).toContainText("loss NaN from step 4");
  await page.goto("/b/digits?group=model,lr");
  const group = panel(page).locator("tr[data-group]").filter({ hasText: "mlp · lr 0.1" });
  await expect(group.locator('[data-state="diverged"]')).toContainText("1");
  await expect(group).toContainText("1 of 2 diverged in loss");
});

test("diverged runs are found and hidden by one press, and their group still names them", async ({ page, agnez, problems }) => {
  // The browser reports the refusal of the search.
  problems.allow(/status of 400/);
  await sweep(agnez);
  for (const run of ["r0", "r7"]) await log(agnez, "digits", run, [3, 4].map((step) => ({ step, loss: step < 4 ? 1 : "NaN" })));
  await openBoard(page, "/b/digits");
  const hide = (what: string) => panel(page).getByRole("button", { name: `Hide ${what}` });
  await expect(hide("1 failed")).toBeVisible();
  await hide("2 diverged").click();
  await expect(rows(page)).toHaveCount(6);
  await expect(hide("")).toHaveCount(0);
  expect(new URL(page.url()).searchParams.get("q")).toBe("-status:diverged");
  await page.goto("/b/digits?group=model,lr&q=-status:failed");
  await hide("1 diverged").click();
  const group = panel(page).locator("tr[data-group]").filter({ hasText: "mlp · lr 0.1" });
  await expect(group).toContainText("1 diverged in loss, left out by the search");
  // A status that there is not is said, with the one that is meant.
  const search = panel(page).getByRole("combobox", { name: "Search runs" });
  await search.fill("status:divergd");
  await search.press("Enter");
  await panel(page).getByRole("alert").getByRole("button", { name: "diverged" }).click();
  await expect(search).toHaveValue("status:diverged");
});

test("a mean over two models says so", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?group=lr");
  await expect(panel(page).locator(".comparisons")).toContainText("groups mix 2 values of model");
  await expect(panel(page).locator("tr[data-group]").first().locator(".mixed")).toHaveText("2 values");
  await page.goto("/b/digits?group=lr,model");
  await expect(panel(page).locator("tr[data-group]")).toHaveCount(4);
  await expect(panel(page).locator(".comparisons")).not.toContainText("mix");
});

test("± behind a mean is the band of the charts", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?group=lr,model");
  const answer = (await agnez.call("GET", "/boards/digits/run-groups?by=lr,model&metric=val/acc")).json;
  const [first] = answer.groups as { label: string; std: number; half_width: number }[];
  const note = panel(page).locator("tr[data-group]").filter({ hasText: first!.label }).locator(".note").first();
  await expect(note).toContainText(`± ${first!.half_width.toFixed(5)}`);
  await panel(page).getByRole("combobox", { name: "Line", exact: true }).selectOption("mean std");
  await expect(note).toContainText(`± ${first!.std.toFixed(5)}`);
  await expect(panel(page).getByRole("columnheader", { name: /val\/acc/ })).toContainText("mean ± std");
});

test("the settings of a chart stand over charts, not over the list of runs", async ({ page, agnez }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const id = await sweep(agnez);
  await openBoard(page, "/b/digits?group=lr,model");
  await cell(page, id).hover();
  await cell(page, id).getByRole("button", { name: "Chart", exact: true }).click();
  const settings = page.getByRole("dialog", { name: "Chart", exact: true });
  const [list, dialog] = [await panel(page).boundingBox(), await settings.boundingBox()];
  expect(dialog!.x).toBeGreaterThanOrEqual(list!.x + list!.width);
  await expect(settings.getByRole("table"), "no heads without rows").toBeHidden();
});

test("the keys are listed in two columns", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits");
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  const [charts, runs] = await Promise.all(["Charts", "Runs"].map((name) => help.getByRole("heading", { name }).boundingBox()));
  expect(charts!.y).toBe(runs!.y);
  expect(await help.evaluate((dialog) => dialog.scrollHeight - dialog.clientHeight), "all of it is in sight").toBeLessThanOrEqual(0);
});

test("the points of a run have its colour as CSV", async ({ page, agnez }) => {
  const id = await sweep(agnez);
  await openBoard(page, "/b/digits");
  const [head, ...lines] = (await agnez.call("GET", `/values/${id}.csv`)).text.trim().split("\r\n");
  expect(head).toBe("run,series,index,step,value,time,colour");
  const colours = new Map(lines.map((line) => [line.split(",")[0]!, line.split(",").at(-1)!]));
  expect(colours.size).toBe(8);
  for (const [run, colour] of colours) {
    const shown = await row(page, run).locator(".run-name").evaluate((name) => getComputedStyle(name, "::before").backgroundColor);
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    expect(shown, run).toBe(`rgb(${red}, ${green}, ${blue})`);
  }
});

test("paper has the table, and says what is compared", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?group=model,lr&q=model:cnn");
  await expect(panel(page).locator("tr[data-group]")).toHaveCount(2);
  const said = panel(page).locator(".printed-view");
  await expect(said).toBeHidden();
  // The first group is open, and compared with.
  const first = panel(page).locator("tr[data-group]").first();
  await first.locator(".run-name").focus();
  await page.keyboard.press("b");
  await page.keyboard.press("ArrowRight");
  await expect(panel(page).locator("tr.member:not(.missing)")).toHaveCount(2);
  await page.emulateMedia({ media: "print" });
  await expect(said).toContainText("Search: model:cnn · groups by model, lr · lines: mean, 95 % t · numbers: val/acc, last · ");
  await expect(said).toContainText(String(new Date().getFullYear()));
  await expect(first.locator(".fold")).toBeVisible();
  for (const member of await panel(page).locator("tr.member").all()) await expect(member.locator(".value").first()).toHaveText(/^0\.\d+$/);
  // Groups stand out, and their intervals and verdicts are on the paper.
  const ground = (one: Locator) => one.locator("td").first().evaluate((cell) => getComputedStyle(cell).backgroundColor);
  expect(await ground(first)).not.toBe(await ground(panel(page).locator("tr.member").first()));
  await expect(first.locator(".note").first()).toHaveText(/^± /);
  await expect(first.locator(".verdict")).toHaveText(/^baseline/);
  const [edge, last] = [await panel(page).boundingBox(), await first.locator(".verdict").boundingBox()];
  expect(last!.x + last!.width).toBeLessThanOrEqual(edge!.x + edge!.width);
  for (const hidden of [".runs-search", ".runs-rules", ".runs-footer", ".eye"]) await expect(panel(page).locator(hidden).first()).toBeHidden();
  const [table, chart] = [await panel(page).boundingBox(), await page.locator("article").first().boundingBox()];
  expect(table!.y + table!.height, "above the charts").toBeLessThanOrEqual(chart!.y);
  expect(table!.width).toBeLessThanOrEqual(718);
  await page.emulateMedia({ media: "screen" });
});

test("what is cut off at the right is faded, until it is in sight", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits");
  const list = panel(page).locator(".runs-scroll");
  await page.mouse.move(5, 5);
  await expect(list).not.toHaveClass(/cut/);
  await page.setViewportSize({ width: 700, height: 800 });
  await expect(list).toHaveClass(/cut/);
  expect(await list.evaluate((one) => getComputedStyle(one).maskImage)).toContain("gradient");
  await list.evaluate((one) => one.scrollTo(1000, 0));
  await expect(list).not.toHaveClass(/cut/);
});

test("the table is saved as it is shown, and the board as a file", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?q=lr<0.1");
  const saved = async (name: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), panel(page).getByRole("button", { name }).click()]);
    return [download.suggestedFilename(), readFileSync(await download.path(), "utf8")] as const;
  };
  const [runs, lines] = await saved("Save CSV");
  expect([runs, lines.trim().split("\r\n").length]).toEqual(["digits-runs.csv", 5]);
  await expect(panel(page).getByRole("button", { name: "Save LaTeX" })).toHaveCount(0);
  await page.goto("/b/digits?group=model&metric=val/acc");
  const [groups, means] = await saved("Save CSV");
  expect([groups, means.trim().split("\r\n").length]).toEqual(["digits-groups.csv", 3]);
  const [tex, table] = await saved("Save LaTeX");
  expect(tex).toBe("digits-groups.tex");
  expect(table).toContain("\\toprule");
  await page.locator(".board-switch").click();
  const [board] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
  expect(board.suggestedFilename()).toBe("digits.html");
});

test("members of an open group show the metric that is compared", async ({ page, agnez }) => {
  await sweep(agnez);
  await openBoard(page, "/b/digits?group=lr,model&metric=val/acc&stat=mean10");
  const group = panel(page).locator("tr[data-group]").filter({ hasText: "lr 0.1 · cnn" });
  await group.locator(".run-name").click();
  await expect(row(page, "r2").locator(".value")).toHaveText(/^0\.602/);
});

test("keys of the summary are searched and have columns", async ({ page, agnez }) => {
  await sweep(agnez);
  for (const [at, run] of ["r1", "r2"].entries()) await patchRun(agnez, "digits", run, { summary: { final_acc: 0.8 + at / 10 } });
  await openBoard(page, "/b/digits?q=final_acc>0.85");
  await expect(rows(page)).toHaveCount(1);
  await panel(page).getByRole("button", { name: "by difference" }).click();
  const columns = page.getByRole("dialog", { name: "Columns" });
  await columns.getByRole("searchbox", { name: "Search columns" }).fill("final");
  await columns.getByRole("checkbox", { name: "summary.final_acc" }).click();
  await expect(row(page, "r2")).toContainText("0.9");
  await expect(panel(page).getByRole("columnheader", { name: /summary.final_acc/ })).toBeVisible();
});
