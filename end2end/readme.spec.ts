// The commands of README.md and docs/rest.md, as they stand there but for the address: twice, as a person runs them.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { cell, openBoard } from "./support/page.ts";
import { expect, test } from "./support/test.ts";

const PYTHON = resolve(process.env.AGNEZ_PYTHON ?? "../target/venv/bin/python");

/** The code blocks of a document's chapter in this language. */
function blocks(document: string, chapter: string, language: string): string[] {
  const text = readFileSync(resolve("..", document), "utf8").split(/^#{2,4} /m).find((part) => part.startsWith(chapter));
  return [...text!.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map((found) => found[1]!);
}

function run(command: string, args: string[]): void {
  const ended = spawnSync(command, args, { encoding: "utf8", timeout: 30_000 });
  expect(ended.status, ended.stderr + ended.stdout).toBe(0);
}

const withUrllib = () => blocks("docs/rest.md", "With Python's standard library", "python")[0]!;

test("numbers: by Python alone, on a server without cells", async ({ agnez }) => {
  run(PYTHON, ["-c", withUrllib().replaceAll("http://localhost:3000", agnez.url)]);
  expect((await agnez.value("run")).value.series).toMatchObject({ train: { points: 1, last: [2, 1.71] }, val: { points: 1, last: [2, "NaN"] } });
});

test("numbers: by shell and by Python", async ({ agnez }) => {
  const shell = blocks("README.md", "First curve", "sh")[0]!;
  for (let time = 1; time <= 2; time++) {
    run("sh", ["-ec", shell.replaceAll("curl ", "curl -fsS ").replaceAll("localhost:3000", new URL(agnez.url).host)]);
    run(PYTHON, ["-c", withUrllib().replaceAll("http://localhost:3000", agnez.url)]);
    expect((await agnez.value("run")).value.series).toMatchObject({ train: { points: 3 * time, last: [2, 1.71] }, val: { points: 2 * time, last: [2, "NaN"] } });
  }
});

test("comparing runs: a series for each", async ({ page, agnez }) => {
  const script = join(agnez.folder, "compare.py");
  writeFileSync(script, blocks("docs/rest.md", "Comparing runs", "python")[0]!.replaceAll("http://localhost:3000", agnez.url));
  for (const name of ["lr 0.1", "lr 0.3"]) run(PYTHON, [script, name]);
  await openBoard(page);
  for (const id of ["compare-loss", "compare-accuracy"]) {
    await expect(cell(page, id).locator("canvas")).toHaveAttribute("data-points", "200");
    await expect(cell(page, id).locator(".legend button")).toHaveText(["lr 0.1", "lr 0.3"]);
  }
});
