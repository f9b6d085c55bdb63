import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cellplaneProgram } from "./run-program.ts";

/** `cellplane etcd`, as a process. */
export class EtcdProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Starts it, and waits for its line. */
  static async start(args: readonly string[]): Promise<EtcdProcess> {
    const child = spawn(process.execPath, [cellplaneProgram, "etcd", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) {
      const url = /^etcd API ready at (?<url>\S+)$/.exec(line)?.groups?.["url"];
      if (url !== undefined) return new EtcdProcess(url, child);
    }
    throw new Error("cellplane etcd ended before it was ready");
  }

  /** Ends it with a signal. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end("SIGKILL");
  }
}
