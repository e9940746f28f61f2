// What the benchmarks put into the page.
declare var agnezArm: (value: string) => void;
declare var agnezPainted: Promise<number>;
/** When a change was in the DOM, and when it was painted. */
declare var agnezShown: Promise<{ changed: number; painted: number }>;
/** How long each animation frame's callbacks took, and when each frame was; milliseconds. */
declare var agnezFrames: { script: number[]; times: number[] };
