// How the tests and the benchmark start Chromium: headless, and without the calls home that a closed network would refuse.

/** @type {import("@playwright/test").LaunchOptions} */
export const launchOptions = {
  // tools/chromium.sh finds or installs one; without it Playwright's own is used.
  executablePath: process.env.CHROMIUM || undefined,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
