import type { Codec } from "../codec/codec.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Flow, MessageHandler, MessageSource } from "./message-source.ts";

// Above it the stream is paused; its window then fills and holds back the peer.
const pauseAtBytes = 64 * 1024;

/** Where bytes come from, as far as they can be held back. */
export interface ByteSource {
  pause(): unknown;
  resume(): unknown;
}

interface Waiter<T> {
  readonly resolve: (message: T | undefined) => void;
  readonly reject: (error: GrpcError) => void;
}

/** The messages of one direction of a stream. */
export class IncomingMessages<T> implements MessageSource<T> {
  readonly #stream: ByteSource;
  readonly #codec: Codec<T>;
  readonly #frames: FrameReader;
  readonly #onBroken: (error: GrpcError) => void;
  readonly #onLeave: () => void;
  #queue: Buffer[] = [];
  #head = 0;
  #queuedBytes = 0;
  #isHeld = false;
  #isStreamPaused = false;
  #end: { readonly error: (() => GrpcError) | undefined } | undefined;
  #waiter: Waiter<T> | undefined;
  #handler: MessageHandler<T> | undefined;

  /**
   * `onBroken` is told of messages that cannot be read, `onLeave` that nobody wants the rest.
   * Someone must call `feed` with what comes, and `finish` in the end.
   */
  constructor(
    stream: ByteSource,
    deps: {
      readonly codec: Codec<T>;
      readonly maxBytes: number;
      readonly onBroken: (error: GrpcError) => void;
      readonly onLeave: () => void;
    },
  ) {
    this.#stream = stream;
    this.#codec = deps.codec;
    this.#frames = new FrameReader(deps.maxBytes);
    this.#onBroken = deps.onBroken;
    this.#onLeave = deps.onLeave;
  }

  /** Whether the bytes so far end within a message. */
  get isInsideMessage(): boolean {
    return this.#frames.isInside;
  }

  /** No more messages come. Errors are made only if somebody reads: their stacks are dear. `drop`: those that wait are of no interest either. */
  finish(error: (() => GrpcError) | undefined, { drop }: { readonly drop: boolean }): void {
    if (this.#end) return;
    this.#end = { error };
    if (drop) this.#dropQueue();
    this.#settle();
  }

  read(): Promise<T | undefined> {
    if (this.#handler || this.#waiter) {
      throw new Error("Cannot read a message as somebody else is reading");
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#settle();
    });
  }

  consume(handler: MessageHandler<T>): Flow {
    this.#handler = handler;
    this.#settle();
    return {
      pause: () => {
        this.#isHeld = true;
        this.#pauseStream();
      },
      resume: () => {
        this.#isHeld = false;
        this.#settle();
      },
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (let message = await this.read(); message !== undefined; message = await this.read()) {
        yield message;
      }
    } finally {
      if (!this.#end) this.#onLeave();
    }
  }

  /** Takes what has come. */
  feed(chunk: Buffer): void {
    if (this.#end) return;
    try {
      this.#frames.feed(chunk, (message) => {
        this.#queue.push(message);
        this.#queuedBytes += message.length;
      });
    } catch (error) {
      this.#break(error);
      return;
    }
    this.#settle();
    if (this.#queuedBytes >= pauseAtBytes) this.#pauseStream();
  }

  /** Hands on what is there to whoever waits for it. */
  #settle(): void {
    while (this.#head < this.#queue.length && !this.#isHeld && (this.#waiter || this.#handler)) {
      const message = this.#take();
      if (message === undefined) break;
      const waiter = this.#waiter;
      this.#waiter = undefined;
      if (waiter) waiter.resolve(message.value);
      else this.#handler?.onMessage(message.value);
    }
    if (this.#isHeld) return;
    if (this.#queuedBytes < pauseAtBytes) this.#resumeStream();
    if (this.#end && this.#head === this.#queue.length) this.#tellEnd(this.#end.error);
  }

  #take(): { readonly value: T } | undefined {
    const bytes = this.#queue[this.#head++] ?? Buffer.alloc(0);
    this.#queuedBytes -= bytes.length;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    try {
      return { value: this.#codec.decode(bytes) };
    } catch (error) {
      this.#break(error);
      return undefined;
    }
  }

  #tellEnd(makeError: (() => GrpcError) | undefined): void {
    if (!this.#waiter && !this.#handler) return;
    const error = makeError?.();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter && error) waiter.reject(error);
    else waiter?.resolve(undefined);
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEnd(error);
  }

  #break(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#dropQueue();
    this.#onBroken(cause instanceof GrpcError ? cause : new GrpcError("INTERNAL", why, { cause }));
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
    this.#isHeld = false;
  }

  #pauseStream(): void {
    if (this.#isStreamPaused) return;
    this.#isStreamPaused = true;
    this.#stream.pause();
  }

  #resumeStream(): void {
    if (!this.#isStreamPaused) return;
    this.#isStreamPaused = false;
    this.#stream.resume();
  }
}
