import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { type AuditEvent, readAuditLog } from "./audit-log.ts";
import { cellplaneProgram } from "./run-program.ts";

const startWithinMs = 60_000;

/** How a server is started. */
export interface ServerSpec {
  readonly verb: "up" | "member";
  readonly dataDir: string;
  /** `sqlite`, `memory`, or the URL of a database. */
  readonly datastore: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A control plane or a member: a child process with a client and an audit log. */
export class TestServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly url: string;
  readonly kubeconfig: string;
  readonly client: RestClient;
  readonly #args: readonly string[];
  readonly #env: ServerSpec["env"];
  #child: ChildProcess;
  #output: readonly string[];

  private constructor(started: Started, spec: ServerSpec, client: RestClient) {
    this.dataDir = spec.dataDir;
    this.url = started.url;
    this.kubeconfig = started.kubeconfig;
    this.client = client;
    this.#args = argsOf(spec, new URL(started.url).port);
    this.#env = spec.env;
    this.#child = started.child;
    this.#output = started.output;
  }

  /** Starts a server on a free port and waits until it is ready. */
  static async start(spec: ServerSpec): Promise<TestServer> {
    const started = await start(argsOf(spec, "0"), spec.env);
    const { connection } = await loadKubeconfig({ file: started.kubeconfig });
    const client = connectRestClient(connection, { userAgent: "e2e", timeoutMs: 20_000 });
    return new TestServer(started, spec, client);
  }

  /** The process, while it runs. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Kills it as a failing machine would. */
  async crash(): Promise<void> {
    await end(this.#child, "SIGKILL");
  }

  /** Stops it cleanly. */
  async stop(): Promise<void> {
    await end(this.#child, "SIGTERM");
  }

  /** Stops it answering, as a network that is cut does; it loses nothing. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Lets it answer again. */
  unpause(): void {
    this.#child.kill("SIGCONT");
  }

  /** Starts it again, where it was. */
  async restart(): Promise<void> {
    await end(this.#child, "SIGKILL");
    const { child, output } = await start(this.#args, this.#env);
    this.#child = child;
    this.#output = output;
  }

  /** All that it has said on standard output and error since it was last started. */
  get output(): string {
    return this.#output.join("");
  }

  /** What it was asked, oldest first. */
  audit(): Promise<readonly AuditEvent[]> {
    return readAuditLog(auditPathOf(this.dataDir));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    this.unpause();
    await end(this.#child, "SIGTERM");
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly output: readonly string[];
  readonly url: string;
  readonly kubeconfig: string;
}

function argsOf(
  { verb, dataDir, datastore, args = [] }: ServerSpec,
  port: string,
): readonly string[] {
  const listen = ["--listen", `127.0.0.1:${port}`];
  const audit = ["--audit-log-path", auditPathOf(dataDir)];
  return [verb, "--data-dir", dataDir, "--datastore", datastore, ...listen, ...audit, ...args];
}

function auditPathOf(dataDir: string): string {
  return join(`${dataDir}-audit.jsonl`);
}

async function start(args: readonly string[], env: ServerSpec["env"] = {}): Promise<Started> {
  const child = spawn(process.execPath, [cellplaneProgram, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    output.push(chunk.toString());
    complaint = (complaint + chunk.toString()).slice(-4000);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), startWithinMs);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const match = /ready at (\S+), kubeconfig (.+)$/.exec(line);
      if (!match?.[1] || !match[2]) continue;
      child.stdout.resume();
      return { child, output, url: match[1], kubeconfig: match[2] };
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`Cannot start "cellplane ${args.join(" ")}": ${complaint.trim()}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
