// The development loop: `make watch`. Builds the page and the server without optimisation, starts the server, and does both again after
// each change of a source file. Open pages reload themselves: the server greets them with another build.
//
// Usage: node tools/watch.mjs BINDGEN [ARGUMENTS OF THE SERVER]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a build reads, relative to the repository. */
const FOLDERS = ["src", "raster", "style", "public", "migrations"];
const FILES = new Set(["Cargo.toml", "Cargo.lock", "build.rs"]);
/** Editors write several files at once. */
const QUIET_MS = 200;
const HYDRATE = ["--lib", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "hydrate"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const [bindgen, ...serverArgs] = process.argv.slice(2);
if (!bindgen) {
  console.error('Usage: make watch, or make watch ARGS="--port 4000".');
  process.exit(1);
}

let server;
let isStale = true;
let wake = () => {};

for (const folder of FOLDERS) watch(join(root, folder), { recursive: true }, markStale);
// Editors replace a file by renaming another: a watch of the file itself would stay with the old one.
watch(root, (_, name) => {
  if (FILES.has(name)) markStale();
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, async () => {
    await stop();
    process.exit(0);
  });
}
// target/site gets a page without optimisation: `make build` must make its own.
rmSync(join(root, "target/site.stamp"), { force: true });

for (;;) {
  if (!isStale) await new Promise((resolve) => (wake = resolve));
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  isStale = false;
  const began = Date.now();
  // After an error the last server that could be built keeps running.
  if (!(await build()) || isStale) continue;
  await stop();
  server = spawn(join(target, "debug/agnez"), serverArgs, { cwd: root, stdio: "inherit" });
  console.log(`Built in ${((Date.now() - began) / 1000).toFixed(1)} s. Waiting for changes; Ctrl-C ends it.`);
}

function markStale() {
  isStale = true;
  wake();
}

async function build() {
  return (
    (await run("cargo", "build", "--locked", ...HYDRATE)) &&
    (await run(process.execPath, join(root, "tools/site.mjs"), "--dev", join(target, "wasm32-unknown-unknown/debug/agnez.wasm"), bindgen)) &&
    (await run("cargo", "build", "--locked", "--bin", "agnez"))
  );
}

async function run(program, ...args) {
  const [code] = await once(spawn(program, args, { cwd: root, stdio: "inherit" }), "exit");
  return code === 0;
}

/** Ends the server gracefully, so that its port is free. */
async function stop() {
  if (server && server.exitCode === null && server.signalCode === null) {
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  }
}
