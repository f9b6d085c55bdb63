import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cellplaneProgram } from "./run-program.ts";
import { waitFor } from "./wait-for.ts";

/** `cellplane controller-manager` as a child process. */
export class ControllerManagerProcess implements AsyncDisposable {
  /** Of its webhooks. */
  url = "";
  readonly #child: ChildProcess;
  #output = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
  }

  /** Starts it, with webhooks on a free port, and waits until they are open. */
  static async start(args: readonly string[]): Promise<ControllerManagerProcess> {
    const all = ["controller-manager", "--listen", "127.0.0.1:0", ...args];
    const child = spawn(process.execPath, [cellplaneProgram, ...all], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const started = new ControllerManagerProcess(child);
    try {
      started.url = await started.waitForOutput(/Controller manager ready at (\S+)/);
      return started;
    } catch (error) {
      await started.end("SIGKILL");
      throw error;
    }
  }

  /** Waits until it has said something; returns what the first group of the pattern matched. */
  waitForOutput(pattern: RegExp): Promise<string> {
    return waitFor(`the controller manager to say ${pattern}`, async () => {
      const match = pattern.exec(this.#output);
      if (match) return match[1] ?? match[0];
      if (this.#child.exitCode !== null) throw new Error(`It ended: ${this.#output.slice(-4000)}`);
      return undefined;
    });
  }

  /** Stops it running without its knowing, as a machine that is suspended does. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Lets it go on. */
  unpause(): void {
    this.#child.kill("SIGCONT");
  }

  /** All that it has said. */
  get output(): string {
    return this.#output;
  }

  /** Ends it and returns its exit code; `null` where the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode;
  }

  /** Waits until it ends by itself. */
  async waitForEnd(): Promise<number | null> {
    await waitFor("the controller manager to end", async () =>
      this.#child.exitCode === null && this.#child.signalCode === null ? undefined : true,
    );
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unpause();
    await this.end("SIGKILL");
  }
}
