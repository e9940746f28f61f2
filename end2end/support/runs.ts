// Runs in the words of the tests: logged over REST, and found in the list of the page.
import { expect, type Locator, type Page } from "@playwright/test";

import type { Agnez } from "./agnez.mjs";

export type Metrics = Record<string, number | string>;

/** Sends each of these as one step, and answers the cells that the metrics are in, by name. */
export async function log(agnez: Agnez, board: string, run: string, steps: ({ step: number } & Metrics)[]): Promise<Record<string, string>> {
  const answer = await agnez.call("POST", `/boards/${board}/runs/${run}/log`, steps);
  expect(answer.status, answer.text).toBe(201);
  return answer.json.cells;
}

export async function patchRun(agnez: Agnez, board: string, run: string, patch: object): Promise<void> {
  const answer = await agnez.call("PATCH", `/boards/${board}/runs/${run}`, patch);
  expect(answer.status, answer.text).toBe(200);
}

/** A curve with so many steps, which begins at `first`. */
export function curve(metric: string, steps: number, first = 0, y: (step: number) => number = (step) => 1 / (1 + step / 5)) {
  return Array.from({ length: steps }, (_, at) => ({ step: first + at, [metric]: y(first + at) }));
}

export function panel(page: Page): Locator {
  return page.getByRole("complementary", { name: "Runs" });
}

export function rows(page: Page): Locator {
  return panel(page).locator("tbody tr[data-run]");
}

export function row(page: Page, run: string): Locator {
  return panel(page).locator(`tr[data-run="${run}"]`);
}

export function eye(page: Page, run: string): Locator {
  return row(page, run).locator(".eye");
}

/** The ids of the runs, in the order of the list. */
export function listed(page: Page): Promise<string[]> {
  return rows(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-run") ?? ""));
}
