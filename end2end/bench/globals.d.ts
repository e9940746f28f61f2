// What the benchmarks put into the page.
declare var agnezArm: (value: string) => void;
declare var agnezPainted: Promise<number>;
/** How long each animation frame's callbacks took, and when each frame was; milliseconds. */
declare var agnezFrames: { script: number[]; times: number[] };
