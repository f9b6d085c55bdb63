import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromWorker, ToWorker, WorkerPlan } from "./worker-messages.ts";

const program = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** Longest wait for a worker to do what it is told, in milliseconds. */
const obeyWithinMs = 150_000;

/** A worker, as the coordinator has it. */
export class WorkerProcess implements AsyncDisposable {
  readonly plan: WorkerPlan;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<FromWorker["is"], (message: FromWorker) => void>();
  readonly #onMessage: (message: FromWorker) => void;
  #failure: Error | undefined;
  #onFailure: (error: Error) => void = () => undefined;

  constructor(plan: WorkerPlan, onMessage: (message: FromWorker) => void) {
    this.plan = plan;
    this.#onMessage = onMessage;
    this.#child = fork(program, [JSON.stringify(plan)], {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message: FromWorker) => this.#take(message));
    this.#child.on("exit", (code, signal) => {
      this.#fail(new Error(`A worker ended by itself: ${code ?? signal}`));
    });
    this.#child.on("error", (error) => this.#fail(error));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(message: ToWorker): void {
    // One that is just being killed is told nothing any more.
    if (this.isRunning && this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Waits for a message. @throws {Error} The worker failed, ended, or says nothing. */
  async next<Is extends FromWorker["is"]>(
    is: Is,
  ): Promise<Extract<FromWorker, { readonly is: Is }>> {
    if (this.#failure) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
    this.#waiting.set(is, resolve);
    this.#onFailure = reject;
    const late = setTimeout(
      () => reject(new Error(`A worker did not say "${is}" in time`)),
      obeyWithinMs,
    );
    const message = await promise.finally(() => clearTimeout(late));
    return message as Extract<FromWorker, { readonly is: Is }>;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.removeAllListeners("exit");
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #take(message: FromWorker): void {
    if (message.is === "failed") this.#fail(new Error(`A worker failed: ${message.why}`));
    this.#onMessage(message);
    this.#waiting.get(message.is)?.(message);
    this.#waiting.delete(message.is);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#onFailure(error);
  }
}
