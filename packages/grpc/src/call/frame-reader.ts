import { GrpcError } from "../wire/grpc-error.ts";

/** Bytes before each message: whether it is compressed, and its length, big-endian. */
export const frameHeaderBytes = 5;

/** Cuts a stream of bytes into messages. A message within one chunk is a view of it. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #have = 0;
  #wanted = frameHeaderBytes;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a message has begun that is not complete. */
  get isInside(): boolean {
    return this.#have > 0;
  }

  /**
   * Gives every message that `chunk` completes to `onMessage`.
   *
   * @throws {GrpcError} RESOURCE_EXHAUSTED, if a message is longer than allowed; UNIMPLEMENTED, if it is compressed.
   */
  feed(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    let bytes = this.#have === 0 ? chunk : this.#join(chunk);
    let length = bytes.length;
    while (bytes && length >= frameHeaderBytes) {
      const end = frameHeaderBytes + this.#checkHeader(bytes);
      if (length < end) {
        this.#wanted = end;
        break;
      }
      const message = bytes.subarray(frameHeaderBytes, end);
      bytes = bytes.subarray(end);
      length = bytes.length;
      onMessage(message);
    }
    this.#keep(bytes);
  }

  /** The kept bytes with `chunk` behind them; nothing as long as they do not suffice. */
  #join(chunk: Buffer): Buffer {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#wanted) return empty;
    const joined = Buffer.concat(this.#chunks, this.#have);
    this.#chunks = [];
    this.#have = 0;
    this.#wanted = frameHeaderBytes;
    return joined;
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#chunks = [rest];
    this.#have = rest.length;
  }

  #checkHeader(bytes: Buffer): number {
    const length = bytes.readUInt32BE(1);
    if (bytes[0] !== 0) {
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

const empty = Buffer.alloc(0);
