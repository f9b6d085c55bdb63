import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** A program of the folder that CELLPLANE_PEERS names. */
function peerProgram(name: string): string {
  const peers = process.env["CELLPLANE_PEERS"] ?? join(homedir(), ".cache", "cellplane-peers");
  return join(peers, "bin", name);
}

/** What a run of `etcdctl` or `etcdutl` came to. */
export interface EtcdctlResult {
  readonly code: number;
  readonly output: string;
  /** The lines of standard error that are no log. */
  readonly errors: string;
}

/** Runs `etcdctl` against a server. */
export async function runEtcdctl(
  url: string,
  args: readonly string[],
  input = "",
): Promise<EtcdctlResult> {
  return runTool("etcdctl", ["--endpoints", url, ...args], input);
}

/** Runs `etcdutl`, which works on files. */
export async function runEtcdutl(args: readonly string[]): Promise<EtcdctlResult> {
  return runTool("etcdutl", args, "");
}

function runTool(name: string, args: readonly string[], input: string): Promise<EtcdctlResult> {
  const env = { ...process.env, ETCDCTL_API: "3" };
  const options = { env, timeout: 60_000, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve) => {
    const child = execFile(peerProgram(name), args, options, (error, output, stderr) => {
      const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
      const code = error ? Number(error.code ?? -1) : 0;
      resolve({ code, output, errors: lines.join("\n") });
    });
    child.stdin?.on("error", () => {
      // Most commands read nothing, and may have ended by now.
    });
    child.stdin?.end(input);
  });
}

/** What a command that does not end by itself is given, and when it is ended. */
export interface EtcdctlRun {
  readonly input?: string;
  /** Whether it has said all that is wanted. */
  readonly isDone: (output: string) => boolean;
  /** Asked from time to time: whether there is nothing more to wait for. */
  readonly until?: () => Promise<boolean>;
  /** Done once it runs. */
  readonly whileRunning?: () => Promise<void>;
}

const runWithinMs = 30_000;
const lookEveryMs = 50;
const notYet = async (): Promise<boolean> => false;

/** Runs `etcdctl` until it has said what is wanted; gives what it has said. */
export async function runEtcdctlUntil(
  url: string,
  args: readonly string[],
  { input = "", isDone, until = notYet, whileRunning }: EtcdctlRun,
): Promise<string> {
  const child = spawn(peerProgram("etcdctl"), ["--endpoints", url, ...args]);
  const ended = once(child, "exit");
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.resume();
  child.stdin.write(input);
  try {
    await whileRunning?.();
    const deadline = performance.now() + runWithinMs;
    while (!isDone(output) && !(await until()) && child.exitCode === null) {
      if (performance.now() > deadline) throw new Error(`etcdctl ${args.join(" ")} said ${output}`);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
  return output;
}

/** A real etcd on loopback, in a folder that goes with it. */
export class EtcdPeer implements AsyncDisposable {
  readonly url: string;
  readonly #args: readonly string[];
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(url: string, folder: string, args: readonly string[]) {
    this.url = url;
    this.#folder = folder;
    this.#args = args;
  }

  /**
   * Starts one without keys; `flags` are further flags of it. `prepare` may put data into its
   * folder before it starts.
   */
  static async start(
    flags: readonly string[] = [],
    prepare?: (folder: string) => Promise<void>,
  ): Promise<EtcdPeer> {
    const folder = mkdtempSync(join(tmpdir(), "cellplane-etcd-"));
    await prepare?.(folder);
    const [client, peer] = [await freePort(), await freePort()].map(
      (port) => `http://127.0.0.1:${port}`,
    );
    if (client === undefined || peer === undefined) throw new Error("There is no free port");
    const args = [
      ["--data-dir", folder],
      ["--listen-client-urls", client, "--advertise-client-urls", client],
      ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ["--initial-cluster", `default=${peer}`, ...flags],
    ].flat();
    const etcd = new EtcdPeer(client, folder, args);
    await etcd.run();
    return etcd;
  }

  /** Starts it on what it has, and waits until it answers. */
  async run(): Promise<void> {
    const child = spawn(peerProgram("etcd"), this.#args, { stdio: "ignore" });
    this.#process = child;
    const deadline = performance.now() + 60_000;
    while ((await runEtcdctl(this.url, ["endpoint", "health"])).code !== 0) {
      if (child.exitCode === null && performance.now() < deadline) continue;
      await this[Symbol.asyncDispose]();
      throw new Error("etcd did not start");
    }
  }

  /** Ends it as a power cut would, as far as a process can tell. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
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
