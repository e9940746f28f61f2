// Makes target/site, the files that the binary carries: `node tools/site.mjs [--dev] WASM BINDGEN` (see the Makefile, which builds both).
// With --dev it optimises and compresses nothing.
//
//   pkg/agnez.<hash>.{wasm,js,css}   the page's code and style, small, named by content
//   pkg/agnez-<part>.<hash>.wasm     code that the page loads later: one file for each name of #[wasm_split], and what they share
//   vendor/{d3.v3,d3.v5,mpld3}.min.js   for figures: what mpld3's HTML would load from two CDNs (versions: package.json)
//   vendor/math.js                   for formulas in texts: KaTeX with its style and fonts (see math.js)
//   *                                everything in public/
//   *.br, *.gz                       beside each of them, where that is smaller
//   manifest.json                    {"js","wasm","css": paths, "parts": {name: [paths]}, "build": a hash over everything, "sizes": {file: {raw, br}}}
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { build } from "esbuild";

/** What Rust 1.95 emits for wasm32-unknown-unknown; every browser has had all of it since 2023. */
const WASM_FEATURES = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];
/**
 * What makes the smallest file once it is compressed, found by trial. Without a limit, functions that are called once grow into their callers, and
 * like code then no longer stands by like (7 KB). The lowest addresses are the far end of the stack, so none of them is ever meant (0.6 KB).
 */
const SMALL = ["--low-memory-unused", "--one-caller-inline-max-function-size=10", "--flatten", "--rereloop", "-Oz", "-Oz", "--reorder-functions-by-name"];
/** What a library exports for streams from Rust to JavaScript: the page has none, and its glue loses their classes (1.5 KB). */
const WITHOUT_STREAMS = "--remove-exports=*intounderlying*";
/** Names of imports and exports carry hashes, which do not compress (7 KB). Prints what each became. */
const SHORT_NAMES = "--minify-imports-and-exports-and-modules";
/** What that option makes of every module's name. */
const SHORT_MODULE = "a";
const COMPRESSIBLE = new Set([".css", ".html", ".ico", ".js", ".json", ".map", ".svg", ".ttf", ".txt", ".wasm", ".webmanifest", ".xml"]);

const tools = dirname(fileURLToPath(import.meta.url));
/** Bytes of brotli: `first` for js + wasm + css, which a reader waits for before the page is awake; `whole` with all parts. */
const budget = JSON.parse(readFileSync(join(tools, "budget.json"), "utf8"));
const root = dirname(tools);
const site = join(root, "target/site");
const isDev = process.argv.includes("--dev");
const scratch = join(root, isDev ? "target/site-dev" : "target/site-work");

const [wasmFile, bindgen] = process.argv.slice(2).filter((argument) => argument !== "--dev").map((path) => resolve(path));
if (!bindgen) fail("Usage: node tools/site.mjs [--dev] WASM BINDGEN (or simply: make site).");

sameBindgen();
const code = await browserCode();
const files = new Map();
const manifest = { parts: {} };
for (const [part, content] of Object.entries(code.parts)) {
  const name = `agnez-${part.replace("split_", "")}.${hash(content)}.wasm`;
  files.set(`pkg/${name}`, content);
  // It stands beside the script, which has asked for it by this name.
  code.js = Buffer.from(replaced(String(code.js), `./${part}.wasm`, `./${name}`));
  for (const user of code.users[part]) (manifest.parts[user] ??= []).push(`pkg/${name}`);
}
for (const [kind, content] of Object.entries({ js: code.js, wasm: code.wasm, css: await style() })) {
  manifest[kind] = `pkg/agnez.${hash(content)}.${kind}`;
  files.set(manifest[kind], content);
}
for (const [name, from] of Object.entries(vendorScripts())) files.set(`vendor/${name}`, readFileSync(from));
files.set("vendor/math.js", await mathScript());
for (const path of walk(join(root, "public"))) files.set(relative(join(root, "public"), path), readFileSync(path));

