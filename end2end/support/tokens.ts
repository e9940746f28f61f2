// Tokens, made on the command line beside a running server, as a person makes them.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

import { type Agnez, call } from "./agnez.mjs";

const BINARY = resolve(process.env.AGNEZ_BIN ?? "../target/release/agnez");

export interface Token {
  id: string;
  token: string;
  /** For requests made by a program. */
  headers: { authorization: string };
}

function program(agnez: Agnez, ...args: string[]): string {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AGNEZ_")));
  return execFileSync(BINARY, ["token", ...args, "--data", agnez.data], { env, encoding: "utf8" });
}

/** A new token, once the server knows it. `base` is the server's address with its sub-path. */
export async function newToken(agnez: Agnez, right: "write" | "read" | "share", { board = "main", base = agnez.url } = {}): Promise<Token> {
  const said = program(agnez, "new", right, "--board", board);
  const [token, id] = [/agz_[\w-]+/.exec(said)?.[0], /token revoke (\w+)/.exec(said)?.[1]];
  if (!token || !id) throw new Error(`'agnez token new' told no token: ${said}`);
  const headers = { authorization: `Bearer ${token}` };
  const { pathname } = new URL(board === "main" ? `${base}/` : `${base}/b/${board}`);
  for (let tries = 0; tries < 100; tries++) {
    if ((await call(base, "GET", pathname, undefined, headers)).status === 200) return { id, token, headers };
    await new Promise((waited) => setTimeout(waited, 100));
  }
  throw new Error("the server does not know the new token");
}

export function revoke(agnez: Agnez, { id }: Token): void {
  program(agnez, "revoke", id);
}
