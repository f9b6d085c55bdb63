import { errorCodes, Http2Error } from "./http2-error.ts";
import { defaultMaxFrameBytes, type FrameHead, frameHeadBytes } from "./frames.ts";

/** What every client sends first. */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Cuts what a socket gives into frames. A payload is a view of what was given. */
export class FrameParser {
  readonly #onFrame: (head: FrameHead, payload: Buffer) => void;
  #rest: Buffer | undefined;
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
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    if (this.#needsPreface) {
      if (!this.#readPreface(bytes)) return;
      at = preface.length;
    }
    while (bytes.length - at >= frameHeadBytes) {
      const lengthAndType = bytes.readUInt32BE(at);
      const length = lengthAndType >>> 8;
      if (length > defaultMaxFrameBytes) {
        throw new Http2Error(errorCodes.frameSize, `Cannot read a frame of ${length} bytes`);
      }
      const end = at + frameHeadBytes + length;
      if (end > bytes.length) break;
      const head = {
        type: lengthAndType & 0xff,
        flags: bytes[at + 4] ?? 0,
        streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
        length,
      };
      this.#onFrame(head, bytes.subarray(at + frameHeadBytes, end));
      at = end;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  /** Whether the whole preface is there. */
  #readPreface(bytes: Buffer): boolean {
    const length = Math.min(bytes.length, preface.length);
    if (!bytes.subarray(0, length).equals(preface.subarray(0, length))) {
      throw new Http2Error(errorCodes.protocol, "Cannot serve as the client speaks no HTTP/2");
    }
    if (length < preface.length) this.#rest = bytes;
    else this.#needsPreface = false;
    return length === preface.length;
  }
}
