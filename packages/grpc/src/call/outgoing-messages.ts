import type { Http2Stream } from "node:http2";
import type { Codec } from "../codec/codec.ts";
import { WireWriter } from "../codec/wire-writer.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { frameHeaderBytes } from "./frame-reader.ts";
import type { MessageSink } from "./message-sink.ts";

// Above it `send` answers false.
const fullAtBytes = 256 * 1024;
const roomBelowBytes = fullAtBytes / 2;
// More than that is written within the tick, so that the buffer does not grow without end.
const writeAtBytes = 64 * 1024;

/** Writes messages to a stream: all of one tick as one write, so as one run of DATA frames. */
export class OutgoingMessages<T> implements MessageSink<T> {
  readonly #stream: Http2Stream;
  readonly #codec: Codec<T>;
  readonly #maxBytes: number;
  readonly #beforeFirst: (() => void) | undefined;
  readonly #writer = new WireWriter();
  #unsentBytes = 0;
  #isScheduled = false;
  #hasBegun = false;
  #end: { readonly error: (() => GrpcError) | undefined } | undefined;
  #waiters: PromiseWithResolvers<void>[] = [];

  /** `beforeFirst` is called before the first write; a server sends its headers there. */
  constructor(
    stream: Http2Stream,
    deps: {
      readonly codec: Codec<T>;
      readonly maxBytes: number;
      readonly beforeFirst?: () => void;
    },
  ) {
    this.#stream = stream;
    this.#codec = deps.codec;
    this.#maxBytes = deps.maxBytes;
    this.#beforeFirst = deps.beforeFirst;
  }

  get queuedBytes(): number {
    return this.#unsentBytes + this.#writer.length;
  }

  send(message: T): boolean {
    if (this.#end) return false;
    this.#append(message);
    if (this.#writer.length >= writeAtBytes) this.#write();
    else this.#schedule();
    return this.queuedBytes < fullAtBytes;
  }

  drained(): Promise<void> {
    if (this.#end) return Promise.reject(this.#endError());
    if (this.queuedBytes < fullAtBytes) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Sends what is queued, and that no more follows. */
  end(): void {
    if (this.#end) return;
    this.#begin();
    const rest = this.#writer.take();
    if (rest.length > 0) this.#stream.end(rest);
    else this.#stream.end();
    this.#finish(undefined);
  }

  /** The call is over: nothing more can be sent. The error is made only if somebody waits. */
  abandon(error: () => GrpcError): void {
    this.#writer.take();
    this.#finish(error);
  }

  #finish(error: (() => GrpcError) | undefined): void {
    this.#end ??= { error };
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#endError());
  }

  #endError(): GrpcError {
    return this.#end?.error?.() ?? new GrpcError("INTERNAL", "Cannot send as the call has ended");
  }

  #append(message: T): void {
    const start = this.#writer.length;
    this.#writer.byte(0);
    this.#writer.append(fourBytes);
    try {
      this.#codec.encode(message, this.#writer);
      const length = this.#writer.length - start - frameHeaderBytes;
      if (length > this.#maxBytes) throw tooLong(length, this.#maxBytes);
      this.#writer.patchUint32(start + 1, length);
    } catch (error) {
      this.#writer.truncate(start);
      throw error;
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      if (!this.#end && this.#writer.length > 0) this.#write();
    });
  }

  #write(): void {
    this.#begin();
    const bytes = this.#writer.take();
    this.#unsentBytes += bytes.length;
    this.#stream.write(bytes, () => {
      this.#unsentBytes -= bytes.length;
      if (this.#unsentBytes >= roomBelowBytes) return;
      for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    });
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#beforeFirst?.();
  }
}

const fourBytes = new Uint8Array(4);

function tooLong(length: number, maxBytes: number): GrpcError {
  return new GrpcError(
    "RESOURCE_EXHAUSTED",
    `Cannot send a message as it may have at most ${maxBytes} bytes: it has ${length}`,
  );
}
