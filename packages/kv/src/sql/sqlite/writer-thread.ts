import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { UnavailableError } from "../../store/kv-error.ts";
import type { LeaseRow, LogChange } from "../../store/revision-log.ts";
import { encodeChanges, type ChangeFrame } from "./change-frame.ts";
import { errorOfFailure, openError } from "./sqlite-error.ts";
import type { MetaRow } from "./sqlite-schema.ts";
import type { WriteOutcome, WriterOptions } from "./sqlite-writer.ts";
import type { WriterPort } from "./writer-port.ts";
import type { WriterReply, WriterRequest } from "./writer-protocol.ts";

type Done = Extract<WriteOutcome, { kind: "done" }>;

/** Who waits for an answer, in the order of the questions. */
interface Waiting {
  readonly resolve: (reply: WriterReply) => void;
  readonly reject: (error: Error) => void;
}

/** The writer's thread, seen from outside. */
export class WriterThread implements WriterPort {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #spareFrame: ChangeFrame | undefined;
  #exited: Error | undefined;
  sizeBytes = 0;

  private constructor(options: WriterOptions) {
    this.#worker = new Worker(new URL("./sqlite-writer-worker.ts", import.meta.url), {
      workerData: options,
      env: computeWorkerEnv(),
    });
    this.#worker.on("message", (reply: WriterReply) => this.#waiting.shift()?.resolve(reply));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error.message : ""));
    this.#worker.on("exit", (code) => this.#fail(`it ended with code ${code}`));
  }

  /**
   * Starts the thread and opens the database in it.
   * @throws {UnavailableError}
   */
  static async open(
    options: WriterOptions,
  ): Promise<{ readonly writer: WriterThread; readonly meta: MetaRow }> {
    const writer = new WriterThread(options);
    const reply = await writer.#nextReply();
    if (reply.kind === "opened") {
      writer.sizeBytes = reply.sizeBytes;
      return { writer, meta: reply.meta };
    }
    await writer.#worker.terminate();
    const why = reply.kind === "refused" ? reply.message : `the writer answered ${reply.kind}`;
    throw openError(options.path, why);
  }

  async append(changes: readonly LogChange[], token: number): Promise<void> {
    const frame = encodeChanges(changes, this.#spareFrame);
    this.#spareFrame = undefined;
    await this.#write({ kind: "append", frame, token }, [frame]);
  }

  async raiseCompacted(revision: number): Promise<void> {
    await this.#write({ kind: "raise-compacted", revision });
  }

  async putLease(lease: LeaseRow): Promise<void> {
    await this.#write({ kind: "put-lease", lease });
  }

  async removeLease(id: number): Promise<void> {
    await this.#write({ kind: "remove-lease", id });
  }

  async compactStep(): Promise<"done" | "more"> {
    return (await this.#write({ kind: "compact-step" })).more ? "more" : "done";
  }

  async close(): Promise<void> {
    if (this.#exited) return;
    const exited = new Promise((resolve) => this.#worker.once("exit", resolve));
    await this.#ask({ kind: "close" });
    await exited;
  }

  async #write(request: WriterRequest, transfer?: readonly ArrayBuffer[]): Promise<Done> {
    const reply = await this.#ask(request, transfer);
    if (reply.kind !== "outcome") throw new Error(`The writer answered ${reply.kind}`);
    if (reply.frame) this.#spareFrame = reply.frame;
    if (reply.outcome.kind === "failed") throw errorOfFailure(reply.outcome.failure);
    this.sizeBytes = reply.outcome.sizeBytes;
    return reply.outcome;
  }

  #ask(request: WriterRequest, transfer: readonly ArrayBuffer[] = []): Promise<WriterReply> {
    if (this.#exited) return Promise.reject(this.#exited);
    this.#worker.postMessage(request, transfer);
    return this.#nextReply();
  }

  #nextReply(): Promise<WriterReply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** What was under way may be durable or not. */
  #fail(why: string): void {
    this.#exited ??= new UnavailableError(`Cannot use the database as its writer is gone: ${why}`);
    for (const { reject } of this.#waiting.splice(0)) {
      reject(errorOfFailure({ kind: "outcome-unknown", message: why }));
    }
  }
}

/**
 * A thread does not inherit the compile cache, and without it loads what strips types: 15 to 30 MiB
 * for a few small files. The cache of this Node version lies one folder below the one to name.
 */
function computeWorkerEnv(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}
