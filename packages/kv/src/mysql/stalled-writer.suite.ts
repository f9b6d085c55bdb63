import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a writing process is asked: to put keys at once, or to tell what its watch has seen. */
export interface WriterRequest {
  readonly id: number;
  readonly keys?: readonly string[];
  readonly watchedThrough?: number;
}

/** What it answers; 0 is that it is ready. */
export interface WriterAnswer {
  readonly id: number;
  readonly outcomes?: readonly WriteOutcome[];
  readonly watched?: string;
}

/** What a process was told of one of its writes. */
export interface WriteOutcome {
  readonly key: string;
  readonly outcome: "acknowledged" | "refused" | "unknown";
  readonly revision?: number;
}

/** A process of its own that writes to a store, and can be stopped and woken. */
export class StalledWriter implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: WriterAnswer) => void>();
  readonly #failed = Promise.withResolvers<never>();
  #lastId = 0;

  private constructor(url: string) {
    const program = fileURLToPath(new URL("stalled-writer-process.suite.ts", import.meta.url));
    this.#process = fork(program, [url], { execArgv: [] });
    this.#failed.promise.catch(() => undefined);
    this.#process.on("message", (answer: WriterAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.on("exit", (code, signal) =>
      this.#failed.reject(new Error(`The writer has ended: ${code ?? signal}`)),
    );
  }

  /** Starts a process, and waits until it has opened the store. */
  static async start(url: string): Promise<StalledWriter> {
    const writer = new StalledWriter(url);
    await writer.#answerTo(0);
    return writer;
  }

  /** Puts the keys at once, and tells what the process was told. */
  async write(...keys: readonly string[]): Promise<readonly WriteOutcome[]> {
    return (await this.#ask({ keys })).outcomes ?? [];
  }

  /** What its watch has been handed up to a revision. */
  async watched(through: number): Promise<string> {
    return (await this.#ask({ watchedThrough: through })).watched ?? "";
  }

  /** It does nothing any more, and its connections stand. */
  stop(): void {
    this.#process.kill("SIGSTOP");
  }

  /** It goes on as if nothing had been, but for the time. */
  wake(): void {
    this.#process.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }

  #ask(what: Omit<WriterRequest, "id">): Promise<WriterAnswer> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.#process.send({ id, ...what } satisfies WriterRequest);
    return answer;
  }

  #answerTo(id: number): Promise<WriterAnswer> {
    const { promise, resolve } = Promise.withResolvers<WriterAnswer>();
    this.#waiting.set(id, resolve);
    return Promise.race([promise, this.#failed.promise]);
  }
}
