import { GrpcError } from "../wire/grpc-error.ts";

/** Bytes before each message: whether it is compressed, and its length, big-endian. */
export const frameHeaderBytes = 5;

// A message up to here is put together in place; memory for a longer one is taken only as it comes.
const mostInPlaceBytes = 64 * 1024;

/** Cuts a stream of bytes into messages. A message within one chunk is a view of it. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #header = Buffer.alloc(frameHeaderBytes);
  #headerLength = 0;
  /** The beginning of a message that came in several chunks. */
  #partial: PartialMessage | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a message has begun that is not complete. */
  get isInside(): boolean {
    return this.#headerLength > 0 || this.#partial !== undefined;
  }

  /**
   * Gives every message that `chunk` completes to `onMessage`.
   *
   * @throws {GrpcError} RESOURCE_EXHAUSTED, if a message is longer than allowed; UNIMPLEMENTED, if it is compressed.
   */
  feed(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial) {
        at += this.#partial.add(chunk, at);
        if (!this.#partial.isComplete) return;
        const message = this.#partial.take();
        this.#partial = undefined;
        onMessage(message);
        continue;
      }
      const header = this.#readHeader(chunk, at);
      at += header.taken;
      if (header.length === undefined) return;
      const end = at + header.length;
      if (end <= chunk.length) onMessage(chunk.subarray(at, end));
      else {
        this.#partial = new PartialMessage(header.length);
        this.#partial.add(chunk, at);
      }
      at = end;
    }
  }

  #readHeader(
    chunk: Buffer,
    at: number,
  ): { readonly taken: number; readonly length: number | undefined } {
    if (this.#headerLength === 0 && chunk.length - at >= frameHeaderBytes) {
      return { taken: frameHeaderBytes, length: this.#checkHeader(chunk, at) };
    }
    const taken = chunk.copy(this.#header, this.#headerLength, at);
    this.#headerLength += taken;
    if (this.#headerLength < frameHeaderBytes) return { taken, length: undefined };
    this.#headerLength = 0;
    return { taken, length: this.#checkHeader(this.#header, 0) };
  }

  #checkHeader(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at + 1);
    if (bytes[at] !== 0) {
      throw new GrpcError("UNIMPLEMENTED", "Cannot read a message as it is compressed");
    }
    if (length > this.#maxBytes) {
      throw new GrpcError(
        "RESOURCE_EXHAUSTED",
        `Cannot read a message as it may have at most ${this.#maxBytes} bytes: it has ${length}`,
      );
    }
    return length;
  }
}

/** A message that is put together of several chunks. */
class PartialMessage {
  readonly #length: number;
  readonly #whole: Buffer | undefined;
  readonly #parts: Buffer[] = [];
  #have = 0;

  constructor(length: number) {
    this.#length = length;
    this.#whole = length <= mostInPlaceBytes ? Buffer.allocUnsafe(length) : undefined;
  }

  get isComplete(): boolean {
    return this.#have === this.#length;
  }

  /** Takes what belongs to it of the bytes from `at` on; tells how many those are. */
  add(chunk: Buffer, at: number): number {
    const length = Math.min(this.#length - this.#have, chunk.length - at);
    if (this.#whole) chunk.copy(this.#whole, this.#have, at, at + length);
    else this.#parts.push(chunk.subarray(at, at + length));
    this.#have += length;
    return length;
  }

  take(): Buffer {
    return this.#whole ?? Buffer.concat(this.#parts, this.#length);
  }
}
