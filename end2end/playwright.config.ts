import { defineConfig } from "@playwright/test";

import { launchOptions } from "./support/chromium.mjs";

const screens = Boolean(process.env.SCREENSHOTS);

export default defineConfig({
  testDir: ".",
  outputDir: "results/runs",
  // Pictures for people, not a test: `make screens`.
  testIgnore: screens ? [] : "screens.spec.ts",
  forbidOnly: Boolean(process.env.CI),
  // A test that passes only sometimes has failed.
  retries: 0,
  // Two cores: one browser and one server keep both busy.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["./support/counts.ts"]],
  use: {
    browserName: "chromium",
    headless: true,
    launchOptions,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    colorScheme: "light",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
});
