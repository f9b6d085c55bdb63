import { errorCodes, Http2Error } from "./http2-error.ts";
import { defaultMaxFrameBytes, type FrameHead, frameHeadBytes } from "./frames.ts";

/** What every client sends first. */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Cuts what a socket gives into frames. A payload is a view of what was given. */
export class FrameParser {
  readonly #onFrame: (head: FrameHead, payload: Buffer) => void;
  /** The beginning of a frame, in a buffer that is as long as is known to be needed. */
  #partial: Buffer | undefined;
  #have = 0;
  #needsPreface: boolean;

  constructor(
    onFrame: (head: FrameHead, payload: Buffer) => void,
    { expectsPreface }: { readonly expectsPreface: boolean },
  ) {
    this.#onFrame = onFrame;
    this.#needsPreface = expectsPreface;
  }

  /** @throws {Http2Error} It is no HTTP/2, or a frame is too long. */
  feed(chunk: Buffer): void {
    let at = 0;
    let bytes = chunk;
    if (this.#needsPreface) {
      bytes = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
      this.#partial = undefined;
      if (!this.#readPreface(bytes)) return;
      at = preface.length;
    }
    if (this.#partial) at = this.#complete(this.#partial, bytes);
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + lengthAt(bytes, at);
      if (end > bytes.length) break;
      this.#tell(bytes, at, end);
      at = end;
    }
    if (at < bytes.length) this.#keep(bytes, at);
  }

  /** Adds to a frame that has begun what is missing of it, and no more; tells how much that was. */
  #complete(partial: Buffer, bytes: Buffer): number {
    const taken = bytes.copy(partial, this.#have);
    this.#have += taken;
    if (this.#have < partial.length) return taken;
    this.#partial = undefined;
    const end = frameHeadBytes + lengthAt(partial, 0);
    if (partial.length === end) {
      this.#tell(partial, 0, end);
      return taken;
    }
    // Only now is it known how long the frame is.
    this.#keep(partial, 0);
    return taken + this.#complete(this.#partial ?? partial, bytes.subarray(taken));
  }

  #keep(bytes: Buffer, at: number): void {
    const isHeadThere = bytes.length - at >= frameHeadBytes;
    const partial = Buffer.allocUnsafe(
      isHeadThere ? frameHeadBytes + lengthAt(bytes, at) : frameHeadBytes,
    );
    this.#have = bytes.copy(partial, 0, at);
    this.#partial = partial;
  }

  #tell(bytes: Buffer, at: number, end: number): void {
    const lengthAndType = bytes.readUInt32BE(at);
    const head = {
      type: lengthAndType & 0xff,
      flags: bytes[at + 4] ?? 0,
      streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
      length: lengthAndType >>> 8,
    };
    this.#onFrame(head, bytes.subarray(at + frameHeadBytes, end));
  }

  /** Whether the whole preface is there. */
  #readPreface(bytes: Buffer): boolean {
    const length = Math.min(bytes.length, preface.length);
    if (!bytes.subarray(0, length).equals(preface.subarray(0, length))) {
      throw new Http2Error(errorCodes.protocol, "Cannot serve as the client speaks no HTTP/2");
    }
    if (length < preface.length) this.#partial = bytes;
    else this.#needsPreface = false;
    return length === preface.length;
  }
}

/** The length of the payload of the frame that begins there. */
function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3);
  if (length <= defaultMaxFrameBytes) return length;
  throw new Http2Error(errorCodes.frameSize, `Cannot read a frame of ${length} bytes`);
}
