import type { ResponseSink } from "../request/api-response.ts";
import type { EventBytes } from "./watch-encoder.ts";
import type { WatchClock } from "./watch-clock.ts";

/** How much may wait for a client that does not keep up; then its watch ends, and it resumes. */
export interface WatchLimits {
  readonly events: number;
  readonly bytes: number;
}

const defaultLimits: WatchLimits = { events: 4096, bytes: 16 << 20 };
const sliceBytes = 256 << 10;

/**
 * Writes one watch: events of a turn in one write, in order also where one has to be waited for,
 * no more than the client takes, and bounded in what waits for it.
 */
export class WatchStream {
  readonly #sink: ResponseSink;
  readonly #clock: WatchClock;
  readonly #limits: WatchLimits;
  /** What comes before everything else, made as it is sent. */
  #initial: Iterator<EventBytes> | undefined;
  #queue: EventBytes[] = [];
  #queuedBytes = 0;
  #scheduled = false;
  #blocked = false;
  #ending = false;
  #closed = false;

  constructor(sink: ResponseSink, clock: WatchClock, limits: WatchLimits = defaultLimits) {
    this.#sink = sink;
    this.#clock = clock;
    this.#limits = limits;
    sink.onDrain(() => this.#unblock());
    sink.onClose(() => {
      this.#closed = true;
      this.#queue = [];
      this.#initial = undefined;
    });
  }

  get isClosed(): boolean {
    return this.#closed || this.#ending;
  }

  /** Sends these first. */
  begin(initial: Iterator<EventBytes>): void {
    this.#initial = initial;
    this.#schedule();
  }

  push(bytes: EventBytes): void {
    if (this.isClosed) return;
    this.#queue.push(bytes);
    if (bytes instanceof Buffer) this.#queuedBytes += bytes.length;
    if (this.#queue.length > this.#limits.events || this.#queuedBytes > this.#limits.bytes) {
      this.#cutOff();
      return;
    }
    this.#schedule();
  }

  /** Ends the stream once everything that waits has been sent. */
  end(): void {
    if (this.isClosed) return;
    this.#ending = true;
    this.#schedule();
  }

  // The client is too slow: what waits is dropped, what was sent stays whole.
  #cutOff(): void {
    this.#queue = [];
    this.#initial = undefined;
    this.#ending = true;
    this.#closed = true;
    this.#sink.end();
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked || this.#closed) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  get #hasMore(): boolean {
    return Boolean(this.#pending ?? this.#initial) || this.#queue.length > 0;
  }

  #unblock(): void {
    this.#blocked = false;
    if (this.#hasMore || this.#ending) this.#schedule();
  }

  #flush(): void {
    if (this.#closed || this.#blocked) return;
    const taken = this.#take();
    if (taken.wait) {
      this.#blocked = true;
      taken.wait.then(
        () => this.#unblock(),
        () => this.#cutOff(),
      );
    }
    const [only, second] = taken.parts;
    if (only) {
      const bytes = second ? Buffer.concat(taken.parts) : only;
      if (!this.#sink.write(bytes)) this.#blocked = true;
    }
    if (this.#blocked) return;
    if (this.#hasMore) this.#schedule();
    else if (this.#ending && !this.#closed) {
      this.#closed = true;
      this.#sink.end();
    }
  }

  /** Takes what may be written now, at most a slice; stops at bytes that are still being made. */
  #take(): { readonly parts: readonly Buffer[]; readonly wait?: Promise<unknown> } {
    const parts: Buffer[] = [];
    let size = 0;
    while (size < sliceBytes) {
      const next = this.#nextBytes();
      if (next === undefined) break;
      if (next instanceof Promise) {
        return { parts, wait: next.then((bytes) => this.#putBack(bytes)) };
      }
      parts.push(next);
      size += next.length;
    }
    return { parts };
  }

  #pending: Buffer | undefined;

  #putBack(bytes: Buffer): void {
    this.#pending = bytes;
  }

  #nextBytes(): EventBytes | undefined {
    const pending = this.#pending;
    if (pending) {
      this.#pending = undefined;
      return pending;
    }
    if (this.#initial) {
      const next = this.#initial.next();
      if (next.done !== true) return next.value;
      this.#initial = undefined;
    }
    const bytes = this.#queue.shift();
    if (bytes instanceof Buffer) this.#queuedBytes -= bytes.length;
    return bytes;
  }
}
