// The OpenAPI document against real answers: every operation, and every status that can be brought about.
import { writeFileSync } from "node:fs";
import { get, request } from "node:http";
import { join } from "node:path";

import type { Agnez, Answer } from "./support/agnez.mjs";
import { Contract } from "./support/contract.ts";
import { type Exchange, FOREIGN as foreign, TOO_LARGE, TOO_MANY_POINTS, aBoard, aRun, manyRuns, whatARunSends, whatIsReadOfRuns } from "./support/exchanges.ts";
import { RED, dataUri, gif } from "./support/gif.ts";
import { expect, test } from "./support/test.ts";
import { newToken } from "./support/tokens.ts";

/** What only a broken disk, a full queue, a slow network, ten thousand tokens or a hundred thousand runs bring about. */
const UNPROVOKED = /\b(408|429|500|503|507|default)$|^POST \/shares 409$|\/restore 413$|^GET \/groups 413$/;

test("the document says what the server does", async ({ agnez }) => {
  const document = await agnez.call("GET", "/openapi.json");
  expect(document.headers["content-type"]).toMatch(/^application\/(vnd\.oai\.openapi\+)?json/);
  expect(document.json.openapi).toMatch(/^3\.1\./);
  const contract = new Contract(document.json);
  expect(contract.operations().length).toBeGreaterThanOrEqual(9);
  // The value of a cell by itself may be a number; every other schema must refuse one.
  const bare = "GET /values/{}.json 200";
  expect(contract.replies().filter((reply) => contract.isVacuous(reply)), "schemas that take anything").toEqual([bare]);

  const documented = new Set(contract.operations());
  const problems: string[] = [];
  const exchange: Exchange = async (operation, path, status, body, headers) => {
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

  // The root leads to the one board.
  const only = await agnez.create({ name: "only", board: "one" });
  await exchange("GET /", "/", 303);
  await agnez.call("DELETE", `/values/${only._id}`);

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

    const writer = base.replaceAll("/", "-");
    const key = (number: number) => ({ "idempotency-key": `${writer}:${number}`, "idempotency-window": "ascending" });
    const large = { value: "x".repeat(20_000) };
    for (const status of [201, 201]) await exchange(`POST ${many}`, base, status, { name: "once" }, key(1));
    await exchange(`POST ${many}`, base, 422, { name: "other" }, key(1));
    const [twice] = [(await exchange(`POST ${many}`, base, 201, large, key(2))).json, await exchange(`POST ${many}`, base, 201, large, key(2))];
    const kept = `${base}/${twice._id}`;
    for (const _ of [1, 2]) await exchange(`PUT ${one}`, kept, 200, { name: "put" }, key(3));
    await exchange(`PUT ${one}`, kept, 422, { name: "other" }, key(3));
    for (const _ of [1, 2]) await exchange(`PATCH ${one}`, kept, 200, large, key(4));
    await exchange(`PATCH ${one}`, kept, 422, { name: "other" }, key(4));
    for (const _ of [1, 2]) await exchange(`PATCH ${one}`, `${base}/upserted${writer}?upsert=true`, 201, { name: "new", group: "x" }, key(5));
    await exchange(`PATCH ${one}`, `${base}/upserted${writer}?upsert=true`, 200, { name: "known" });
    await exchange(`PATCH ${one}`, `${kept}?upsert=yes`, 400, { name: "x" });
    await exchange(`PATCH ${many}`, `${base}?group=x&upsert=true`, 400, { name: "x" });
    for (const _ of [1, 2]) await exchange(`PATCH ${many}`, `${base}?group=x`, 200, { description: "once" }, key(6));
    await exchange(`PATCH ${many}`, `${base}?group=x`, 422, { description: "other" }, key(6));
    for (const _ of [1, 2]) await exchange(`DELETE ${one}`, kept, 200, undefined, key(7));
    await exchange(`DELETE ${one}`, id, 422, undefined, key(7));
    for (const _ of [1, 2]) await exchange(`DELETE ${many}`, `${base}?group=none`, 200, undefined, key(200));
    await exchange(`DELETE ${many}`, `${base}?group=other`, 422, undefined, key(200));
    expect((await exchange(`POST ${many}`, base, 200, { name: "once" }, key(1))).json).toEqual({ repeated: true });
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

  await agnez.create({ name: "of another board", board: "other" });
  expect((await exchange("GET /boards", "/boards", 200)).json).toContainEqual({ name: "other", cells: 1 });
  await exchange("POST /purge", "/purge", 200);
  await exchange("POST /purge", "/purge", 403, undefined, foreign);
  expect((await exchange("GET /boards", "/boards?name=unused", 200)).json).toEqual([]);
  await exchange("GET /boards", "/boards?board=main", 400);
  await exchange("GET /boards", "/boards", 403, undefined, foreign);

  // Numbers: in every documented form, refused for every documented reason.
  await agnez.create({ _id: "line", type: "line" });
  await agnez.create({ _id: "page", type: "html", value: "<p>x</p>" });
  await agnez.create({ _id: "new" });
  const ndjson = { "content-type": "application/x-ndjson" };
  const binary = { "content-type": "application/octet-stream" };
  const [toOne, toMany] = ["POST /values/{}/points", "POST /points"];
  const forms = { pairs: [[0, 2.5]], timed: [[0, "NaN", 1.8e9]], bare: [1, "-Infinity"], one: 0.5, columns: { x: [0, 1], y: [1, 2], t: [1.8e9, 1.8e9] }, words: { step: 3, value: "inf" } };
  expect((await exchange(toOne, "/values/line/points", 201, forms)).json).toMatchObject({ appended: 8, cells: { line: { bare: { start: 0, points: 2 } } } });
  await exchange(toOne, "/values/line/points", 201, [{ series: "one", step: 7, value: 0.25 }, { points: { bare: [3] } }]);
  await exchange(toOne, "/values/line/points", 201, '{"series":"one","value":NaN}\n', ndjson);
  await exchange(toOne, "/values/line/points", 201, frame("line", "one", [9], [0.125]), binary);
  await exchange(toOne, "/values/new/points", 201, { a: 1 });
  await exchange(toOne, "/values/line/points", 201, { once: 1 }, { "idempotency-key": "spec:1" });
  await exchange(toOne, "/values/line/points", 201, { once: 1 }, { "idempotency-key": "spec:1" });
  await exchange(toOne, "/values/line/points", 422, { once: 2 }, { "idempotency-key": "spec:1" });
  const ascending = (number: number) => ({ "idempotency-key": `window:${number}`, "idempotency-window": "ascending" });
  await exchange(toOne, "/values/line/points", 201, { once: 3 }, ascending(200));
  expect((await exchange(toOne, "/values/line/points", 201, { once: 1 }, ascending(1))).json).toEqual({ appended: 0, repeated: true });
  await exchange(toOne, "/values/line/points", 400, { once: 1 }, { ...ascending(1), "idempotency-key": "window" });
  await exchange(toOne, "/values/line/points", 400, { a: [[0, 1], ["NaN", 1]] });
  await exchange(toOne, "/values/line/points", 400, { a: 1 }, { "idempotency-key": "two words" });
  await exchange(toOne, "/values/nothing/points", 404, { a: 1 });
  await exchange(toOne, "/values/page/points", 409, { a: 1 });
  await exchange(toOne, "/values/line/points", 413, ...TOO_MANY_POINTS);
  await exchange(toOne, "/values/line/points", 403, { a: 1 }, foreign);
  await exchange(toMany, "/points", 201, { cells: { line: { one: [[10, 1]] }, new: { a: [2] } } });
  await exchange(toMany, "/points", 201, [{ cell: "line", series: "one", step: [11, 12], value: [1, 2] }]);
  await exchange(toMany, "/points", 201, frame("line", "one", [13], [0.125]), binary);
  const lines = '{"cell":"line","series":"one","value":1}\n\n{"cell":"new","points":{"a":[1]}}\n';
  expect((await exchange(toMany, "/points", 201, lines, ndjson)).json).toEqual({ appended: 2 });
  expect((await exchange(toMany, "/points", 201, lines, { ...ndjson, "idempotency-key": "spec:201" })).json).toHaveProperty("cells.new.a");
  await exchange(toMany, "/points", 422, lines + lines, { ...ndjson, "idempotency-key": "spec:201" });
  await exchange(toMany, "/points", 400, '{"cell":"line"', ndjson);
  await exchange(toMany, "/points", 404, { cells: { line: { one: 1 }, nothing: { a: 1 } } });
  await exchange(toMany, "/points", 409, { cells: { line: { one: 1 }, page: { a: 1 } } });
  await exchange(toMany, "/points", 413, ...TOO_MANY_POINTS);
  await exchange(toMany, "/points", 403, { cells: {} }, foreign);

  const epoch = "POST /publish/epoch/end/";
  const urlencoded = { "content-type": "application/x-www-form-urlencoded" };
  expect((await exchange(epoch, "/publish/epoch/end/", 201, { epoch: 0, loss: 0.5, val_loss: "NaN" })).json).toMatchObject({ appended: 2, cells: { "keras-loss": { val: { start: 0, points: 1 } } } });
  await exchange(epoch, "/publish/epoch/end?board=fit", 201, `data=${encodeURIComponent('{"epoch": 0, "loss": NaN}')}`, urlencoded);
  await exchange(epoch, "/publish/epoch/end/", 400, "data=1", urlencoded);
  await exchange(epoch, "/publish/epoch/end/?bord=fit", 400, { loss: 1 });
  await agnez.create({ _id: "keras-taken", type: "html", value: "<p>x</p>" });
  await exchange(epoch, "/publish/epoch/end/", 409, { taken: 1 });
  await exchange(epoch, "/publish/epoch/end/", 413, "{", { "content-length": String(2 << 20) });
  await exchange(epoch, "/publish/epoch/end/", 201, { loss: 1 }, { "idempotency-key": "fit:1" });
  await exchange(epoch, "/publish/epoch/end/", 422, { loss: 2 }, { "idempotency-key": "fit:1" });
  await exchange(epoch, "/publish/epoch/end/", 403, { loss: 1 }, foreign);

  await aRun(exchange);
  await manyRuns(exchange);
  await whatARunSends(exchange);
  await whatIsReadOfRuns(exchange);
  await aBoard(exchange);

  const patched = { chart: { x: "wall", y: "log", smooth: 0.6, unit: "s", hidden: ["bare"], further: 1 }, append: { one: [[14, 0.5]] } };
  expect((await exchange("PATCH /values/{}", "/values/line", 200, patched)).json.value.series.one).toEqual({ points: 11, last: [14, 0.5] });
  await exchange("PATCH /values/{}", "/values/line", 400, { chart: { y: "cubic" } });
  await exchange("PATCH /values/{}", "/values/page", 400, { append: { a: 1 } });
  await exchange("PATCH /values", "/values?type=line", 400, { append: { a: 1 } });
  await exchange("POST /values", "/values", 201, { type: "line", value: { series: { train: [[0, 2.5]] } } });
  await exchange("POST /values", "/values", 400, { type: "line", append: { a: 1 } });

  const readPoints = "GET /values/{}/points";
  expect((await exchange(readPoints, "/values/line/points?series=one&from=1&limit=2", 200)).json).toMatchObject({ from: 1, next: 3, total: 11, points: [[7, 0.25, expect.any(Number)], [8, "NaN", expect.any(Number)]] });
  await exchange(readPoints, "/values/new/points", 200);
  await exchange(readPoints, "/values/line/points?series=one&format=csv", 200);
  await exchange(readPoints, "/values/line/points?series=one", 200, undefined, { accept: "application/x-ndjson" });
  await exchange(readPoints, "/values/line/points", 400);
  await exchange(readPoints, "/values/line/points?series=none", 404);
  await exchange(readPoints, "/values/line/points?series=one&generation=replaced.1", 409);
  await exchange(readPoints, "/values/line/points?series=one", 403, undefined, foreign);
  for (const [operation, path, absent] of [["GET /values/{}/columns", "/values/line/columns?", 404], ["GET /columns", "/columns?cells=line,new,nothing&", 200]] as const) {
    const some = await exchange(operation, `${path}from=0&to=20&width=300&x=step`, 200);
    expect(some.json.cells.line.series.find((series: { name: string }) => series.name === "one")).toMatchObject({ points: 11, columns: { count: expect.any(Array) } });
    expect((await exchange(operation, `${path}x=time`, 200, undefined, { accept: "application/octet-stream" })).body.subarray(0, 4).toString()).toBe("AGNZ");
    await exchange(operation, `${path}width=0`, 400);
    await exchange(operation, path.replaceAll(/line|new/g, "nothing"), absent);
    await exchange(operation, path, 403, undefined, foreign);
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
  for (const path of ["/healthz", "/readyz", "/metrics"]) await each(`GET ${path}`, [path, 200], [path, 403, foreign]);
  await each("GET /figure/{}/{}", [`/figure/${html._id}/1`, 200], ["/figure/nothing/1", 404], [`/figure/${html._id}/x`, 400], [`/figure/${html._id}/1`, 403, foreign]);
  await each("GET /media/{}/{}", [`/media/${image._id}/1`, 200], ["/media/nothing/1", 404], [`/media/${image._id}/x`, 400], [`/media/${broken._id}/1`, 422], [`/media/${image._id}/1`, 403, foreign]);
  await each("GET /images/{}", ["/images/a.gif", 200], ["/images/a.gif", 304, { "if-none-match": tag }], ["/images/b.gif", 404], ["/images/../data/agnez.db", 404], ["/images/a.txt", 422], ["/images/a.gif", 403, foreign]);
  const bar = await agnez.create({ type: "bar", value: { a: 1, b: 2 } });
  for (const form of ["svg", "pdf", "csv"]) {
    const path = `/values/${bar._id}.${form}`;
    const known = { "if-none-match": String((await agnez.call("GET", path)).headers.etag) };
    await each(`GET /values/{}.${form}`, [path, 200], [path, 304, known], [`${path}?v=x`, 400], [`/values/${html._id}.${form}`, 404], [path, 403, foreign]);
  }
  const value = `/values/${bar._id}.json`;
  const valueTag = { "if-none-match": String((await agnez.call("GET", value)).headers.etag) };
  await each("GET /values/{}.json", [value, 200], [value, 304, valueTag], [`${value}?v=x`, 400], ["/values/nothing.json", 404], [value, 403, foreign]);
  await each("GET /", ["/", 200], ["/", 403, foreign]);
  const listed = { accept: "text/html", prefer: "wait=0" };
  const listTag = { ...listed, "if-none-match": String((await agnez.call("GET", "/b", undefined, listed)).headers.etag) };
  await each("GET /b", ["/b", 200], ["/b", 304, listTag], ["/b", 403, foreign]);
  await each("GET /b/{}", ["/b/other", 200], ["/b/.bad", 400], ["/b/other", 403, foreign]);
  await each("GET /events", ["/events?view=other", 400], ["/events?board=..", 400], ["/events", 403, foreign]);
  await each("GET /live", ["/live?board=main", 400], ["/live?board=..", 400], ["/live", 403, foreign]);
  if (documented.has("GET /events")) problems.push(...contract.check("GET /events", await beginning(agnez, "/events?board=main")));
  if (documented.has("GET /live")) problems.push(...contract.check("GET /live", await upgrade(agnez, "/live?board=main")));

  // Without a token nobody makes a link, not even from this machine.
  await exchange("POST /shares", "/shares", 401, { board: "main" });
  const { headers } = await newToken(agnez, "write");
  const share = (await exchange("POST /shares", "/shares", 201, { board: "main", name: "ann" }, headers)).json;
  await exchange("POST /shares", "/shares", 400, { board: "a b" }, headers);
  await exchange("POST /shares", "/shares", 404, { board: "main", view: "nothing" }, headers);
  await exchange("POST /shares", "/shares", 413, TOO_LARGE[0], { ...TOO_LARGE[1], ...headers });
  await exchange("POST /shares", "/shares", 403, { board: "main" }, foreign);
  await each("GET /shares", ["/shares", 200, headers], ["/shares?board=a%20b", 400, headers], ["/shares", 403, foreign]);
  await exchange("DELETE /shares/{}", `/shares/${share.id}`, 403, undefined, foreign);
  await exchange("DELETE /shares/{}", `/shares/${share.id}`, 200, undefined, headers);
  await exchange("DELETE /shares/{}", `/shares/${share.id}`, 404, undefined, headers);
  // 70 MB in all are more than an answer may have.
  const large = "x".repeat(7_800_000);
  for (let at = 0; at < 9; at++) await agnez.create({ board: "heavy", type: "log", value: large });
  await exchange("DELETE /values", "/values?board=heavy", 413);
  await exchange("DELETE /values", "/values?board=heavy&$select=_id", 200);
  // Who shows a token that is none gets in nowhere, not even from this machine.
  const wrong = { authorization: "Bearer agz_none" };
  for (const reply of contract.replies().filter((reply) => reply.endsWith(" 401"))) {
    const [method, path] = reply.split(" ") as [string, string];
    await exchange(`${method} ${path}`, path.replaceAll("{}", "1"), 401, undefined, wrong);
  }

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

/** Points of one series in the binary form of docs/rest.md. */
function frame(cell: string, series: string, x: number[], y: number[]): Buffer {
  const head = Buffer.alloc(20);
  head.write("AGNZ");
  head.writeUInt8(1, 4);
  head.writeUInt8(1, 5);
  head.writeUInt32LE(1, 16);
  const about = Buffer.alloc(13);
  about.writeBigUInt64LE(2n ** 64n - 1n);
  about.writeUInt8(1, 8);
  about.writeUInt32LE(x.length, 9);
  const name = Buffer.alloc(2);
  name.writeUInt16LE(Buffer.byteLength(series));
  return Buffer.concat([head, Buffer.from([cell.length]), Buffer.from(cell), name, Buffer.from(series), about, Buffer.from(new Float64Array([...x, ...y]).buffer)]);
}

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
