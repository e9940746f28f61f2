// Another site on this machine: counts what reaches it, and serves the pages that a test gives it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export class Stranger {
  readonly hits: string[] = [];
  /** What stands at a path (without its query): HTML, or the bytes of a GIF. */
  readonly pages = new Map<string, string | Buffer>();
  url = "";
  readonly #server = createServer((request, response) => {
    this.hits.push(`${request.method} ${request.url}`);
    response.setHeader("access-control-allow-origin", "*");
    const found = this.pages.get(request.url?.split("?")[0] ?? "") ?? "a stranger";
    response.setHeader("content-type", typeof found === "string" ? "text/html" : "image/gif");
    response.end(found);
  });

  static async start(): Promise<Stranger> {
    const stranger = new Stranger();
    await new Promise<void>((ready) => stranger.#server.listen(0, "127.0.0.1", ready));
    stranger.url = `http://127.0.0.1:${(stranger.#server.address() as AddressInfo).port}`;
    return stranger;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
