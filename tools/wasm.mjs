// What is taken out of the page's module, or changed in it, before and after the optimiser: bytes in, bytes out.
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";

const [CUSTOM, IMPORTS, FUNCTIONS, EXPORTS, CODE] = [0, 2, 3, 7, 10];
const TYPES = 1;
/**
 * Functions of the standard library that do something else here, by their names without hashes: what they can take, and what they do instead,
 * given the number of each exported function. A panic says where it was, not what it would have printed; the optimiser finds that nobody needs
 * the rest. Not one of them must be there: if a later library calls them otherwise, the module grows, and the budget tells.
 */
const INSTEAD = [
  // A panic, a failed `unwrap` or slice of a text: the last parameter is the place in the source.
  [/^core::panicking::panic_fmt$/, 3, ({ agnez_stopped }) => [GET, 2, CALL, ...agnez_stopped, UNREACHABLE]],
  [/^core::(result::unwrap_failed|str::slice_error_fail(_rt)?)$/, 5, ({ agnez_stopped }) => [GET, 4, CALL, ...agnez_stopped, UNREACHABLE]],
  [/^core::option::expect_failed$/, 3, ({ agnez_stopped }) => [GET, 2, CALL, ...agnez_stopped, UNREACHABLE]],
  // What `{:?}` prints stands in such texts only: nothing, without an error.
  [/^<.* as core::fmt::Debug>::fmt$/, 2, () => [CONSTANT, 0]],
  // The library keeps its one thread's name with an allocator of its own, once; the page's does it.
  [/^<dlmalloc::dlmalloc::Dlmalloc<.*>>::malloc$/, 1, ({ agnez_room }) => [GET, 0, CALL, ...agnez_room]],
  [/^<dlmalloc::dlmalloc::Dlmalloc<.*>>::free$/, 1, () => []],
  [/^<dlmalloc::dlmalloc::Dlmalloc<.*>>::memalign$/, 2, () => [UNREACHABLE]],
];
const [UNREACHABLE, END, CALL, GET, CONSTANT] = [0x00, 0x0b, 0x10, 0x20, 0x41];

/**
 * The module with other `names` for its imports, without the exports that are not `kept`, and with what is done INSTEAD: what only those need
 * the optimiser takes away.
 */
export function slimmed(module, names, kept) {
  const sections = read(module);
  const entries = (id, each) => {
    const section = sections.find((section) => section.id === id);
    const reader = new Reader(module, section.from);
    return Array.from({ length: reader.number() }, () => each(reader));
  };
  const rewritten = (id, entries) => {
    const body = Buffer.concat([written(entries.length), ...entries]);
    sections.find((section) => section.id === id).bytes = Buffer.concat([Buffer.from([id]), written(body.length), body]);
  };

  let imported = 0;
  const imports = entries(IMPORTS, (reader) => {
    const head = [name(reader.text()), ((known) => name(names.get(known) ?? known))(reader.text())];
    const from = reader.at;
    if (module[from] === 0) imported++;
    reader.external();
    return Buffer.concat([...head, module.subarray(from, reader.at)]);
  });
  rewritten(IMPORTS, imports);

  const exported = {};
  const exports = entries(EXPORTS, (reader) => {
    const from = reader.at;
    const text = reader.text();
    reader.at++;
    exported[text] = written(reader.number());
    return kept(text) ? module.subarray(from, reader.at) : undefined;
  });
  rewritten(EXPORTS, exports.filter(Boolean));

  const parameters = entries(TYPES, (reader) => reader.functionType());
  const types = entries(FUNCTIONS, (reader) => reader.number());
  const bodies = entries(CODE, (reader) => reader.bytes());
  for (const [index, name] of functionNames(module, sections)) {
    const at = index - imported;
    const plain = name.replace(/\[[0-9a-f]+\]/g, "").replace(/::h[0-9a-f]{16}$/, "");
    const [, , body] = INSTEAD.find(([pattern, count]) => pattern.test(plain) && parameters[types[at]] === count) ?? [];
    if (body) bodies[at] = Buffer.from([0, ...body(exported), END]);
  }
  rewritten(CODE, bodies.map((body) => Buffer.concat([written(body.length), body])));

  return Buffer.concat([module.subarray(0, 8), ...sections.map((section) => section.bytes)]);
}

/**
 * The module without the places on the builder's disk at which other people's code may panic: they are of no use in a browser, and tell the
 * builder's folders. Each is blanked where it stands, so that nothing moves (0.6 KB). Our own, `src/...`, stay.
 */
export function placeless(module, root) {
  const sysroot = execFileSync("rustc", ["--print", "sysroot"], { encoding: "utf8", cwd: root }).trim();
  const roots = [join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src/"), join(sysroot, "lib/rustlib/src/rust/library/"), "/rust/deps/"];
  const known = roots.map((path) => path.replace(/[^\w/]/g, "\\$&")).join("|");
  const place = new RegExp(`(?:${known}|/rustc/[0-9a-f]{40}/library/)[\\w./-]*?\\.rs`, "g");
  return Buffer.from(module.toString("latin1").replace(place, (path) => " ".repeat(path.length)), "latin1");
}

/** The sections: where each one's content begins and ends, and its bytes with its head. */
function read(module) {
  const sections = [];
  for (const reader = new Reader(module, 8); reader.at < module.length; ) {
    const start = reader.at;
    const id = module[reader.at++];
    const length = reader.number();
    const from = reader.at;
    const to = (reader.at += length);
    sections.push({ id, from, to, bytes: module.subarray(start, to) });
  }
  return sections;
}

/** Pairs of a function's index and its name. */
function functionNames(module, sections) {
  const OF_FUNCTIONS = 1;
  for (const section of sections.filter(({ id }) => id === CUSTOM)) {
    const reader = new Reader(module, section.from);
    if (reader.text() !== "name") continue;
    while (reader.at < section.to) {
      const part = module[reader.at++];
      const length = reader.number();
      if (part === OF_FUNCTIONS) return Array.from({ length: reader.number() }, () => [reader.number(), reader.text()]);
      reader.at += length;
    }
  }
  return [];
}

class Reader {
  constructor(module, at) {
    [this.module, this.at] = [module, at];
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.module[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  bytes() {
    const length = this.number();
    return this.module.subarray(this.at, (this.at += length));
  }

  text() {
    return this.bytes().toString("utf8");
  }

  limits() {
    const flags = this.number();
    this.number();
    if (flags & 1) this.number();
  }

  /** What follows the names of an import: a function, table, memory, global or tag. */
  external() {
    const kind = this.module[this.at++];
    if (kind === 0) this.number();
    else if (kind === 1) (this.at++, this.limits());
    else if (kind === 2) this.limits();
    else if (kind === 3) this.at += 2;
    else (this.at++, this.number());
  }

  /** How many parameters it has. */
  functionType() {
    const isFunction = this.module[this.at++] === 0x60;
    const [parameters] = [this.bytes().length, this.bytes()];
    if (!isFunction) throw new Error("The module has types that tools/wasm.mjs does not know.");
    return parameters;
  }
}

function written(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

function name(text) {
  return Buffer.concat([written(Buffer.byteLength(text)), Buffer.from(text)]);
}
