import type { WatchCreateRequest, WireEvent } from "@cellplane/etcd-api";
import { CompactedError, type Watch, type WatchBatch, type WatchListener } from "@cellplane/kv";
import type { ProgressSource } from "./watch-progress.ts";

/** What a watch tells its stream. */
export interface StreamWatchHost {
  events(watch: StreamWatch, revision: number, events: readonly WireEvent[]): void;
  progress(watch: StreamWatch, revision: number): void;
  compacted(watch: StreamWatch, compacted: number): void;
  broken(error: Error): void;
}

/** One watch of a stream. */
export class StreamWatch implements WatchListener, ProgressSource {
  readonly id: number;
  readonly isFragmented: boolean;
  /** Whether it is to be told from time to time how far it is. */
  readonly wantsNotices: boolean;
  /** Whether it was sent anything since the last notice. */
  isBusy = false;
  /** Whether a notice is due. */
  owesNotice = false;
  readonly #host: StreamWatchHost;
  #watch: Watch | undefined;
  #isClosed = false;
  #isPaused = false;
  #isAsked = false;

  constructor(id: number, request: WatchCreateRequest, host: StreamWatchHost) {
    this.id = id;
    this.isFragmented = request.fragment;
    this.wantsNotices = request.progressNotify;
    this.#host = host;
  }

  /** Takes over the store's watch; what was asked of it meanwhile is asked now. */
  attach(watch: Watch): void {
    this.#watch = watch;
    if (this.#isClosed) watch.close();
    if (this.#isPaused) watch.pause();
    if (this.#isAsked) watch.requestProgress();
  }

  requestProgress(): void {
    this.#isAsked = true;
    this.#watch?.requestProgress();
  }

  pause(): void {
    this.#isPaused = true;
    this.#watch?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#watch?.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  onBatch({ revision, events }: WatchBatch): void {
    if (this.#isClosed) return;
    this.isBusy = true;
    const wire = events.map(({ kind, kv, previous }) => {
      return { type: kind === "put" ? 0 : 1, kv, prevKv: previous };
    });
    this.#host.events(this, revision, wire);
  }

  onProgress(revision: number): void {
    this.#isAsked = false;
    if (!this.#isClosed) this.#host.progress(this, revision);
  }

  onEnd(error?: Error): void {
    if (this.#isClosed || !error) return;
    this.#isClosed = true;
    if (error instanceof CompactedError) this.#host.compacted(this, error.compacted);
    else this.#host.broken(error);
  }
}
