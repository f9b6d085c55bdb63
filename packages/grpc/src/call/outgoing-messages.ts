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

/** Where messages are written. */
export interface ByteSink {
  /** `done` is called once the bytes are on their way. */
  write(bytes: Buffer, done: () => void): unknown;
  /** Sends what `encode` writes if that can leave at once; false: nothing was sent. */
  tryMessage?(encode: (to: WireWriter) => void): boolean;
}

/** Writes messages to a stream: all of one tick as one write, so as one run of DATA frames. */
export class OutgoingMessages<T> implements MessageSink<T> {
  readonly #stream: ByteSink;
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
    stream: ByteSink,
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
    if (this.queuedBytes === 0 && this.#sendAtOnce(message)) return true;
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

  /** Ends this side: gives what is still to be sent, together with the end. */
  takeRest(): Buffer {
    if (this.#end) return noBytes;
    this.#begin();
    const rest = this.#writer.take();
    this.#finish(undefined);
    return rest;
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

  /** Where the stream itself gathers what leaves in a tick, nothing need be gathered here. */
  #sendAtOnce(message: T): boolean {
    const stream = this.#stream;
    if (!stream.tryMessage) return false;
    this.#begin();
    const [codec, maxBytes] = [this.#codec, this.#maxBytes];
    return stream.tryMessage((to) => writeMessage(message, { to, codec, maxBytes }));
  }

  #append(message: T): void {
    const start = this.#writer.length;
    try {
      writeMessage(message, { to: this.#writer, codec: this.#codec, maxBytes: this.#maxBytes });
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

const noBytes = Buffer.alloc(0);

/**
 * Appends a message with what gRPC has before it.
 * @throws {GrpcError} RESOURCE_EXHAUSTED: it is too long. What was written must be dropped.
 */
export function writeMessage<T>(
  message: T,
  how: { readonly to: WireWriter; readonly codec: Codec<T>; readonly maxBytes: number },
): void {
  const { to, codec, maxBytes } = how;
  const start = to.length;
  to.byte(0);
  to.uint32(0);
  codec.encode(message, to);
  const length = to.length - start - frameHeaderBytes;
  if (length > maxBytes) throw tooLong(length, maxBytes);
  to.patchUint32(start + 1, length);
}

function tooLong(length: number, maxBytes: number): GrpcError {
  return new GrpcError(
    "RESOURCE_EXHAUSTED",
    `Cannot send a message as it may have at most ${maxBytes} bytes: it has ${length}`,
  );
}
