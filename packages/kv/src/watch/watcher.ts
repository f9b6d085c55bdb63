import { keySpanOf, type KeySpan } from "../store/key-text.ts";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type {
  Revision,
  Watch,
  WatchBatch,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";

/**
 * - `behind`: reads history until it has reached the head
 * - `live`: is handed changes as they are committed
 * - `paused`: is handed nothing; `next` says where it goes on
 */
export type WatcherState = "behind" | "live" | "paused" | "ended";

/** What a watcher needs of its hub. */
export interface WatcherHost {
  /** The first revision that this watcher has not been handed, if it is live now. */
  nextOfLive(): Revision;
  /** Has `settle` called as soon as a live watcher has been handed everything up to the head. */
  settleLater(watcher: Watcher): void;
  /** Hands it no more live changes. */
  leave(watcher: Watcher): void;
  /** Forgets it. */
  ended(watcher: Watcher): void;
  /** Reads history for it until it is live. */
  catchUp(watcher: Watcher): void;
}

/** One watch: where it stands, and how it hands over. */
export class Watcher implements Watch {
  readonly span: KeySpan;
  readonly request: WatchRequest;
  readonly #listener: WatchListener;
  readonly #host: WatcherHost;
  state: WatcherState = "behind";
  /** The first revision that has not been handed over; exact unless live. */
  next: Revision;
  /** A loop that reads history for it is running. */
  catchingUp = false;
  #progressWanted = false;

  constructor(request: WatchRequest, listener: WatchListener, host: WatcherHost) {
    this.request = request;
    this.span = keySpanOf(request);
    this.next = request.startRevision || host.nextOfLive();
    this.#listener = listener;
    this.#host = host;
  }

  /** Hands over a batch; a listener that throws ends its own watch and nobody else's. */
  deliver(batch: WatchBatch): void {
    this.next = Math.max(this.next, batch.revision + 1);
    this.#call(() => this.#listener.onBatch(batch));
  }

  /** Tells progress if it was asked for and this watch has been handed everything up to `head`. */
  settle(head: Revision): void {
    if (!this.#progressWanted || this.state !== "live" || this.next > head + 1) return;
    this.#progressWanted = false;
    this.#call(() => this.#listener.onProgress?.(head));
  }

  /** Whether progress was asked for and not told yet. */
  get wantsProgress(): boolean {
    return this.#progressWanted && this.state === "live";
  }

  end(error?: Error): void {
    if (this.state === "ended") return;
    this.#host.leave(this);
    this.state = "ended";
    this.#host.ended(this);
    try {
      this.#listener.onEnd(error);
    } catch {
      // It was the last call; there is nobody left to tell.
    }
  }

  #call(listen: () => void): void {
    try {
      listen();
    } catch (error) {
      this.end(error instanceof Error ? error : new UnavailableError(String(error)));
    }
  }

  endCompacted(compacted: Revision): void {
    this.end(new CompactedError(this.next, compacted));
  }

  requestProgress(): void {
    this.#progressWanted = true;
    if (this.state === "live") this.#host.settleLater(this);
  }

  pause(): void {
    if (this.state === "live") {
      this.next = Math.max(this.next, this.#host.nextOfLive());
      this.#host.leave(this);
    }
    if (this.state !== "ended") this.state = "paused";
  }

  resume(): void {
    if (this.state !== "paused") return;
    this.state = "behind";
    this.#host.catchUp(this);
  }

  close(): void {
    this.end();
  }
}
