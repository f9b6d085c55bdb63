import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** How a server is started. */
export interface EtcdServerSettings {
  /** Arguments beside those for its addresses and its folder. */
  readonly args?: readonly string[];
  readonly scheme?: "http" | "https";
  /** Its folder, if it has one already. */
  readonly folder?: string;
  /** The port for its clients; a free one unless given. */
  readonly port?: number;
  /** Whether a kill loses nothing; costs time. */
  readonly isDurable?: boolean;
}

function program(): string {
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  return join(peers, "bin", "etcd");
}

/** Whether a real etcd is installed. */
export function hasEtcd(): boolean {
  return existsSync(program());
}

/** A real etcd on loopback, in a folder that goes with it. It may still be starting. */
export class EtcdTestServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #args: readonly string[];
  #process: ChildProcess;

  private constructor(folder: string, port: number, args: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#args = args;
    this.#process = run(args);
  }

  static async start(settings: EtcdServerSettings = {}): Promise<EtcdTestServer> {
    const { args = [], scheme = "http", isDurable = false } = settings;
    const folder = settings.folder ?? mkdtempSync(join(tmpdir(), "cellplane-etcd-"));
    const port = settings.port ?? (await freePort());
    const client = `${scheme}://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const all = [
      ["--data-dir", folder],
      ["--listen-client-urls", client, "--advertise-client-urls", client],
      ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ["--initial-cluster", `default=${peer}`],
      isDurable ? [] : ["--unsafe-no-fsync"],
      args,
    ].flat();
    return new EtcdTestServer(folder, port, all);
  }

  /** For the driver. */
  get url(): string {
    return `etcd://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Starts it again after `kill`. */
  restart(): void {
    this.#process = run(this.#args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): ChildProcess {
  return spawn(program(), args, { stdio: "ignore" });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const closed = once(server, "close");
  server.close();
  await closed;
  if (address === null || typeof address === "string") throw new Error("There is no free port");
  return address.port;
}
