// Feathers' own tests of database adapters, through Feathers' own client.
import { spawnSync } from "node:child_process";

import { expect, test } from "./support/test.ts";

test("Feathers' adapter tests hold over REST", ({ agnez }) => {
  const run = spawnSync(process.execPath, ["--test", "--test-reporter=tap", "feathers/adapter.mjs"], {
    encoding: "utf8",
    env: { ...process.env, AGNEZ_URL: agnez.url, NODE_OPTIONS: "" },
    timeout: 50_000,
  });
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(run.stdout)?.[1]);
  expect(run.status, run.stdout + run.stderr).toBe(0);
  // 68 by their names, one that is always run, and that none is forgotten.
  expect([count("pass"), count("fail"), count("skipped")]).toEqual([70, 0, 10]);
});
