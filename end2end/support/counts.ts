// Closes the run with one plain line: `12 passed, 0 failed, 1 skipped`.
import type { FullConfig, Reporter, Suite } from "@playwright/test/reporter";

export default class Counts implements Reporter {
  #suite: Suite | undefined;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#suite = suite;
  }

  onExit(): Promise<void> {
    const outcomes = this.#suite?.allTests().map((test) => test.outcome()) ?? [];
    const count = (...kinds: string[]) => outcomes.filter((outcome) => kinds.includes(outcome)).length;
    console.log(`${count("expected", "flaky")} passed, ${count("unexpected")} failed, ${count("skipped")} skipped`);
    return Promise.resolve();
  }

  printsToStdio(): boolean {
    return false;
  }
}
