import { frameFlags, type FrameHead, frameTypes } from "./frames.ts";
import { errorCodes, Http2Error } from "./http2-error.ts";

// Of one block, as it is on the wire; more is an attack.
const maxBlockBytes = 64 * 1024;

/** A whole header block, and the stream that it is for. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly bytes: Buffer;
  /** Nothing follows it on its stream. */
  readonly isEnd: boolean;
}

/** Puts HEADERS and the CONTINUATIONs behind them together. */
export class HeaderBlocks {
  #open: { readonly streamId: number; readonly isEnd: boolean } | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** Checks what may come while a block is incomplete: only what goes on with it. @throws {Http2Error} */
  checkNext({ type, streamId }: FrameHead): void {
    const isContinuation = type === frameTypes.continuation;
    if (this.#open ? isContinuation && streamId === this.#open.streamId : !isContinuation) return;
    throw new Http2Error(errorCodes.protocol, "Cannot read headers that others interrupt");
  }

  /** The block, once it is complete. @throws {Http2Error} */
  add(head: FrameHead, payload: Buffer): HeaderBlock | undefined {
    const { streamId, flags } = head;
    const isFirst = head.type === frameTypes.headers;
    const part = isFirst ? stripPriority(head, stripPadding(head, payload)) : payload;
    this.#open ??= { streamId, isEnd: (flags & frameFlags.endStream) !== 0 };
    this.#bytes += part.length;
    if (this.#bytes > maxBlockBytes || this.#parts.length > 64) {
      throw new Http2Error(errorCodes.enhanceYourCalm, "Cannot read headers as they are too long");
    }
    this.#parts.push(part);
    if ((flags & frameFlags.endHeaders) === 0) return undefined;
    const { isEnd } = this.#open;
    const bytes = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
    this.#open = undefined;
    this.#parts = [];
    this.#bytes = 0;
    return { streamId, bytes, isEnd };
  }
}

/** A payload without its padding. @throws {Http2Error} */
export function stripPadding({ flags }: FrameHead, payload: Buffer): Buffer {
  if ((flags & frameFlags.padded) === 0) return payload;
  const padding = payload[0] ?? 0;
  if (payload.length < 1 + padding) {
    throw new Http2Error(errorCodes.protocol, "Cannot read a frame with more padding than it has");
  }
  return payload.subarray(1, payload.length - padding);
}

/** Priorities are of no interest: five bytes that say on which stream this one depends. */
function stripPriority({ flags }: FrameHead, payload: Buffer): Buffer {
  if ((flags & frameFlags.priority) === 0) return payload;
  if (payload.length < 5) {
    throw new Http2Error(errorCodes.frameSize, "Cannot read headers as their frame is too short");
  }
  return payload.subarray(5);
}
