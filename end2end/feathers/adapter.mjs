// Feathers' own tests of database adapters, run against /values through Feathers' own REST client: node --test adapter.mjs, with AGNEZ_URL.
import assert from "node:assert";
import { createRequire } from "node:module";
import * as runner from "node:test";

const require = createRequire(import.meta.url);
const { feathers } = require("@feathersjs/feathers");
const rest = require("@feathersjs/rest-client");
const adapterTests = require("@feathersjs/adapter-tests");

// They are written for Mocha, whose functions they find in the global scope.
const { after, afterEach, before, beforeEach, describe, it } = runner;
Object.assign(globalThis, { after, afterEach, before, beforeEach, describe, it });

// What they ask of the options of an adapter within its own process (`service.options.multi`, `.paginate`, `params.adapter`) has no address to ask
// it at. Our answers to many at once, and to pages, have tests of their own.
const OF_OPTIONS = [
  ".remove + multi no pagination", ".patch multiple no pagination", ".create multi", "params.adapter + paginate", "params.adapter + multi",
  ".find + paginate", ".find + paginate + query", ".find + paginate + $limit + $skip", ".find + paginate + $limit 0", ".find + paginate + params",
];

const NAMES = [
  ".options", ".events", "._get", "._find", "._create", "._update", "._patch", "._remove",
  ".get", ".get + $select", ".get + id + query", ".get + NotFound", ".get + NotFound (integer)", ".get + id + query id",
  ".find",
  ".remove", ".remove + $select", ".remove + id + query", ".remove + NotFound", ".remove + NotFound (integer)", ".remove + multi", ".remove + id + query id",
  ".update", ".update + $select", ".update + id + query", ".update + NotFound", ".update + NotFound (integer)", ".update + query + NotFound",
  ".update + id + query id",
  ".patch", ".patch + $select", ".patch + id + query", ".patch multiple", ".patch multi query same", ".patch multi query changed", ".patch + NotFound",
  ".patch + NotFound (integer)", ".patch + query + NotFound", ".patch + id + query id",
  ".create", ".create + $select", ".create ignores query",
  "internal .find", "internal .get", "internal .create", "internal .update", "internal .patch", "internal .remove",
  ".find + equal", ".find + equal multiple", ".find + $sort", ".find + $sort + string", ".find + $limit", ".find + $limit 0", ".find + $skip",
  ".find + $select", ".find + $or", ".find + $in", ".find + $nin", ".find + $lt", ".find + $lte", ".find + $gt", ".find + $gte", ".find + $ne",
  ".find + $gt + $lt + $sort", ".find + $or nested + $sort", ".find + $and", ".find + $and + $or",
];

// A newer version may have more of them.
const found = [];
const count = (name) => found.push(name);
const asMocha = { it: globalThis.it, describe: globalThis.describe };
Object.assign(globalThis, { it: Object.assign(count, { skip: count }), describe: (_, body) => body(), after() {}, afterEach() {}, before() {}, beforeEach() {} });
adapterTests([])(feathers(), {}, "values", "_id");
Object.assign(globalThis, { ...asMocha, after, afterEach, before, beforeEach });
it("every test is run, or is one of the options", () => {
  const known = [...NAMES, ...OF_OPTIONS, ".id"];
  assert.deepStrictEqual([...found].sort(), known.sort());
});

const app = feathers();
app.configure(rest(process.env.AGNEZ_URL).fetch(globalThis.fetch));
// What an adapter says of itself.
Object.assign(app.service("values"), { id: "_id", options: {}, events: ["testing"] });
adapterTests(NAMES)(app, {}, "values", "_id");
