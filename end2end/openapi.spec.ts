// The OpenAPI document against real answers: every operation, and every status that can be brought about.
import { writeFileSync } from "node:fs";
import { get, request } from "node:http";
import { join } from "node:path";

import type { Agnez, Answer } from "./support/agnez.mjs";
import { Contract } from "./support/contract.ts";
import { RED, dataUri, gif } from "./support/gif.ts";
import { expect, test } from "./support/test.ts";

/** What only a broken disk, a full queue or a slow network brings about. */
const UNPROVOKED = /\b(408|429|500|503|507|default)$/;

/** Announced, and refused before it is sent. */
const TOO_LARGE = ["{", { "content-length": String(17 << 20) }] as const;

test("the document says what the server does", async ({ agnez }) => {
  const document = await agnez.call("GET", "/openapi.json");
  expect(document.headers["content-type"]).toMatch(/^application\/(vnd\.oai\.openapi\+)?json/);
  expect(document.json.openapi).toMatch(/^3\.1\./);
  const contract = new Contract(document.json);
  expect(contract.operations().length).toBeGreaterThanOrEqual(9);
  expect(contract.replies().filter((reply) => contract.isVacuous(reply)), "schemas that take anything").toEqual([]);

  const documented = new Set(contract.operations());
  const problems: string[] = [];
  /** One call: `operation` names the place in the document, `path` is the real one. */
  const exchange = async (operation: string, path: string, status: number, body?: unknown, headers?: Record<string, string>): Promise<Answer> => {
    const answer = await agnez.call(operation.split(" ")[0]!, path, body, headers);
    if (answer.status !== status) problems.push(`${operation} (${path}): expected ${status}, got ${answer.status}: ${answer.text.slice(0, 300)}`);
    if (!documented.has(operation)) problems.push(`${operation} is not documented`);
    else {
      problems.push(...contract.check(operation, answer));
      const taken = answer.status < 300 && body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body);
      if (taken) problems.push(...contract.checkBody(operation, body));
    }
    return answer;
  };
  const foreign = { origin: "http://evil.example" };

  // Both addresses of the values, if the document has both as paths of their own.
  for (const base of ["/values", "/api/v1/values"].filter((base) => documented.has(`GET ${base}`))) {
    const [many, one] = [base, `${base}/{}`];
    const full = { name: "loss", type: "html", value: "<p>1</p>", pos: 0, description: "note", board: "main", epoch: 3, tags: ["a", { b: null }] };
    const made = (await exchange(`POST ${many}`, base, 201, full)).json;
    await exchange(`POST ${many}`, base, 201, { name: "Doug", age: 32 });
    await exchange(`POST ${many}`, base, 201, [{ name: "a", value: [], pos: 1.5 }, { name: "b", value: null, group: "x" }, {}]);
    await exchange(`POST ${many}`, base, 400, "{not json");
    await exchange(`POST ${many}`, base, 400, { name: 7 });
    await exchange(`POST ${many}`, base, 400, Buffer.from([0x22, 0xff, 0x22]));
    await exchange(`POST ${many}`, base, 409, { _id: made._id });
    await exchange(`POST ${many}`, base, 413, ...TOO_LARGE);
    await exchange(`POST ${many}`, base, 403, { name: "x" }, foreign);

    await exchange(`GET ${many}`, base, 200);
    await exchange(`GET ${many}`, `${base}?name=loss&$select[]=name&$sort[pos]=-1&$limit=2&$skip=0`, 200);
    await exchange(`GET ${many}`, `${base}?$page=true&$limit=1`, 200);
    await exchange(`GET ${many}`, `${base}?$unknown=1`, 400);
    await exchange(`GET ${many}`, base, 403, undefined, foreign);
    await exchange(`GET ${many}`, base, 403, undefined, { host: "evil.example" });

    const id = `${base}/${made._id}`;
    await exchange(`GET ${one}`, id, 200);
    await exchange(`GET ${one}`, `${id}?$select[]=name`, 200);
    await exchange(`GET ${one}`, `${id}?$unknown=1`, 400);
    await exchange(`GET ${one}`, `${base}/nothing`, 404);
    await exchange(`GET ${one}`, id, 403, undefined, foreign);

    await exchange(`PATCH ${one}`, id, 200, { name: "renamed", value: [1, 2.5, null], further: true });
    await exchange(`PATCH ${one}`, id, 400, { pos: "first" });
    await exchange(`PATCH ${one}`, `${base}/nothing`, 404, { name: "x" });
    await exchange(`PATCH ${one}`, id, 413, ...TOO_LARGE);
    await exchange(`PATCH ${one}`, id, 403, { name: "x" }, foreign);

    await exchange(`PUT ${one}`, id, 200, { _id: "ignored", name: "replaced", type: "img", value: "./images/a.gif" });
    await exchange(`PUT ${one}`, id, 400, "[]");
    await exchange(`PUT ${one}`, `${base}/nothing`, 404, { name: "x" });
    await exchange(`PUT ${one}`, id, 413, ...TOO_LARGE);
    await exchange(`PUT ${one}`, id, 403, { name: "x" }, foreign);

    await exchange(`PATCH ${many}`, `${base}?group=x`, 200, { description: "many" });
    await exchange(`PATCH ${many}`, `${base}?group=x`, 400, "{");
    await exchange(`PATCH ${many}`, base, 405, { name: "x" });
    await exchange(`PATCH ${many}`, `${base}?group=x`, 413, ...TOO_LARGE);
    await exchange(`PATCH ${many}`, `${base}?group=x`, 403, { name: "x" }, foreign);
    await exchange(`DELETE ${many}`, `${base}?group=x`, 200);
    await exchange(`DELETE ${many}`, `${base}?$unknown=x`, 400);
    await exchange(`DELETE ${many}`, base, 405);
    await exchange(`DELETE ${many}`, `${base}?group=x`, 403, undefined, foreign);
    await exchange(`DELETE ${one}`, `${id}?$unknown=1`, 400);
    await exchange(`DELETE ${one}`, id, 200);
    await exchange(`DELETE ${one}`, id, 404);
    await exchange(`DELETE ${one}`, id, 403, undefined, foreign);
  }

  // The others, as far as they are documented.
  const each = async (operation: string, ...calls: [path: string, status: number, headers?: Record<string, string>][]) => {
    if (documented.has(operation)) for (const [path, status, headers] of calls) await exchange(operation, path, status, undefined, headers);
  };
  const html = await agnez.create({ type: "html", value: "<p>x</p>" });
  const image = await agnez.create({ type: "img", value: dataUri(gif([RED])) });
  const broken = await agnez.create({ type: "img", value: "data:image/gif;base64,@@" });
  writeFileSync(join(agnez.images, "a.gif"), gif([RED]));
  writeFileSync(join(agnez.images, "a.txt"), "no picture");
  const tag = String((await agnez.call("GET", "/images/a.gif")).headers.etag);
  await each("GET /openapi.json", ["/openapi.json", 200], ["/openapi.json", 403, foreign]);
  await each("GET /figure/{}/{}", [`/figure/${html._id}/1`, 200], ["/figure/nothing/1", 404], [`/figure/${html._id}/x`, 400], [`/figure/${html._id}/1`, 403, foreign]);
  await each("GET /media/{}/{}", [`/media/${image._id}/1`, 200], ["/media/nothing/1", 404], [`/media/${image._id}/x`, 400], [`/media/${broken._id}/1`, 422], [`/media/${image._id}/1`, 403, foreign]);
  await each("GET /images/{}", ["/images/a.gif", 200], ["/images/a.gif", 304, { "if-none-match": tag }], ["/images/b.gif", 404], ["/images/../data/agnez.db", 404], ["/images/a.txt", 422], ["/images/a.gif", 403, foreign]);
  const bar = await agnez.create({ type: "bar", value: { a: 1, b: 2 } });
  for (const form of ["svg", "csv"]) {
    const path = `/values/${bar._id}.${form}`;
    const known = { "if-none-match": String((await agnez.call("GET", path)).headers.etag) };
    await each(`GET /values/{}.${form}`, [path, 200], [path, 304, known], [`${path}?v=x`, 400], [`/values/${html._id}.${form}`, 404], [path, 403, foreign]);
  }
  await each("GET /", ["/", 200], ["/", 403, foreign]);
  await each("GET /b/{}", ["/b/other", 200], ["/b/.bad", 400], ["/b/other", 403, foreign]);
  await each("GET /events", ["/events?view=other", 400], ["/events?board=..", 400], ["/events", 403, foreign]);
  await each("GET /live", ["/live?board=main", 400], ["/live?board=..", 400], ["/live", 403, foreign]);
  if (documented.has("GET /events")) problems.push(...contract.check("GET /events", await beginning(agnez, "/events?board=main")));
  if (documented.has("GET /live")) problems.push(...contract.check("GET /live", await upgrade(agnez, "/live?board=main")));

  expect.soft(problems).toEqual([]);
  expect(contract.unseen().filter((reply) => !UNPROVOKED.test(reply)), "documented, but not seen: bring it about here, or take it out").toEqual([]);
});

