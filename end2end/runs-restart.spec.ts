// Points from before a restart: faded at first, and hidden by a setting of the chart.
import type { Page } from "@playwright/test";

import { canvas, drawn } from "./support/line.ts";
import { cell, openBoard } from "./support/page.ts";
import { curve, log } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const BOARD = "/b/digits";

test("points before a restart are hidden for a reader, then for everyone, and in pictures", async ({ page, open, agnez }) => {
  // Step 8 is far above the others. The script goes on from its checkpoint at step 4.
  const { loss: id } = await log(agnez, "digits", "first", curve("loss", 10, 0, (step) => (step === 8 ? 500 : 1)));
  const { acc: other } = await log(agnez, "digits", "first", curve("acc", 3));
  await log(agnez, "digits", "first", curve("loss", 3, 4, () => 2));
  const second = await open();
  for (const each of [page, second]) {
    await openBoard(each, BOARD);
    await drawn(each, id!, 13);
  }
  const settings = async (chart: string) => {
    await cell(page, chart).hover();
    await cell(page, chart).getByRole("button", { name: "Chart", exact: true }).click();
  };
  const field = page.getByLabel("Hide points before restart");
  await settings(other!);
  await expect(page.locator("#chart-smooth")).toBeVisible();
  await expect(field, "nothing was superseded here").toHaveCount(0);
  await page.keyboard.press("Escape");

  /** Whether the tooltip near the right end has the high value, and says that it is from before the restart. */
  const read = async (each: Page) => {
    const box = (await canvas(each, id!).boundingBox())!;
    await each.mouse.move(5, 5);
    await each.mouse.move(box.x + box.width * 0.85, box.y + box.height * 0.3, { steps: 3 });
    const said = (await each.locator("#tooltip").textContent()) ?? "";
    return [said.includes("500"), said.includes("before restart"), said.includes("step")];
  };
  const picture = async (query = "") => (await agnez.call("GET", `/values/${id}.svg?width=640&height=300${query}`)).text.includes(">400<");
  await expect.poll(() => read(page)).toEqual([true, true, true]);
  await settings(id!);
  const highest = page.locator("#chart-table td").nth(3);
  await expect(highest).toHaveText("500");
  await field.check();
  await expect(highest, "the table has what is drawn").toHaveText("2");
  const link = await page.locator("#chart-svg").getAttribute("href");
  expect(link).toContain("hide_superseded=1");
  expect([await picture("&hide_superseded=1"), await picture()], "for this reader only").toEqual([false, true]);
  await page.keyboard.press("Escape");
  await expect.poll(() => read(page)).toEqual([false, false, true]);
  await expect.poll(() => read(second)).toEqual([true, true, true]);
  await page.reload();
  await drawn(page, id!, 13);
  await expect.poll(() => read(page), { message: "kept in the tab" }).toEqual([false, false, true]);

  await settings(id!);
  await expect(field).toBeChecked();
  await page.getByRole("button", { name: "Set for everyone" }).click();
  await expect.poll(async () => (await agnez.value(id!)).chart).toEqual({ hide_superseded: true });
  await expect(page.getByRole("button", { name: "Set for everyone" })).toHaveCount(0);
  await expect.poll(() => read(second)).toEqual([false, false, true]);
  expect(await picture()).toBe(false);
  // New points go on from what is left.
  await page.keyboard.press("Escape");
  await log(agnez, "digits", "first", curve("loss", 2, 7, () => 3));
  await drawn(page, id!, 15);
  await expect.poll(() => read(page)).toEqual([false, false, true]);
});
