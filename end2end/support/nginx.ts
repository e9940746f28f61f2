// A real nginx before the server, under a sub-path: the configuration of docs/deploy.md.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** True when nginx is installed; tools/languages.sh does that where it can. */
export function hasNginx(): boolean {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** As nginx is since 1.29.7 with one line of configuration: HTTP/1.1, kept alive, no header added. Older ones need two lines for that. */
const PLAIN = (behind: number) => `
    location / {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }`;

/** That of docs/deploy.md. */
const DOCUMENTED = (behind: number, path: string) => `
    location ${path}/ {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $agnez_connection;
      proxy_buffering off;
      proxy_request_buffering off;
      client_max_body_size 64m;
      proxy_read_timeout 60s;
    }`;

const configuration = (folder: string, port: number, location: string) => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $agnez_connection { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:${port};${location}
  }
}`;

export class Nginx {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Passes what is under `path` on to a port of this machine; without one everything, in the plain way. Run by root, its workers are nobody's. */
  static async start(behind: number, path?: string): Promise<Nginx> {
    const [folder, port] = [mkdtempSync(join(tmpdir(), "agnez-nginx-")), await freePort()];
    const file = join(folder, "nginx.conf");
    writeFileSync(file, configuration(folder, port, path === undefined ? PLAIN(behind) : DOCUMENTED(behind, path)));
    const child = spawn("nginx", ["-p", folder, "-c", file, "-e", join(folder, "error.log")], { stdio: "inherit" });
    for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
      const socket = connect(port, "127.0.0.1");
      const is_up = await new Promise<boolean>((told) => socket.once("connect", () => told(true)).once("error", () => told(false)));
      socket.destroy();
      if (is_up) return new Nginx(`http://localhost:${port}`, child, folder);
      await new Promise((waited) => setTimeout(waited, 50));
    }
    child.kill();
    throw new Error("nginx did not start");
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
