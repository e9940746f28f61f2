// What paint.mjs puts into the page.
declare var agnezArm: (value: string) => void;
declare var agnezPainted: Promise<number>;
