import type { WireWriter } from "../codec/wire-writer.ts";
import { errorCodes, Http2Error } from "./http2-error.ts";

/** Bytes before each frame's payload. */
export const frameHeadBytes = 9;

/** The longest payload, as long as nobody allows more: RFC 9113, section 4.2. */
export const defaultMaxFrameBytes: number = 16_384;

/** Kinds of frames. */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Bits of a frame's flags. */
export const frameFlags = {
  ack: 1,
  endStream: 1,
  endHeaders: 4,
  padded: 8,
  priority: 32,
} as const;

/** Settings that are used here. */
export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What stands at the head of a frame. */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

/** Appends a frame's head. */
export function writeFrameHead(to: WireWriter, { type, flags, streamId, length }: FrameHead): void {
  to.uint32(((length << 8) | type) >>> 0);
  to.byte(flags);
  to.uint32(streamId);
}

/** Writes a frame's head at a place that was written before. */
export function patchFrameHead(
  to: WireWriter,
  at: number,
  { type, flags, streamId, length }: FrameHead,
): void {
  to.patchUint32(at, ((length << 8) | type) >>> 0);
  to.patchByte(at + 4, flags);
  to.patchUint32(at + 5, streamId);
}

/** Sets the length of a frame whose head stands at `at`, and ends behind what was written last. */
export function patchFrameLength(to: WireWriter, at: number, type: number): void {
  const length = to.length - at - frameHeadBytes;
  to.patchUint32(at, ((length << 8) | type) >>> 0);
}

/** Checks what every frame of a kind has: a stream or none, and a length. @throws {Http2Error} */
export function checkFrame(
  { streamId, length }: FrameHead,
  wanted: { readonly isOnStream: boolean; readonly bytes?: number },
): void {
  if ((streamId === 0) === wanted.isOnStream) {
    throw new Http2Error(errorCodes.protocol, `Cannot take a frame on stream ${streamId}`);
  }
  if (wanted.bytes !== undefined && length !== wanted.bytes) {
    throw new Http2Error(errorCodes.frameSize, `Cannot take a frame of ${length} bytes`);
  }
}
