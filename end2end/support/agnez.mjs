// The real binary, with a folder of its own: started on a free port, spoken to over plain HTTP, ended by its process id.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * @typedef {{ status: number, headers: import("node:http").IncomingHttpHeaders, body: Buffer, text: string, json: any }} Answer
 * @typedef {{ args?: string[], port?: number, folder?: string }} Options `folder` holds `data` and `images`; a fresh one by default
 */

const BINARY = resolve(process.env.AGNEZ_BIN ?? "../target/release/agnez");
/** Far above what a start takes on a busy machine. */
const START_MS = 20_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Agnez {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  /** What the server has printed. */
  output = "";
  /** `http://localhost:PORT`, as the server's first line says it. */
  url = "";

  /** @param {string} folder @param {string[]} args */
  constructor(folder, args) {
    this.folder = folder;
    this.images = join(folder, "images");
    this.data = join(folder, "data");
    this.args = args;
  }

  /** @param {Options} [options] */
  static async start({ args = [], port = 0, folder = mkdtempSync(join(tmpdir(), "agnez-")) } = {}) {
    const agnez = new Agnez(folder, args);
    mkdirSync(agnez.images, { recursive: true });
    await agnez.#spawn(port);
    return agnez;
  }

  get pid() {
    return this.#child?.pid;
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** @param {number} port */
  async #spawn(port) {
    // Settings of the person who runs the tests must not reach the server under test.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AGNEZ_")));
    const args = ["--port", String(port), "--data", this.data, "--images", this.images, ...this.args];
    const child = spawn(BINARY, args, { env: { ...env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    child.on("exit", () => running.delete(child));
    this.output = "";
    this.url = await new Promise((found, failed) => {
      /** @param {string} why */
      const fail = (why) => failed(new Error(`${BINARY} ${args.join(" ")}: ${why}\n${this.output}`));
      const timer = setTimeout(() => fail(`no address within ${START_MS / 1000} s`), START_MS);
      /** @param {Buffer} chunk */
      const read = (chunk) => {
        this.output += chunk;
        const address = /http:\/\/[^\s/]+/.exec(this.output.slice(0, this.output.lastIndexOf("\n") + 1));
        if (!address) return;
        clearTimeout(timer);
        found(address[0]);
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", (chunk) => (this.output += chunk));
      child.on("error", (why) => fail(`${why.message} ('make build' makes it; AGNEZ_BIN names another)`));
      child.on("exit", (code) => fail(`ended with ${code}`));
    });
  }

  /** Ends it as a power cut would, or politely. @param {"SIGKILL" | "SIGTERM"} [signal] */
  async end(signal = "SIGKILL") {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** The same port again, and the same data unless `forget` says otherwise. @param {{ forget?: boolean }} [options] */
  async restart({ forget = false } = {}) {
    await this.end();
    if (forget) rmSync(this.data, { recursive: true, force: true });
    await this.#spawn(this.port);
  }

  /** One of the program's commands on this data, such as `backup FILE`. @param {string[]} words */
  command(...words) {
    return execFileSync(BINARY, [...words, "--data", this.data], { encoding: "utf8" });
  }

  async dispose() {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * One request on a connection of its own. A body that is no string and no Buffer is sent as JSON.
   * @param {string} method @param {string} path @param {unknown} [body] @param {import("node:http").OutgoingHttpHeaders} [headers]
   * @returns {Promise<Answer>}
   */
  call(method, path, body, headers = {}) {
    return call(this.url, method, path, body, headers);
  }

  /** @param {unknown} document @returns {Promise<any>} */
  async create(document) {
    return expected(await this.call("POST", "/values", document), 201);
  }

  /** @param {string} id @param {unknown} keys @returns {Promise<any>} */
  async patch(id, keys) {
    return expected(await this.call("PATCH", `/values/${id}`, keys), 200);
  }

  /** @param {string} id @param {unknown} document @returns {Promise<any>} */
  async put(id, document) {
    return expected(await this.call("PUT", `/values/${id}`, document), 200);
  }

  /** @param {string} id @returns {Promise<any>} */
  async remove(id) {
    return expected(await this.call("DELETE", `/values/${id}`), 200);
  }

  /** @returns {Promise<any[]>} */
  async values() {
    return expected(await this.call("GET", "/values"), 200);
  }

  /** @param {string} id @returns {Promise<any>} */
  async value(id) {
    return expected(await this.call("GET", `/values/${id}`), 200);
  }
}

/** @param {Answer} answer @param {number} status */
function expected(answer, status) {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer.json;
}

/**
 * @param {string} base @param {string} method @param {string} path @param {unknown} [body]
 * @param {import("node:http").OutgoingHttpHeaders} [headers] @param {import("node:http").Agent | false} [agent]
 * @returns {Promise<Answer>}
 */
export function call(base, method, path, body, headers = {}, agent = false) {
  const sent = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((answered, failed) => {
    const length = sent === undefined ? {} : { "content-length": Buffer.byteLength(sent) };
    // The path goes out as it is written: `../` and the like are for the server to judge.
    const { hostname, port } = new URL(base);
    const outgoing = request({ hostname, port, path, method, agent, headers: { ...length, ...headers } }, (incoming) => {
      /** @type {Buffer[]} */
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", failed);
      incoming.on("end", () => {
        const body = Buffer.concat(chunks);
        answered({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body,
          get text() {
            return body.toString();
          },
          get json() {
            return JSON.parse(body.toString());
          },
        });
      });
    });
    outgoing.on("error", failed);
    outgoing.end(sent);
  });
}