manifest.build = hash([...files].sort().map(([path, content]) => `${path} ${hash(content)}`).join("\n"));
manifest.sizes = compressed(files);
files.set("manifest.json", Buffer.from(JSON.stringify(manifest, null, 1) + "\n"));
publish(files);
if (!isDev) report(manifest);

/** The generator's version must be the library's: they share an unwritten format. */
function sameBindgen() {
  const version = (lock, name) => readFileSync(join(root, lock), "utf8").match(`name = "${name}"\nversion = "([^"]+)"`)?.[1];
  const [wanted, got] = [version("Cargo.lock", "wasm-bindgen"), version("tools/bindgen/Cargo.lock", "wasm-bindgen-cli-support")];
  if (wanted !== got) {
    fail(`Cargo.lock has wasm-bindgen ${wanted}, tools/bindgen has ${got}: set that version in tools/bindgen/Cargo.toml and run 'cargo update' there.`);
  }
}

/** The optimised WASM, its parts and its glue. Kept from run to run: a change of style needs no new code. */
async function browserCode() {
  const key = hash(Buffer.concat([wasmFile, bindgen, fileURLToPath(import.meta.url), join(tools, "package-lock.json")].map((path) => readFileSync(path))));
  const folder = join(scratch, key);
  const [bundled, done] = [join(folder, "bundled.js"), join(folder, "done")];
  if (!existsSync(done)) {
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run(bindgen, wasmFile, folder);
    importLoaderOnce(folder);
    const names = optimise(join(folder, "agnez_bg"), WITHOUT_STREAMS, SHORT_NAMES);
    for (const part of parts(folder)) optimise(join(folder, part));
    const glue = isDev ? { entryPoints: [join(folder, "agnez.js")] } : shortNames(folder, JSON.parse(names));
    writeFileSync(bundled, await bundle({ format: "esm", target: "es2022", ...glue }));
    writeFileSync(done, "");
  }
  const wasm = (name) => readFileSync(join(folder, `${name}.optimised`));
  const ofParts = parts(folder).map((part) => [part, wasm(part)]);
  return { js: readFileSync(bundled), wasm: wasm("agnez_bg"), parts: Object.fromEntries(ofParts), users: usersOfParts(folder) };
}

/** The generator imports the script that loads the parts once for each of them. */
function importLoaderOnce(folder) {
  const path = join(folder, "agnez.js");
  let glue = readFileSync(path, "utf8");
  const [, ...again] = glue.matchAll(/^import \* as (import\d+) from "\.\/__wasm_split\.js";?\n/gm);
  for (const [line, name] of again) glue = replaced(replaced(glue, line, ""), `"./__wasm_split.js": ${name},`, "");
  writeFileSync(path, glue);
}

/** The names of the parts of the code: `split_NAME` for each #[wasm_split], and `chunk_NUMBER` for what more than one of them needs. */
function parts(folder) {
  return readdirSync(folder).flatMap((name) => name.match(/^((?:split|chunk)_\w+)\.wasm$/)?.[1] ?? []).sort();
}

/** For each part, the names of #[wasm_split] that need it. */
function usersOfParts(folder) {
  const users = {};
  const needs = JSON.parse(readFileSync(join(folder, "parts.json"), "utf8"));
  for (const [user, needed] of Object.entries(needs)) for (const part of needed) (users[part] ??= []).push(user);
  return users;
}

/** Returns what wasm-opt prints. */
function optimise(path, ...options) {
  if (isDev) return copyFileSync(`${path}.wasm`, `${path}.optimised`);
  const features = WASM_FEATURES.map((name) => `--enable-${name}`);
  const [before, after] = [options.slice(0, 1), options.slice(1)];
  return run(join(tools, "node_modules/.bin/wasm-opt"), ...before, ...SMALL, ...after, ...features, "-o", `${path}.optimised`, `${path}.wasm`);
}

