// The life of a run as the panel shows it: signs, silence, and the warning of two writers.
import { openBoard } from "./support/page.ts";
import { log, panel, patchRun, row } from "./support/runs.ts";
import { expect, test } from "./support/test.ts";

const RUN = "/boards/digits/runs/first";

// The tests read pixels.
test.beforeEach(({ problems }) => problems.allow(/willReadFrequently/));

test("a run falls silent and gives signs again; two writers are warned of until that is cleared", async ({ page, agnez }) => {
  const beat = async (writer: string) => {
    const answer = await agnez.call("POST", `${RUN}/heartbeat`, { interval: 1, writer });
    expect(answer.status).toBe(204);
  };
  await log(agnez, "digits", "first", [{ step: 0, loss: 1 }]);
  await beat("gpu-1");
  await openBoard(page, "/b/digits");
  const state = row(page, "first").locator(".run-state");
  // The clock of the page advances in steps of five seconds.
  await expect(state).toHaveAttribute("data-state", "silent", { timeout: 15_000 });
  await expect(async () => {
    await beat("gpu-1");
    await expect(state).toHaveAttribute("data-state", "running", { timeout: 500 });
  }).toPass();
  const mark = row(page, "first").getByText("two writers");
  await expect(mark).toHaveCount(0);
  for (const writer of ["gpu-1", "gpu-2", "gpu-1", "gpu-2"]) await beat(writer);
  await expect(mark).toBeVisible();
  await row(page, "first").locator(".run-name").click();
  const details = panel(page).getByRole("region", { name: "first" });
  await expect(details).toContainText("Two processes write to this run at the same time");
  await patchRun(agnez, "digits", "first", { warning: null });
  await expect(details).not.toContainText("Two processes");
  await details.getByRole("button", { name: "← All runs" }).click();
  await expect(row(page, "first")).toBeVisible();
  await expect(mark).toHaveCount(0);
});
