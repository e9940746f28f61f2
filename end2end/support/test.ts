// The `test` that all journeys use: a server of its own for each, and a page that must stay silent.
import { test as base, expect, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";

import { Agnez } from "./agnez.mjs";

interface Options {
  /** Further flags for the server. */
  agnezArgs: string[];
}

interface Fixtures {
  agnez: Agnez;
  /** What must not happen on any page of the test; `allow` what the test brings about itself. */
  problems: Problems;
  /** Another browser (a context of its own), watched like the first. */
  open: (options?: BrowserContextOptions) => Promise<Page>;
}

export class Problems {
  readonly #found: string[] = [];
  readonly #allowed: RegExp[] = [];

  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  watch(context: BrowserContext, origin: string): void {
    context.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.add(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.add(`uncaught: ${error.error().stack ?? error.error().message}`));
    context.on("response", (response) => {
      const url = new URL(response.url());
      const local = url.origin === origin || ["data:", "blob:", "about:"].includes(url.protocol);
      // One that the page's policy stops has no answer: it fails, below.
      if (!local) this.add(`request to another place: ${response.url()}`);
    });
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page that is left, or a frame whose newer revision has come, drops what it was loading.
      if (why !== "net::ERR_ABORTED") this.add(`failed request: ${request.method()} ${request.url()}: ${why}`);
    });
  }

  add(problem: string): void {
    this.#found.push(problem);
  }

  left(): string[] {
    return this.#found.filter((problem) => !this.#allowed.some((pattern) => pattern.test(problem)));
  }
}

export const test = base.extend<Options & Fixtures>({
  agnezArgs: [[], { option: true }],

  agnez: async ({ agnezArgs }, use, info) => {
    const agnez = await Agnez.start({ args: agnezArgs });
    await use(agnez);
    if (info.status !== info.expectedStatus) await info.attach("server", { body: agnez.output, contentType: "text/plain" });
    await agnez.dispose();
  },

  baseURL: async ({ agnez }, use) => use(agnez.url),

  problems: async ({}, use) => {
    const problems = new Problems();
    await use(problems);
    expect(problems.left(), "the page must stay silent").toEqual([]);
  },

  context: async ({ context, problems, agnez }, use) => {
    problems.watch(context, agnez.url);
    await use(context);
  },

  open: async ({ browser, problems, agnez }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext({ baseURL: agnez.url, ...options });
      contexts.push(context);
      problems.watch(context, agnez.url);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