/** How to bundle the glue so that it uses the short names, and only what the page calls of it. */
function shortNames(folder, { imports, exports }) {
  const mangleCache = Object.fromEntries([...imports.map(([, name, short]) => [name, short]), ...exports]);
  const names = Object.keys(mangleCache).map((name) => name.replaceAll("$", "\\$"));
  let glue = readFileSync(join(folder, "agnez.js"), "utf8");
  const loader = glue.match(/^import \* as (import\d+) from "\.\/__wasm_split\.js";?$/m);
  const loaders = imports.map(([, name]) => name).filter((name) => name.startsWith("__wasm_split_load_")).join(", ");
  if (loader) {
    // All imports have one module now.
    glue = replaced(glue, loader[0], `import { ${loaders} } from "./short_split.js";`);
    glue = replaced(glue, `"./__wasm_split.js": ${loader[1]},`, "");
    glue = replaced(glue, `"./agnez_bg.js": import0,`, `"${SHORT_MODULE}": { ...import0, ${loaders} },`);
    // The parts name what they import as the compiler did: names that are no properties stay.
    let split = replaced(readFileSync(join(folder, "__wasm_split.js"), "utf8"), "./agnez.js", "./short.js");
    split = replaced(split, /\.assign\(sharedImports\.__wasm_split, \{(.*)\}\)/, (_, shared) => {
      const pairs = shared.match(/\w+/g).map((name) => `["${name}", ${name}]`);
      return `.assign(sharedImports.__wasm_split, Object.fromEntries([${pairs.join(", ")}]))`;
    });
    split = replaced(split, "sharedImports.__wasm_split.__indirect_function_table", "initSync(undefined, undefined).__indirect_function_table");
    writeFileSync(join(folder, "short_split.js"), split);
  } else {
    glue = replaced(glue, '"./agnez_bg.js"', `"${SHORT_MODULE}"`);
  }
  writeFileSync(join(folder, "short.js"), glue);
  const contents = 'export { default, hydrate } from "./short.js";';
  return { stdin: { contents, resolveDir: folder }, mangleProps: new RegExp(`^(${names.join("|")})$`), mangleCache };
}

async function style() {
  // Addresses such as url("/fonts/x.woff2") name files of public/, not of this folder.
  const contents = ["main.css", "sections.css", "runs.css"].map((name) => readFileSync(join(root, "style", name), "utf8")).join("\n");
  return bundle({ stdin: { contents, loader: "css" }, external: ["/*"] });
}

async function bundle(options) {
  const { outputFiles } = await build({ bundle: true, minify: true, write: false, legalComments: "none", logLevel: "warning", ...options });
  return Buffer.from(outputFiles[0].contents);
}

function vendorScripts() {
  const mpld3 = join(tools, "node_modules/mpld3");
  const { version } = JSON.parse(readFileSync(join(mpld3, "package.json"), "utf8"));
  const d3 = ["d3.v3.min.js", "d3.v5.min.js"].map((name) => [name, join(mpld3, name)]);
  return { ...Object.fromEntries(d3), "mpld3.min.js": join(mpld3, `mpld3.v${version}.min.js`) };
}

/**
 * KaTeX in one file. Its fonts stand in the style as WOFF2, which every browser has: the frames of texts have no origin, and could load no font
 * from an address.
 */
async function mathScript() {
  const folder = join(tools, "node_modules/katex/dist");
  const css = readFileSync(join(folder, "katex.min.css"), "utf8").replace(/src:url\((fonts\/[\w-]+\.woff2)\) format\("woff2"\)[^;}]*/g, (_, font) => {
    return `src:url(data:font/woff2;base64,${readFileSync(join(folder, font)).toString("base64")}) format("woff2")`;
  });
  if (/url\((?!data:)/.test(css)) fail("The style of KaTeX names files that are not in vendor/math.js: see mathScript in tools/site.mjs.");
  return bundle({ entryPoints: [join(tools, "math.js")], format: "iife", target: "es2022", define: { KATEX_STYLE: JSON.stringify(css) } });
}

