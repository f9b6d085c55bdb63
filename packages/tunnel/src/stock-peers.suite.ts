import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateAndKey } from "@cellplane/x509";
import type { TestAuthority } from "./tunnel-fixture.suite.ts";

/** A stock server: its ports for clients, for agents, and for health and metrics. */
export interface StockServer {
  readonly client: number;
  readonly agent: number;
  readonly health: number;
  readonly process: ChildProcess;
}

/** Runs the stock programs of the apiserver-network-proxy, with certificates of one authority. */
export class StockPeers implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "cellplane-tunnel-"));
  readonly #authority: TestAuthority;
  readonly #running = new Set<ChildProcess>();
  readonly #programs: string;

  /** `programs`: the folder with those of another version. */
  constructor(authority: TestAuthority, programs: string = join(peersFolder(), "bin")) {
    this.#authority = authority;
    this.#programs = programs;
    this.#write("ca.crt", authority.certificate);
  }

  /** A stock agent that serves clusters; `port` is the server's for agents. */
  async agent(
    clusters: readonly string[],
    port: number,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    const files = this.#pair(`agent-${clusters[0]}`, this.#authority.agent(clusters[0] ?? ""));
    const [health, admin] = [await freePort(), await freePort()];
    const all = [
      "--proxy-server-host=localhost",
      `--proxy-server-port=${port}`,
      `--ca-cert=${join(this.folder, "ca.crt")}`,
      `--agent-cert=${files.cert}`,
      `--agent-key=${files.key}`,
      `--agent-identifiers=${clusters.map((cluster) => `host=${cluster}`).join("&")}`,
      `--agent-id=stock-${clusters[0]}`,
      "--health-server-host=127.0.0.1",
      `--health-server-port=${health}`,
      "--admin-bind-address=127.0.0.1",
      `--admin-server-port=${admin}`,
      "--sync-forever",
      ...args,
    ];
    return this.#run("proxy-agent", all, env);
  }

  /** A stock server, which listens. */
  async server(mode: "grpc" | "http-connect", args: readonly string[] = []): Promise<StockServer> {
    const files = this.#pair("server", this.#authority.server());
    const ca = join(this.folder, "ca.crt");
    const [client, agent, health, admin] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const process = this.#run("proxy-server", [
      `--mode=${mode}`,
      "--server-bind-address=127.0.0.1",
      `--server-port=${client}`,
      `--server-cert=${files.cert}`,
      `--server-key=${files.key}`,
      `--server-ca-cert=${ca}`,
      "--agent-bind-address=127.0.0.1",
      `--agent-port=${agent}`,
      `--cluster-cert=${files.cert}`,
      `--cluster-key=${files.key}`,
      `--cluster-ca-cert=${ca}`,
      "--health-bind-address=127.0.0.1",
      `--health-port=${health}`,
      "--admin-bind-address=127.0.0.1",
      `--admin-port=${admin}`,
      "--server-id=stock",
      "--server-count=1",
      "--proxy-strategies=destHost",
      ...args,
    ]);
    await Promise.all([client, agent, health].map(untilListens));
    return { client, agent, health, process };
  }

  /** A folder with the credential of an agent, as `cellplane agent` wants it. */
  credentials(cluster: string): string {
    const folder = join(this.folder, `credentials-${cluster}`);
    mkdirSync(folder, { mode: 0o700 });
    const { certificate, key } = this.#authority.agent(cluster);
    const files = { "ca.crt": this.#authority.certificate, "tls.crt": certificate, "tls.key": key };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    }
    return folder;
  }

  /** Writes a file that programs are to read. @returns Its path. */
  file(name: string, text: string): string {
    return this.#write(name, text);
  }

  /** Runs the stock client once, and tells what it printed and its exit code. */
  async client(
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly output: string }> {
    const files = this.#pair("client", this.#authority.client("client", "clients"));
    const child = this.#run("proxy-test-client", [
      "--proxy-host=localhost",
      `--ca-cert=${join(this.folder, "ca.crt")}`,
      `--client-cert=${files.cert}`,
      `--client-key=${files.key}`,
      "--request-proto=http",
      ...args,
    ]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    const [code] = (await once(child, "exit")) as [number | null];
    return { code: code ?? -1, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) await stop(child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const child = spawn(join(this.#programs, program), args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#running.add(child);
    child.stdout?.resume();
    child.stderr?.resume();
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  #pair(name: string, pair: CertificateAndKey): { readonly cert: string; readonly key: string } {
    return {
      cert: this.#write(`${name}.crt`, pair.certificate),
      key: this.#write(`${name}.key`, pair.key),
    };
  }

  #write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

function peersFolder(): string {
  return process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
}

/**
 * Folders with the stock programs, by version: the one that is installed, and any others that lie
 * in `proxy-versions` beside it.
 */
export function stockVersions(): Readonly<Record<string, string>> {
  const others = join(peersFolder(), "proxy-versions");
  const names = existsSync(others) ? readdirSync(others) : [];
  return {
    installed: join(peersFolder(), "bin"),
    ...Object.fromEntries(names.map((name) => [name, join(others, name)])),
  };
}

/** Waits until somebody listens on a port of loopback. */
async function untilListens(port: number): Promise<void> {
  for (const deadline = performance.now() + 30_000; ;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > deadline) throw new Error(`Nobody listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends a program at once; stock agents only drain after a first SIGTERM. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function freePort(): Promise<number> {
  // Stock programs refuse ports above 49151, where the system's own choice often lies.
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 25_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    const { port: found } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return found;
  }
}
