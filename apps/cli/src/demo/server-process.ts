import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** `bin/cellplane`. */
export const program: string = fileURLToPath(new URL("../../../../bin/cellplane", import.meta.url));
const startWithinMs = 60_000;

/** A server of the demo: a child process that is ended with the demo. */
export class ServerProcess {
  readonly kubeconfig: string;
  readonly url: string;
  readonly #args: readonly string[];
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    args: readonly string[],
    ready: readonly [string, string],
  ) {
    this.#child = child;
    this.#args = args;
    [this.url, this.kubeconfig] = ready;
  }

  /** Starts `cellplane VERB …` and waits for its line. */
  static async start(args: readonly string[]): Promise<ServerProcess> {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C is for the demo alone, which then stops its servers in order.
      detached: true,
    });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), startWithinMs);
    for await (const line of createInterface({ input: child.stdout })) {
      const match = /ready at (\S+), kubeconfig (.+)$/.exec(line);
      if (!match?.[1] || !match[2]) continue;
      clearTimeout(timer);
      child.stdout.resume();
      return new ServerProcess(child, args, [match[1], match[2]]);
    }
    clearTimeout(timer);
    throw new Error(`Cannot start "cellplane ${args.join(" ")}": ${complaint.trim()}`);
  }

  /** Kills it as a failing machine would. */
  async crash(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops it cleanly. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Starts it again where it was. */
  restart(): Promise<ServerProcess> {
    const { port } = new URL(this.url);
    const args = this.#args.map((arg) => arg.replace(/:0$/, `:${port}`));
    return ServerProcess.start(args);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}
