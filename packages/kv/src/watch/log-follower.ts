import { CompactedError, RevisionsLostError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type { LogChange, LogSnapshot, SharedHead, SharedLog } from "../store/revision-log.ts";

/** Pause between two looks at the head, in milliseconds: while anything is going on, and when not. */
const busyPauseMs = 10;
const idlePauseMs = 20;

/** Pause after a look that failed. */
const failedPauseMs = 200;

/** How long after the last change or read the pause is that of a busy store. */
const busyForMs = 1000;

/** What the follower moves on. */
export interface FollowerHost {
  head(): Revision;
  /** Resolves when no commit of this process is under way. */
  settled(): Promise<void>;
  /** Takes over what others committed; what is here already is skipped. */
  apply(changes: readonly LogChange[]): Promise<void>;
  /** Takes over a later state whole, as others have compacted what leads there. */
  jump(snapshot: LogSnapshot): Promise<void>;
  raiseCompacted(compacted: Revision): void;
  /** Acknowledged revisions are gone. */
  broken(error: Error): void;
}

/**
 * Reads on in a log that others write to, and makes reads linearizable: a look at the head that
 * begins after a read has arrived serves all reads that wait.
 */
export class LogFollower {
  readonly #log: SharedLog;
  readonly #host: FollowerHost;
  #waiting: PromiseWithResolvers<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  /** Why it reads on no more. */
  #failed: Error | undefined;
  #busyUntil = 0;
  readonly #running: Promise<void>;

  constructor(log: SharedLog, host: FollowerHost) {
    this.#log = log;
    this.#host = host;
    this.#running = this.#run();
  }

  /**
   * Resolves when everything that was committed before the call has been taken over.
   * @throws {UnavailableError} The database is away.
   */
  sync(signal?: AbortSignal): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    this.#waiting ??= promiseWithResolvers();
    const { promise } = this.#waiting;
    this.#wake?.();
    return signal ? orAborted(promise, signal) : promise;
  }

  /** Stops, and fails whoever waits. */
  async close(reason: Error): Promise<void> {
    this.#closed = true;
    this.#waiting?.reject(reason);
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      let pauseMs = busyPauseMs;
      try {
        const isMoved = await this.#step();
        waiting?.resolve();
        const now = performance.now();
        if (waiting || isMoved) this.#busyUntil = now + busyForMs;
        if (now > this.#busyUntil) pauseMs = idlePauseMs;
      } catch (error) {
        waiting?.reject(error);
        if (error instanceof RevisionsLostError) {
          this.#fail(error);
          return this.#host.broken(error);
        }
        pauseMs = failedPauseMs;
      }
      await this.#pause(pauseMs);
    }
  }

  #fail(error: Error): void {
    this.#failed = error;
    this.#waiting?.reject(error);
  }

  /** Takes over what is new; tells whether anything was. */
  async #step(): Promise<boolean> {
    const head = await this.#log.readHead();
    const isMoved = head.revision > this.#host.head();
    // It may be the batch that this process is committing, and is handed over without a read.
    if (isMoved) await this.#host.settled();
    await this.#catchUp(head);
    this.#host.raiseCompacted(head.compacted);
    return isMoved;
  }

  async #catchUp({ revision }: SharedHead): Promise<void> {
    while (this.#host.head() < revision && !this.#closed) {
      try {
        const { changes } = await this.#log.changesAfter(this.#host.head());
        await this.#host.apply(changes);
      } catch (error) {
        if (!(error instanceof CompactedError)) throw error;
        await this.#jump();
      }
    }
  }

  async #jump(): Promise<void> {
    await using snapshot = await this.#log.snapshot();
    await this.#host.jump(snapshot);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#waiting || this.#closed) return;
    const { promise, resolve } = promiseWithResolvers();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}

/** Nobody has to wait for it: a rejection is not an unhandled one. */
function promiseWithResolvers(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => undefined);
  return made;
}

function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: either, resolve, reject } = promiseWithResolvers();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  return either;
}
