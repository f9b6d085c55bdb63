import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { program } from "./server-process.ts";

/** An agent of the demo: a child process that is ended with the demo. */
export class AgentProcess {
  readonly #child: ChildProcess;

  /** Starts `cellplane agent …`; it dials in by itself. */
  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, "agent", ...args, "--grace-seconds", "0"], {
      stdio: "ignore",
      // Ctrl-C is for the demo alone, which then stops its processes in order.
      detached: true,
    });
  }

  /** Stops it cleanly. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
