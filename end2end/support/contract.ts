// Holds real answers against an OpenAPI 3.1 document, and remembers what has been seen of it.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import type { Answer } from "./agnez.mjs";

type Node = Record<string, any>;

const METHODS = ["get", "put", "post", "patch", "delete", "head", "options"];
const DOCUMENT = "openapi.json";

export class Contract {
  readonly #document: Node;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  readonly #seen = new Set<string>();

  constructor(document: Node) {
    this.#document = document;
    addFormats.default(this.#ajv);
    for (const format of ["uint8", "uint16", "uint32", "uint64"]) this.#ajv.addFormat(format, { type: "number", validate: (value) => Number.isInteger(value) && value >= 0 });
    // Not a schema itself: only the schemas inside are compiled.
    this.#ajv.addSchema(document, DOCUMENT, undefined, false);
  }

  /** `GET /values/{}`, ... : parameter names do not matter here. */
  operations(): string[] {
    return Object.entries<Node>(this.#document.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => name(method, path)));
  }

  /** Every `GET /values/{} 404` that is documented. */
  replies(): string[] {
    return this.operations().flatMap((operation) => Object.keys(this.#find(operation).node.responses).map((status) => `${operation} ${status}`));
  }

  unseen(): string[] {
    return this.replies().filter((reply) => !this.#seen.has(reply));
  }

  /** What is wrong with this answer, in words; nothing when it is as documented. */
  check(operation: string, answer: Pick<Answer, "status" | "headers" | "body">): string[] {
    const found = this.#find(operation);
    const status = [String(answer.status), `${Math.floor(answer.status / 100)}XX`, "default"].find((status) => found.node.responses[status]);
    if (!status) return [`${operation}: the status ${answer.status} is not documented: ${answer.body.toString().slice(0, 300)}`];
    this.#seen.add(`${operation} ${status}`);
    const response = this.#follow(`${found.pointer}/responses/${status}`);
    const missing = Object.entries<Node>(response.node.headers ?? {}).filter(([header, about]) => about.required && !(header.toLowerCase() in answer.headers));
    const problems = missing.map(([header]) => `${operation} ${status}: the header ${header} is documented as required, and is missing`);
    if (!response.node.content) return problems;
    const type = String(answer.headers["content-type"] ?? "").split(";")[0]!.trim();
    const media = Object.keys(response.node.content).find((range) => new RegExp(`^${range.split(";")[0]!.replace(/[+.]/g, "\\$&").replaceAll("*", ".*")}$`).test(type));
    if (!media) return [...problems, `${operation} ${status}: the type '${type}' is not documented`];
    if (!isJson(type)) return problems;
    const said = this.#validate(`${response.pointer}/content/${escape(media)}/schema`, JSON.parse(answer.body.toString()));
    return [...problems, ...said.map((text) => `${operation} ${status}: ${text}`)];
  }

  /** Whether a body that the server took is one that the document allows. */
  checkBody(operation: string, body: unknown): string[] {
    const { pointer, node } = this.#find(operation);
    if (!node.requestBody) return [`${operation}: takes a body, but none is documented`];
    const request = this.#follow(`${pointer}/requestBody`);
    return this.#validate(`${request.pointer}/content/${escape("application/json")}/schema`, body).map((text) => `${operation}: the body ${text}`);
  }

  /** True when the schema of this reply takes anything: it would prove nothing. */
  isVacuous(reply: string): boolean {
    const [method, path, status] = reply.split(" ");
    const response = this.#follow(`${this.#find(`${method} ${path}`).pointer}/responses/${status}`);
    const media = Object.keys(response.node.content ?? {}).find(isJson);
    return media !== undefined && this.#validate(`${response.pointer}/content/${escape(media)}/schema`, 7).length === 0;
  }

  #validate(pointer: string, value: unknown): string[] {
    const validate: ValidateFunction = this.#ajv.getSchema(`${DOCUMENT}#${pointer}`) ?? this.#ajv.compile({ $ref: `${DOCUMENT}#${pointer}` });
    return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath || "(whole)"} ${error.message} ${JSON.stringify(error.params)}`);
  }

  #find(operation: string): { pointer: string; node: Node } {
    for (const [path, item] of Object.entries<Node>(this.#document.paths)) {
      const method = METHODS.find((method) => item[method] && name(method, path) === operation);
      if (method) return { pointer: `/paths/${escape(path)}/${method}`, node: item[method] };
    }
    throw new Error(`${operation} is not in ${DOCUMENT}`);
  }

  #follow(pointer: string): { pointer: string; node: Node } {
    const node = pointer.split("/").slice(1).reduce((at: Node, key) => at[decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~")], this.#document);
    return typeof node.$ref === "string" ? this.#follow(node.$ref.slice(1)) : { pointer, node };
  }
}

function name(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, "{}")}`;
}

/** One JSON text; lines of JSON are documented as text. */
function isJson(type: string): boolean {
  return /[/+]json$/.test(type);
}

/** As a part of a JSON pointer in a URI fragment. */
function escape(key: string): string {
  return encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
}