test("what is not there, and methods that are not taken, answer in the one shape", async ({ agnez }) => {
  const document = await agnez.call("GET", "/openapi.json");
  const contract = new Contract(document.json);
  for (const [method, path, status] of [["GET", "/nothing/here", 404], ["PUT", "/values", 405], ["POST", "/openapi.json", 405]] as const) {
    const answer = await agnez.call(method, path, method === "GET" ? undefined : {});
    expect(answer.status, `${method} ${path}`).toBe(status);
    expect(answer.json).toMatchObject({ code: status, name: expect.any(String), message: expect.any(String), className: expect.any(String) });
    // The shape is that of a documented 404.
    expect(contract.check("GET /values/{}", { ...answer, status: 404, body: answer.body })).toEqual([]);
  }
});

/** The first piece of an answer that has no end. */
function beginning(agnez: Agnez, path: string): Promise<Pick<Answer, "status" | "headers" | "body">> {
  return new Promise((answered, failed) => {
    const stream = get(agnez.url + path, { agent: false }, (incoming) => {
      incoming.once("data", (body: Buffer) => {
        answered({ status: incoming.statusCode ?? 0, headers: incoming.headers, body });
        stream.destroy();
      });
    });
    stream.on("error", failed);
  });
}

function upgrade(agnez: Agnez, path: string): Promise<Pick<Answer, "status" | "headers" | "body">> {
  return new Promise((answered, failed) => {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": Buffer.alloc(16, 7).toString("base64") };
    const asked = request(agnez.url + path, { agent: false, headers });
    asked.on("upgrade", (incoming, socket) => {
      answered({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.alloc(0) });
      socket.destroy();
    });
    asked.on("response", (incoming) => failed(new Error(`no upgrade: ${incoming.statusCode}`)));
    asked.on("error", failed);
    asked.end();
  });
}