/** Adds the `.br` and `.gz` files and returns the sizes. */
function compressed(files) {
  const sizes = {};
  for (const [path, content] of [...files]) {
    const size = (sizes[path] = { raw: content.length });
    if (isDev || !COMPRESSIBLE.has(extname(path))) continue;
    const { BROTLI_PARAM_MODE, BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_LGBLOCK, BROTLI_PARAM_SIZE_HINT } = constants;
    // By trial: blocks of 64 KB, and the contexts for binary tables, which the mode for fonts has.
    const mode = extname(path) === ".wasm" ? constants.BROTLI_MODE_FONT : constants.BROTLI_MODE_GENERIC;
    const params = { [BROTLI_PARAM_MODE]: mode, [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_LGBLOCK]: 16, [BROTLI_PARAM_SIZE_HINT]: content.length };
    const variants = { br: brotliCompressSync(content, { params }), gz: gzipSync(content, { level: 9 }) };
    for (const [suffix, packed] of Object.entries(variants)) {
      if (packed.length >= content.length) continue;
      files.set(`${path}.${suffix}`, packed);
      size[suffix] = packed.length;
    }
  }
  return sizes;
}

/** Files that are the same stay untouched, so that cargo rebuilds nothing; the manifest comes last, stale files go after it. */
function publish(files) {
  for (const [path, content] of files) {
    const target = join(site, path);
    if (existsSync(target) && readFileSync(target).equals(content)) continue;
    mkdirSync(dirname(target), { recursive: true });
    const unfinished = join(scratch, "unfinished");
    writeFileSync(unfinished, content);
    renameSync(unfinished, target);
  }
  for (const path of walk(site)) if (!files.has(relative(site, path))) rmSync(path);
  for (const folder of folders(site)) if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function report({ js, wasm, css, parts, build, sizes }) {
  const rows = Object.entries(sizes).map(([path, { raw, br }]) => [path, kb(raw), br ? kb(br) : "-"]);
  const sum = (paths) => paths.reduce((sum, path) => sum + (sizes[path].br ?? sizes[path].raw), 0);
  const [first, whole] = [sum([js, wasm, css]), sum([js, wasm, css, ...new Set(Object.values(parts).flat())])];
  const width = Math.max(...rows.map(([path]) => path.length));
  console.log(["file".padEnd(width), "     raw", "  brotli"].join("  "));
  for (const [path, raw, br] of rows) console.log([path.padEnd(width), raw.padStart(8), br.padStart(8)].join("  "));
  console.log(`Site ${build}: js + wasm + css are ${kb(first)} in brotli, the budget is ${kb(budget.first)}; with all parts ${kb(whole)} of ${kb(budget.whole)}.`);
  for (const [bytes, allowed, name] of [[first, budget.first, "The page's code"], [whole, budget.whole, "The page's code with all parts"]]) {
    if (bytes > allowed) fail(`${name} is over its budget: ${bytes} bytes of brotli, ${bytes - allowed} more than the ${allowed} of tools/budget.json.`);
  }
}

function walk(folder) {
  const entries = existsSync(folder) ? readdirSync(folder).sort().map((name) => join(folder, name)) : [];
  return entries.flatMap((path) => (statSync(path).isDirectory() ? walk(path) : [path]));
}

/** Every folder below, the deepest first. */
function folders(folder) {
  return readdirSync(folder).map((name) => join(folder, name)).filter((path) => statSync(path).isDirectory()).flatMap((path) => [...folders(path), path]);
}

/** The text with its first match of a string or expression replaced; it must have one. */
function replaced(text, before, after) {
  const made = text.replace(before, after);
  if (made === text) fail(`The generated script has no '${before}' any more: see what tools/site.mjs makes of it.`);
  return made;
}

function hash(content) {
  return createHash("sha256").update(content).digest("hex").slice(0, 8);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

/** Returns what the program prints. */
function run(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: "utf8", maxBuffer: 1e8, stdio: ["ignore", "pipe", "inherit"] });
  } catch {
    fail(`${relative(root, program)} failed; what it said stands above.`);
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
