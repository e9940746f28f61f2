// Sings when a text has become code: a call from the page's own origin, a dialog, a window, a request to the stranger, or the policy stopping one of them.
import type { BrowserContext } from "@playwright/test";

import type { Stranger } from "./stranger.ts";

interface Stopped {
  directive: string;
  blocked: string;
  isFigure: boolean;
}

export class Canary {
  readonly context: BrowserContext;
  /** The numbers of the texts that ran in the page's origin. */
  readonly ran = new Set<number>();
  /** ... in a figure's frame, which is another origin. */
  readonly strangers = new Set<number>();
  readonly #found: string[] = [];
  readonly #allowed: string[] = [];
  readonly #stranger: Stranger;

  private constructor(context: BrowserContext, stranger: Stranger) {
    this.context = context;
    this.#stranger = stranger;
  }

  static async watch(context: BrowserContext, origin: string, stranger: Stranger): Promise<Canary> {
    const canary = new Canary(context, stranger);
    // The frame says its origin itself: its address says nothing of a sandbox.
    await context.exposeBinding("canarySings", (_, n: number, where: string) => {
      if (where === "null") canary.strangers.add(n);
      else canary.ran.add(n);
      if (where === origin) canary.#found.push(`${n} ran`);
    });
    await context.exposeBinding("canaryStopped", (_, stopped: Stopped) => {
      const { directive, blocked, isFigure } = stopped;
      const isAllowed = canary.#allowed.some((part) => directive.startsWith(part) || (part === "in a figure" && isFigure));
      if (!isAllowed) canary.#found.push(`${directive} stopped ${blocked}${isFigure ? " in a frame" : ""}`);
    });
    await context.addInitScript(() => {
      const told = window as unknown as { canary(n: number): void; canarySings(n: number, where: string): void; canaryStopped(stopped: Stopped): void };
      told.canary = (n) => told.canarySings(n, self.origin);
      document.addEventListener("securitypolicyviolation", (event) => {
        told.canaryStopped({ directive: event.effectiveDirective, blocked: `${event.blockedURI} ${event.sample}`, isFigure: self.origin === "null" });
      });
    });
    const note = (what: string) => canary.#found.push(what);
    context.on("page", (page) => {
      page.on("dialog", (dialog) => {
        note(`dialog ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on("popup", (popup) => note(`window ${popup.url()}`));
      page.on("download", (download) => note(`download ${download.url()}`));
    });
    return canary;
  }

  /** What the policy may stop from now on: it is what the test brings about. */
  allow(...directives: string[]): void {
    this.#allowed.push(...directives);
  }

  found(): string[] {
    return [...this.#found, ...this.#stranger.hits.map((hit) => `request ${hit}`)];
  }

  check(where: string): void {
    const found = this.found();
    if (found.length > 0) throw new Error(`${where}: ${found.slice(0, 10).join("; ")}`);
  }
}
