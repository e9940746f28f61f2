// Calls about runs and boards for the journey of the OpenAPI document: one for every documented status.
import { createHash } from "node:crypto";

import type { Answer } from "./agnez.mjs";
import { expect } from "./test.ts";

export const FOREIGN = { origin: "http://evil.example" };

/** Announced, and refused before it is sent. */
export const TOO_LARGE = ["{", { "content-length": String(17 << 20) }] as const;
export const TOO_MANY_POINTS = ["{", { "content-length": String(65 << 20) }] as const;

/** One call: `operation` names the place in the document, `path` is the real one. */
export type Exchange = (operation: string, path: string, status: number, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Keys that ascend; 200 makes the server forget its answer to 1. */
function ascendingKey(writer: string, number: number): Record<string, string> {
  return { "idempotency-key": `${writer}:${number}`, "idempotency-window": "ascending" };
}

/** The document of one run: created, changed, deleted and restored. */
export async function aRun(exchange: Exchange): Promise<void> {
  const [runs, id] = ["/boards/one/runs", "/boards/one/runs/first"];
  const [create, restore] = ["POST /boards/{}/runs", "POST /boards/{}/runs/{}/restore"];
  const [read, patch, remove] = ["GET /boards/{}/runs/{}", "PATCH /boards/{}/runs/{}", "DELETE /boards/{}/runs/{}"];
  const key = (number: number) => ascendingKey("one-run", number);
  const full = { _id: "first", name: "First", config: { lr: 0.1, opt: { name: "adam" } }, tags: ["a"], group: "g", job_type: "train", notes: "# x", summary: { best: 1 }, colour: 3, archived: false, hidden: false, interval: 15, further: [null] };
  expect((await exchange(create, runs, 201, full)).json).toMatchObject({ ...full, board: "one", status: "running", rev: 1 });
  await exchange(create, runs, 409, full);
  await exchange(create, runs, 400, { _id: "a b" });
  await exchange(create, runs, 413, ...TOO_LARGE);
  await exchange(create, runs, 403, {}, FOREIGN);
  const [made, again] = [await exchange(create, runs, 201, { name: "once" }, key(1)), await exchange(create, runs, 201, { name: "once" }, key(1))];
  expect(again.json).toEqual(made.json);
  await exchange(create, runs, 422, { name: "other" }, key(1));
  await exchange(create, runs, 201, { notes: "x".repeat(20_000) }, key(200));
  expect((await exchange(create, runs, 201, { notes: "x".repeat(20_000) }, key(200))).json).toMatchObject({ repeated: true });
  expect((await exchange(create, runs, 200, { name: "once" }, key(1))).json).toEqual({ repeated: true });

  await exchange(read, id, 200);
  expect((await exchange(read, `${id}?$select[]=name`, 200)).json).toEqual({ _id: "first", name: "First" });
  await exchange(read, `${id}?status=running`, 400);
  await exchange(read, `${runs}/nothing`, 404);
  await exchange(read, id, 403, undefined, FOREIGN);

  expect((await exchange(patch, id, 200, { status: "finished", parent: made.json._id, group: null })).json).toHaveProperty("took");
  await exchange(patch, `${runs}/upserted?upsert=true`, 201, { name: "new" });
  await exchange(patch, `${runs}/upserted?upsert=true`, 200, { status: "running", startedAt: "2026-11-28T10:00:00Z" });
  await exchange(patch, id, 400, { status: "lost" });
  await exchange(patch, `${runs}/nothing`, 404, { name: "x" });
  await exchange(patch, id, 413, ...TOO_LARGE);
  await exchange(patch, id, 403, { name: "x" }, FOREIGN);
  for (const _ of [1, 2]) await exchange(patch, id, 200, { name: "patched" }, key(201));
  await exchange(patch, id, 422, { name: "other" }, key(201));

  for (const _ of [1, 2]) await exchange(remove, id, 200, undefined, key(202));
  await exchange(remove, `${runs}/upserted`, 422, undefined, key(202));
  await exchange(remove, `${id}?status=failed`, 400);
  await exchange(remove, `${runs}/nothing`, 404);
  await exchange(remove, id, 403, undefined, FOREIGN);
  await exchange(remove, id, 410);
  await exchange(patch, id, 410, { name: "x" });
  await exchange(create, runs, 410, { _id: "first" });

  for (const _ of [1, 2]) await exchange(restore, `${id}/restore`, 200, undefined, key(203));
  await exchange(restore, `${runs}/upserted/restore`, 422, undefined, key(203));
  await exchange(restore, `${id}/restore?status=failed`, 400);
  await exchange(restore, `${runs}/nothing/restore`, 404);
  await exchange(restore, `${id}/restore`, 403, undefined, FOREIGN);
}

/** The runs of a board by a query. */
export async function manyRuns(exchange: Exchange): Promise<void> {
  const [runs, create] = ["/boards/many/runs", "POST /boards/{}/runs"];
  const [find, patch, remove] = ["GET /boards/{}/runs", "PATCH /boards/{}/runs", "DELETE /boards/{}/runs"];
  const key = (number: number) => ascendingKey("many-runs", number);
  for (const name of ["a", "b", "c"]) await exchange(create, runs, 201, { _id: name, name, config: { lr: 0.1 } });
  expect((await exchange(find, `${runs}?q=lr%3C1&sort=-config.lr&$limit=2&$skip=1&$select[]=name`, 200)).json).toHaveLength(2);
  expect((await exchange(find, `${runs}?q=lr%3C1&$page=true&$limit=1`, 200)).json).toMatchObject({ total: 3, resolved: { lr: "config.lr" } });
  await exchange(find, `${runs}?q=unknown%3C1`, 400);
  await exchange(find, runs, 403, undefined, FOREIGN);

  expect((await exchange(patch, `${runs}?runs=a,b`, 200, { archived: true })).json).toHaveLength(2);
  await exchange(patch, `${runs}?name=a&$limit=1`, 400, { archived: true });
  await exchange(patch, runs, 405, { archived: true });
  await exchange(patch, `${runs}?name=a`, 413, ...TOO_LARGE);
  await exchange(patch, `${runs}?name=a`, 403, { archived: true }, FOREIGN);
  for (const _ of [1, 2]) await exchange(patch, `${runs}?name=a`, 200, { notes: "x" }, key(1));
  await exchange(patch, `${runs}?name=a`, 422, { notes: "y" }, key(1));

  for (const _ of [1, 2]) await exchange(remove, `${runs}?name=a`, 200, undefined, key(200));
  await exchange(remove, `${runs}?name=b`, 422, undefined, key(200));
  expect((await exchange(patch, `${runs}?name=a`, 200, { notes: "x" }, key(1))).json).toEqual([{ repeated: true }]);
  const [restore, undo] = ["POST /boards/{}/run-restore", "/boards/many/run-restore?removal="];
  const removal = String((await exchange(remove, `${runs}?name=b`, 200)).headers["agnez-removal"]);
  for (const _ of [1, 2]) expect((await exchange(restore, undo + removal, 200, undefined, key(201))).json).toMatchObject([{ _id: "b" }]);
  await exchange(restore, `${undo}1`, 422, undefined, key(201));
  await exchange(restore, undo, 400);
  await exchange(restore, undo + removal, 404);
  await exchange(restore, undo + removal, 403, undefined, FOREIGN);
  await exchange(remove, `${runs}?$unknown=x`, 400);
  await exchange(remove, runs, 405);
  await exchange(remove, `${runs}?name=b`, 403, undefined, FOREIGN);
  // 70 MB in all are more than one change may write.
  const large = "x".repeat(500_000);
  for (let at = 0; at < 7; at++) {
    await Promise.all(Array.from({ length: 20 }, () => exchange(create, "/boards/large/runs?$select=_id", 201, { name: "large", large })));
  }
  await exchange(remove, "/boards/large/runs?name=large", 413);
  // The event after those of the 140 runs.
  await exchange("DELETE /boards/{}", "/boards/large", 200);
  await exchange(restore, "/boards/large/run-restore?removal=141", 413);
}

/** What a run sends: points, values, signs of life, its console. */
export async function whatARunSends(exchange: Exchange): Promise<void> {
  const [board, run] = ["/boards/sent", "/boards/sent/runs/first"];
  const [log, beat, output] = ["POST /boards/{}/runs/{}/log", "POST /boards/{}/runs/{}/heartbeat", "POST /boards/{}/runs/{}/console"];
  const key = (number: number) => ascendingKey("sent", number);
  const lines = [{ "content-type": "application/x-ndjson" }, '{"step":8,"loss":1.2}\n\n{"step":9,"loss":NaN}\n'] as const;
  const step = { step: 5, time: 1.8e9, loss: 1.5, acc: { val: "NaN" }, none: null, sample: { type: "text", value: "epoch 5" } };
  expect((await exchange(log, `${run}/log`, 201, step)).json).toMatchObject({ run: "first", points: 3, cells: { loss: "sent-loss", sample: "sent-sample" } });
  await exchange(log, `${run}/log`, 201, [{ step: 6, loss: 1 }, { step: 7, loss: "-Infinity" }]);
  expect((await exchange(log, `${run}/log`, 201, lines[1], lines[0])).json).toEqual({ run: "first", points: 2 });
  await exchange(log, `${run}/log`, 400, { loss: "low" });
  await exchange(log, `${run}/log`, 413, ...TOO_MANY_POINTS);
  await exchange(log, `${run}/log`, 403, { loss: 1 }, FOREIGN);
  for (const _ of [1, 2]) await exchange(log, `${run}/log`, 201, lines[1], { ...lines[0], ...key(1) });
  await exchange(log, `${run}/log`, 422, { loss: 2 }, key(1));
  for (const chart of ["taken", "console"]) {
    const taken = Array.from({ length: 100 }, (_, at) => chartId("taken", at === 0 ? chart : `${chart} ${at + 1}`));
    await exchange("POST /values", "/values", 201, taken.map((_id) => ({ _id, board: "taken", type: "html" })));
  }
  await exchange(log, "/boards/taken/runs/first/log", 201, { loss: 1 });
  await exchange(log, "/boards/taken/runs/first/log", 409, { taken: 1 });
  await exchange(output, "/boards/taken/runs/first/console", 409, "x");

  await exchange(beat, `${run}/heartbeat`, 204, { interval: 15, writer: "gpu-1:1" });
  expect((await exchange(beat, `${run}/heartbeat`, 204, { writer: "gpu-2:1" })).body).toHaveLength(0);
  await exchange(beat, `${run}/heartbeat`, 204);
  await exchange(beat, `${run}/heartbeat`, 400, "[]");
  await exchange(beat, `${board}/runs/nothing/heartbeat`, 404);
  await exchange(beat, `${run}/heartbeat`, 413, ...TOO_LARGE);
  await exchange(beat, `${run}/heartbeat`, 403, undefined, FOREIGN);

  expect((await exchange(output, `${run}/console`, 200, "one\n")).json).toEqual({ bytes: 4 });
  for (const _ of [1, 2]) expect((await exchange(output, `${run}/console`, 200, "two\n", key(200))).json).toEqual({ bytes: 8 });
  await exchange(output, `${run}/console`, 422, "three\n", key(200));
  expect((await exchange(log, `${run}/log`, 201, { loss: 1 }, key(1))).json).toEqual({ points: 0, repeated: true });
  await exchange(output, `${run}/console?tail=1`, 400, "x");
  await exchange(output, `${board}/runs/nothing/console`, 404, "x");
  await exchange(output, `${run}/console`, 413, ...TOO_LARGE);
  await exchange(output, `${run}/console`, 403, "x", FOREIGN);
  await exchange("POST /publish/epoch/end/", "/publish/epoch/end/?board=sent&run=", 201, { epoch: 0, loss: 1 });
  // Its chart stays on its board.
  await exchange("PATCH /values/{}", "/values/sent-loss", 409, { board: "other" });
  await exchange("PUT /values/{}", "/values/sent-loss", 409, { type: "line", board: "other" });
  await exchange("PATCH /values", "/values?board=sent&name=loss", 409, { board: "other" });

  await exchange("DELETE /boards/{}/runs/{}", run, 200);
  await exchange(log, `${run}/log`, 410, { loss: 1 });
  await exchange(beat, `${run}/heartbeat`, 410);
  await exchange(output, `${run}/console`, 410, "x");
  await exchange("POST /publish/epoch/end/", "/publish/epoch/end/?board=sent&run=first", 410, { loss: 1 });
  await exchange("POST /points", "/points", 410, [{ cell: "sent-loss", run: "first", value: 1 }]);
  await exchange("POST /values/{}/points", "/values/sent-loss/points", 410, [{ run: "first", value: 1 }]);
  await exchange("POST /boards/{}/runs/{}/restore", `${run}/restore`, 200);
}

/** What is read of the runs of `whatARunSends`. */
export async function whatIsReadOfRuns(exchange: Exchange): Promise<void> {
  const [board, run] = ["/boards/sent", "/boards/sent/runs/first"];
  const of = (what: string) => `GET /boards/{}/runs/{}/${what}`;
  expect((await exchange(of("history"), `${run}/history?metric=loss&from=1&limit=2`, 200)).json).toMatchObject({ step: [6, 7], value: [1, "-Infinity"], next: 3 });
  expect((await exchange(of("value"), `${run}/value?name=sample`, 200)).json).toEqual({ cell: "sent-sample", type: "text", value: "epoch 5" });
  expect((await exchange(of("console"), `${run}/console`, 200)).text).toBe("one\ntwo\n");
  for (const [what, query] of [["history", "?metric=nothing"], ["value", "?name=nothing"]] as const) {
    await exchange(of(what), `${run}/${what}`, 400);
    await exchange(of(what), `${run}/${what}${query}`, 404);
  }
  await exchange(of("console"), `${run}/console?tail=1`, 400);
  await exchange(of("console"), `${board}/runs/nothing/console`, 404);
  for (const what of ["history", "value", "console"]) await exchange(of(what), `${run}/${what}`, 403, undefined, FOREIGN);

  await exchange("PATCH /boards/{}/runs/{}", `${board}/runs/second?upsert=true`, 201, { config: { lr: 0.1, batch: 64 } });
  await exchange("PATCH /boards/{}/runs/{}", run, 200, { config: { lr: 0.01, batch: 64 } });
  const [keys, diff] = ["GET /boards/{}/run-keys", "GET /boards/{}/run-diff"];
  expect((await exchange(keys, `${board}/run-keys`, 200)).json).toMatchObject({ runs: 3 });
  await exchange(keys, "/boards/nothing/run-keys", 200);
  await exchange(keys, `${board}/run-keys?runs=first`, 400);
  await exchange(keys, `${board}/run-keys`, 403, undefined, FOREIGN);
  const empty = "GET /boards/{}/empty-charts";
  expect((await exchange(empty, `${board}/empty-charts?runs=first,second`, 200)).json.cells).not.toContain("nothing");
  await exchange(empty, `${board}/empty-charts`, 400);
  await exchange(empty, `${board}/empty-charts?runs=first`, 403, undefined, FOREIGN);
  const found = (await exchange(diff, `${board}/run-diff?runs=first,second`, 200)).json;
  expect(found).toMatchObject({ different: { "config.lr": { first: 0.01, second: 0.1 } }, equal: { "config.batch": 64 } });
  expect((await exchange(diff, `${board}/run-diff?by=lr`, 200)).json.columns).toHaveLength(3);
  await exchange(diff, `${board}/run-diff?runs=first`, 400);
  await exchange(diff, `${board}/run-diff?runs=first,nothing`, 404);
  await exchange(diff, `${board}/run-diff`, 403, undefined, FOREIGN);
  const [groups, byRate] = ["GET /boards/{}/run-groups", `${board}/run-groups?by=lr&metric=loss&secondary=acc/val&finished=0&baseline=first`];
  const rows = await exchange(groups, byRate, 200);
  expect(rows.json).toMatchObject({ metric: "loss", direction: "min", total: 3, baseline: { id: "first", is_run: true } });
  expect((await exchange(groups, `${board}/run-groups?stat=mean10`, 200)).json).toMatchObject({ stat: "mean10", groups: [{ label: "all runs" }] });
  await exchange(groups, byRate, 304, undefined, { "if-none-match": String(rows.headers.etag) });
  await exchange(groups, `${board}/run-groups?by=nothing`, 400);
  await exchange(groups, `${board}/run-groups`, 403, undefined, FOREIGN);
  for (const format of ["tex", "csv"]) {
    const file = `GET /boards/{}/run-groups.${format}`;
    expect((await exchange(file, `${board}/run-groups.${format}?by=lr&metric=loss`, 200)).text).toContain("0.1");
    await exchange(file, `${board}/run-groups.${format}?by=nothing`, 400);
    await exchange(file, `${board}/run-groups.${format}`, 403, undefined, FOREIGN);
  }
  const [colours, byRateColours] = ["GET /boards/{}/run-colours", `${board}/run-colours?by=lr&runs=first`];
  const coloured = await exchange(colours, byRateColours, 200);
  expect(coloured.json).toMatchObject({ by: "config.lr", values: [{ label: "lr 0.01" }], runs: { first: 0 } });
  await exchange(colours, byRateColours, 304, undefined, { "if-none-match": String(coloured.headers.etag) });
  await exchange(colours, `${board}/run-colours?by=lr`, 400);
  await exchange(colours, byRateColours, 403, undefined, FOREIGN);
  const [table, csv] = ["GET /boards/{}/run-table", "GET /boards/{}/run-table.csv"];
  const listed = await exchange(table, `${board}/run-table?sort=-metrics.loss.min,config.lr`, 200);
  expect(listed.json).toMatchObject({ total: 3, all: 3, archived: 0 });
  await exchange(table, `${board}/run-table?q=lr%3C0.05&by=lr`, 200);
  await exchange(table, `${board}/run-table?sort=-metrics.loss.min,config.lr`, 304, undefined, { "if-none-match": String(listed.headers.etag) });
  await exchange(table, `${board}/run-table?q=lr%3Cabc`, 400);
  await exchange(table, `${board}/run-table`, 403, undefined, FOREIGN);
  expect((await exchange(csv, `${board}/run-table.csv`, 200)).text.split("\r\n")).toHaveLength(5);
  await exchange(csv, `${board}/run-table.csv?q=lr%3Cabc`, 400);
  await exchange(csv, `${board}/run-table.csv`, 403, undefined, FOREIGN);

  const [curves, path] = ["GET /groups", "/groups?cells=sent-loss,nothing&by=lr"];
  const grouped = await exchange(curves, path, 200);
  expect(grouped.json.cells["sent-loss"]).toMatchObject({ more: 0, groups: [{ key: { "config.lr": 0.01 }, ids: ["first"], grid: "steps" }, { ids: [expect.any(String)] }] });
  await exchange(curves, `${path}&width=1&smooth=0.5`, 200);
  await exchange(curves, path, 304, undefined, { "if-none-match": String(grouped.headers.etag) });
  expect((await exchange(curves, path, 200, undefined, { accept: "application/octet-stream" })).body.subarray(0, 4).toString()).toBe("AGNZ");
  await exchange(curves, `${path}&band=iqr`, 400);
  await exchange(curves, path, 403, undefined, FOREIGN);
}

/** The document of a board; at last all of it is deleted. */
export async function aBoard(exchange: Exchange): Promise<void> {
  const [read, patch, remove] = ["GET /boards/{}", "PATCH /boards/{}", "DELETE /boards/{}"];
  const full = { title: "Sent", description: "x", archived: false, goal: { metric: "loss", direction: "min" }, metrics: { "lr/*": { section: "Rates" } }, further: [1] };
  expect((await exchange(patch, "/boards/sent", 200, full)).json).toMatchObject({ ...full, name: "sent", runs: 3 });
  for (const _ of [1, 2]) await exchange(patch, "/boards/sent", 200, { further: "x".repeat(20_000) }, ascendingKey("board", 1));
  await exchange(patch, "/boards/sent", 422, { further: null }, ascendingKey("board", 1));
  await exchange(patch, "/boards/sent", 400, { goal: "loss" });
  await exchange(patch, "/boards/sent", 413, ...TOO_LARGE);
  await exchange(patch, "/boards/sent", 403, { title: "x" }, FOREIGN);
  await exchange(read, "/boards/sent", 200);
  await exchange(read, "/boards/sent?name=sent", 400);
  await exchange(read, "/boards/nothing", 404);
  await exchange(read, "/boards/sent", 403, undefined, FOREIGN);
  const file = "GET /boards/{}/export.html";
  await exchange(file, "/boards/sent/export.html", 200);
  await exchange(file, "/boards/sent/export.html?name=sent", 400);
  await exchange(file, "/boards/nothing/export.html", 404);
  await exchange(file, "/boards/sent/export.html", 403, undefined, FOREIGN);
  await anArrangement(exchange);
  await itemsOfABoard(exchange);
  await exchange(remove, "/boards/sent", 403, undefined, FOREIGN);
  for (const _ of [1, 2]) await exchange(remove, "/boards/sent", 200, undefined, ascendingKey("board", 200));
  await exchange(remove, "/boards/many", 422, undefined, ascendingKey("board", 200));
  expect((await exchange(patch, "/boards/sent", 200, { title: "late" }, ascendingKey("board", 1))).json).toEqual({ repeated: true });
  await exchange(remove, "/boards/sent?name=sent", 400);
  await exchange(remove, "/boards/sent", 404);
  const restore = "POST /boards/{}/restore";
  await exchange(restore, "/boards/sent/restore", 403, undefined, FOREIGN);
  await exchange(restore, "/boards/sent/restore?name=sent", 400);
  expect((await exchange("GET /boards", "/boards?trash=1", 200)).json).toContainEqual(expect.objectContaining({ name: "sent", title: "Sent", cells: 5, runs: 3 }));
  for (const _ of [1, 2]) await exchange(restore, "/boards/sent/restore", 200, undefined, ascendingKey("board", 201));
  await exchange(restore, "/boards/many/restore", 422, undefined, ascendingKey("board", 201));
  await exchange(restore, "/boards/sent/restore", 404);
  await exchange("GET /boards", "/boards?size=1", 200);
}

/** The layout of the board `sent`. */
async function anArrangement(exchange: Exchange): Promise<void> {
  const [read, put, path] = ["GET /boards/{}/layout", "PUT /boards/{}/layout", "/boards/sent/layout"];
  const patch = { sections: [{ name: "train", pinned: true, width: 4, height: 25 }], density: 4, blocks: [{ mosaic: "AAB;AAC", cells: { A: "loss", B: "acc" } }] };
  const made = await exchange(put, path, 200, patch);
  const known = { "if-match": String(made.headers.etag) };
  await exchange(read, path, 200);
  await exchange(read, path, 304, undefined, { "if-none-match": known["if-match"] });
  await exchange(put, path, 200, { density: null, blocks: [{ id: made.json.blocks[0].id, mosaic: null }] }, known);
  await exchange(put, path, 412, { density: 2 }, known);
  for (const _ of [1, 2]) await exchange(put, path, 200, { density: 6 }, ascendingKey("layout", 200));
  expect((await exchange(put, path, 200, { density: 3 }, ascendingKey("layout", 1))).json).toEqual({ repeated: true });
  await exchange(put, path, 422, { density: 2 }, ascendingKey("layout", 200));
  await exchange(put, path, 400, { density: 5 });
  await exchange(put, path, 404, { cells: { nothing: { width: 1 } } });
  await exchange(put, path, 413, ...TOO_LARGE);
  await exchange(put, path, 403, {}, FOREIGN);
  await exchange(read, `${path}?x=1`, 400);
  await exchange(read, "/boards/nothing/layout", 404);
  await exchange(read, path, 403, undefined, FOREIGN);
}

/** The marks and the views of the board `sent`. */
async function itemsOfABoard(exchange: Exchange): Promise<void> {
  const mark = { _id: "m1", run: "first", step: 3, text: "new rate", colour: 2 };
  const view = { _id: "v1", name: "Best", query: "q=lr%3C0.1", folded: ["train"], layout: { density: 2 } };
  for (const [name, item] of [["marks", mark], ["views", view]] as const) {
    const [list, add, remove, path] = [`GET /boards/{}/${name}`, `POST /boards/{}/${name}`, `DELETE /boards/{}/${name}/{}`, `/boards/sent/${name}`];
    const one = `${path}/${item._id}`;
    for (const _ of [1, 2]) await exchange(add, path, 201, item, ascendingKey(name, 200));
    await exchange(add, path, 422, { ...item, _id: "other" }, ascendingKey(name, 200));
    expect((await exchange(add, path, 201, { ...item, _id: "other" }, ascendingKey(name, 1))).json).toEqual({ repeated: true });
    await exchange(add, path, 409, item);
    await exchange(add, path, 400, { ...item, unknown: 1 });
    await exchange(add, path, 413, ...TOO_LARGE);
    await exchange(add, path, 403, item, FOREIGN);
    await exchange(list, path, 200);
    await exchange(list, `${path}?x=1`, 400);
    await exchange(list, `/boards/nothing/${name}`, 404);
    await exchange(list, path, 403, undefined, FOREIGN);
    if (name === "views") await oneView(exchange, one);
    await exchange(remove, `${one}?x=1`, 400);
    await exchange(remove, one, 403, undefined, FOREIGN);
    for (const _ of [1, 2]) await exchange(remove, one, 200, undefined, ascendingKey(name, 201));
    await exchange(remove, `${path}/other`, 422, undefined, ascendingKey(name, 201));
    await exchange(remove, one, 404);
  }
}

async function oneView(exchange: Exchange, path: string): Promise<void> {
  const [read, put] = ["GET /boards/{}/views/{}", "PUT /boards/{}/views/{}"];
  for (const _ of [1, 2]) await exchange(put, path, 200, { name: "Worst", query: "" }, ascendingKey("view", 200));
  await exchange(put, path, 422, { name: "Other", query: "" }, ascendingKey("view", 200));
  await exchange(put, path, 400, { name: "Worst" });
  await exchange(put, path, 413, ...TOO_LARGE);
  await exchange(put, path, 403, { name: "Worst", query: "" }, FOREIGN);
  await exchange(put, "/boards/sent/views/nothing", 404, { name: "Worst", query: "" });
  await exchange(read, path, 200);
  await exchange(read, `${path}?x=1`, 400);
  await exchange(read, "/boards/sent/views/nothing", 404);
  await exchange(read, path, 403, undefined, FOREIGN);
}

/** The id of the cell of a chart, as the server makes it. */
function chartId(board: string, chart: string): string {
  const hash = createHash("sha256").update(`${board}\0${chart}`).digest("hex");
  return /^\w+$/.test(chart) ? `${board}-${chart}` : `${board}-${chart.replaceAll(/\W+/g, "_")}-${hash.slice(0, 12)}`;
}
