import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cellplaneProgram } from "./run-program.ts";

/** `cellplane agent` as a child process, and all that it has said. */
export class TunnelAgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output: string[] = [];

  /** `args`: those after `agent`. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [cellplaneProgram, "agent", ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => this.#output.push(chunk.toString()));
    }
  }

  get output(): string {
    return this.#output.join("");
  }

  /** The lines of its log, as objects. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.output
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  /** Ends it, as a crash would unless told otherwise; resolves with its exit code. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
