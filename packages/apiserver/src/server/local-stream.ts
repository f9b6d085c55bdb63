import type { ResponseSink } from "../request/api-response.ts";

// As much as the window of an HTTP/2 stream.
const windowBytes = 1 << 20;

/** What a stream writes, for a reader in the same process; whoever stops reading closes it. */
export class LocalStream implements ResponseSink, AsyncIterable<Buffer> {
  readonly #drains: (() => void)[] = [];
  readonly #closes: (() => void)[] = [];
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isFull = false;
  #hasEnded = false;
  #isClosed = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  write(bytes: Buffer): boolean {
    if (this.#hasEnded || this.#isClosed) return false;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#isFull = this.#queuedBytes > windowBytes;
    this.#wake?.();
    return !this.#isFull;
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
    this.#close();
  }

  onDrain(listener: () => void): void {
    this.#drains.push(listener);
  }

  onClose(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#closes.push(listener);
  }

  /** Ends the stream at once; its reader is thrown `reason`. */
  abort(reason: unknown): void {
    this.#failure = { reason };
    this.#queue = [];
    this.#wake?.();
    this.#close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure.reason;
        const taken = this.#take();
        yield* taken;
        if (taken.length > 0) continue;
        if (this.#hasEnded || this.#isClosed) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      this.#close();
    }
  }

  #take(): readonly Buffer[] {
    const taken = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#isFull) {
      this.#isFull = false;
      for (const listener of this.#drains) listener();
    }
    return taken;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#closes.splice(0)) listener();
  }
}
