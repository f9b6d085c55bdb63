import type { MvccStore, Revision, Watch, WatchEvent } from "../store/mvcc-store.ts";

/** Events, and bytes of their values, taken in before the watch has to wait. */
const maxQueued = 5000;
const maxQueuedBytes = 32 * 1024 * 1024;

/** Which events. */
export interface ReplayRequest {
  readonly after: Revision;
  /** The last revision wanted; absent: on and on, until `signal` aborts. */
  readonly through?: Revision;
  /** Whether events tell what was there before. Default: yes. */
  readonly previous?: boolean;
}

/**
 * All events of a store in order, in batches of whole revisions; an empty batch tells that there is
 * nothing more for now. Ends where `through` is reached or `signal` aborts.
 *
 * @throws {CompactedError | UnavailableError}
 */
export async function* replayEvents(
  store: MvccStore,
  { after, through, previous = true }: ReplayRequest,
  signal?: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  const queue = new EventQueue();
  const watch = store.watch(
    {
      key: Buffer.from([0]),
      end: Buffer.from([0]),
      startRevision: after + 1,
      previous,
    },
    queue,
  );
  queue.watch = watch;
  const stop = (): void => queue.wake();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    watch.requestProgress();
    for (let isOn = true; isOn; isOn = signal?.aborted !== true) {
      const events = queue.take();
      if (events.length > 0) yield events;
      if (through !== undefined && queue.reached >= through && queue.isEmpty) return;
      if (queue.isEmpty) {
        if (queue.error) throw queue.error;
        if (events.length > 0) watch.requestProgress();
        await queue.changed();
      }
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    watch.close();
  }
}

class EventQueue {
  watch: Watch | undefined;
  error: Error | undefined;
  /** Everything up to here has been handed over. */
  reached: Revision = 0;
  #events: WatchEvent[] = [];
  #bytes = 0;
  #isPaused = false;
  #changed = Promise.withResolvers<void>();

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  onBatch({
    events,
    revision,
  }: {
    readonly events: readonly WatchEvent[];
    readonly revision: Revision;
  }): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += event.kv.value.length + (event.previous?.value.length ?? 0);
    }
    this.reached = Math.max(this.reached, revision);
    const isFull = this.#events.length >= maxQueued || this.#bytes >= maxQueuedBytes;
    if (isFull && !this.#isPaused) {
      this.#isPaused = true;
      this.watch?.pause();
    }
    this.wake();
  }

  onProgress(revision: Revision): void {
    this.reached = Math.max(this.reached, revision);
    this.wake();
  }

  onEnd(error?: Error): void {
    this.error = error ?? new Error("The watch ended");
    this.wake();
  }

  take(): readonly WatchEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.watch?.resume();
    }
    return events;
  }

  /** Resolves when something has come since the last call. */
  async changed(): Promise<void> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
  }

  wake(): void {
    this.#changed.resolve();
  }
}
