import { UnavailableError } from "../store/kv-error.ts";
import type { CompactStep, MaybePromise } from "../store/revision-log.ts";

/** Pause between two steps, so that writes get in between, and while another process does them. */
const pauseMs = 2;
const busyPauseMs = 200;

/** Removes in small steps what compaction has made unreachable. */
export class CompactedRemover {
  readonly #step: () => MaybePromise<CompactStep>;
  readonly #signal: AbortSignal;
  #running: Promise<void> | undefined;
  /** Asked for while a run was under way, which may have looked too early. */
  #again = false;
  #failure: Error | undefined;

  /** @param signal ends it between two steps */
  constructor(step: () => MaybePromise<CompactStep>, signal: AbortSignal) {
    this.#step = step;
    this.#signal = signal;
  }

  start(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /**
   * Resolves when everything that was to be removed is.
   * @throws {UnavailableError} It could not be removed for now.
   */
  async done(signal?: AbortSignal): Promise<void> {
    await orAborted(this.idle(), signal);
    this.#signal.throwIfAborted();
    const cause = this.#failure;
    if (!cause) return;
    throw new UnavailableError(`Cannot remove what is compacted: ${cause.message}`, { cause });
  }

  async #run(): Promise<void> {
    this.#failure = undefined;
    try {
      while (this.#again && !this.#signal.aborted) {
        this.#again = false;
        await this.#removeAll();
      }
    } catch (error) {
      // What could not be removed stays, unreachable; the next compaction or the next start goes on.
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#running = undefined;
  }

  async #removeAll(): Promise<void> {
    while (!this.#signal.aborted) {
      const step = await this.#step();
      if (step === "done") return;
      await new Promise((resolve) => setTimeout(resolve, step === "busy" ? busyPauseMs : pauseMs));
    }
  }
}

async function orAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return done;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([done, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
