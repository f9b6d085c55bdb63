import { CompactedError, type MvccStore, type Watch, type WatchRequest } from "@cellplane/kv";
import type { Recorder } from "../record/recorder.ts";
import { nowUs } from "../record/records.ts";
import { fromText, toText, type WatchText } from "../record/text.ts";
import type { OpenedListener } from "./wire-watch.ts";

/** Longest wait for a watch to be handed everything once writing has ended, in milliseconds. */
const drainWithinMs = 30_000;

/** How often an unanswered wish for progress is told again: etcd forgets those that come while it is busy. */
const askAgainMs = 200;

/** A watch, and all that it is handed, on record. */
export class RecordedWatch {
  readonly #id: string;
  readonly #recorder: Recorder;
  readonly #watch: Watch;
  #onMove: () => void = () => undefined;
  /** Everything up to here has been handed over. */
  reached: number;
  /** Why it is over; `undefined` while it is not. */
  ended: "closed" | "compacted" | "broken" | undefined;

  constructor(
    store: MvccStore,
    {
      id,
      process,
      request,
    }: {
      readonly id: string;
      readonly process: string;
      readonly request: WatchText;
    },
    recorder: Recorder,
  ) {
    this.#id = id;
    this.#recorder = recorder;
    this.reached = Math.max(0, (request.startRevision ?? 0) - 1);
    recorder.record({ t: "watch", w: id, at: nowUs(), p: process, q: request });
    this.#watch = store.watch(fromText<WatchRequest>(request), this.#listener());
    // A store in this process has it from this very turn on.
    if (!process.startsWith("wire")) recorder.record({ t: "opened", w: id, at: nowUs() });
  }

  pause(): void {
    this.#watch.pause();
  }

  resume(): void {
    this.#watch.resume();
  }

  requestProgress(): void {
    this.#watch.requestProgress();
  }

  close(): void {
    this.#watch.close();
  }

  /** Resolves when it has moved on, or is over. */
  async moved(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onMove = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Waits until it has been handed everything up to a revision; it is on record if it is not. */
  async drain(head: number): Promise<void> {
    this.#watch.resume();
    const deadline = performance.now() + drainWithinMs;
    while (this.ended === undefined && this.reached < head) {
      if (performance.now() > deadline) {
        this.#recorder.record({ t: "end", w: this.#id, at: nowUs(), why: "stuck" });
        break;
      }
      this.#watch.requestProgress();
      await this.moved(askAgainMs);
    }
    this.#watch.close();
  }

  #listener(): OpenedListener {
    const w = this.#id;
    const moved = (revision: number): void => {
      this.reached = Math.max(this.reached, revision);
      this.#onMove();
    };
    return {
      onOpened: () => this.#recorder.record({ t: "opened", w, at: nowUs() }),
      onBatch: ({ revision, events }) => {
        const e = events.map((event) => toText(event));
        this.#recorder.record({ t: "events", w, at: nowUs(), r: revision, e });
        moved(revision);
      },
      onProgress: (revision) => {
        this.#recorder.record({ t: "progress", w, at: nowUs(), r: revision });
        moved(revision);
      },
      onEnd: (error) => {
        this.ended = reasonOf(error);
        const message = error ? { error: error.message } : {};
        this.#recorder.record({ t: "end", w, at: nowUs(), why: this.ended, ...message });
        this.#onMove();
      },
    };
  }
}

function reasonOf(error: Error | undefined): "closed" | "compacted" | "broken" {
  if (!error) return "closed";
  return error instanceof CompactedError ? "compacted" : "broken";
}
