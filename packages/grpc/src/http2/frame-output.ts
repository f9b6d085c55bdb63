import type { Socket } from "node:net";
import type { SpareBuffer } from "../codec/spare-buffer.ts";
import { WireWriter } from "../codec/wire-writer.ts";
import {
  defaultMaxFrameBytes,
  frameFlags,
  frameHeadBytes,
  frameTypes,
  patchFrameLength,
  writeFrameHead,
} from "./frames.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackEncoder } from "./hpack-encoder.ts";

// What the socket has not taken yet, above which no more data is given to it.
const fullAtBytes = 1024 * 1024;
// More than that is handed over within the tick.
const flushAtBytes = 64 * 1024;

/** The frames that go out: all of one tick leave in one write. */
export class FrameOutput {
  /** Frames are appended here; whoever did calls `schedule`. */
  readonly writer: WireWriter;
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly #socket: Socket;
  #isScheduled = false;
  #isStopped = false;

  /** `spare` serves whatever is large, of several connections. */
  constructor(socket: Socket, spare: SpareBuffer) {
    this.#socket = socket;
    this.writer = new WireWriter(spare);
  }

  /** Whether data should wait until the socket has taken what it has. */
  get isFull(): boolean {
    return this.writer.length + this.#socket.writableLength >= fullAtBytes;
  }

  /** Whether data could be appended at a place, before what stands there now. */
  hasRoomBefore(at: number): boolean {
    return at + this.#socket.writableLength < fullAtBytes;
  }

  /** Sends what was appended once this tick is over. */
  schedule(): void {
    if (this.writer.length >= flushAtBytes) this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(flushLater, this);
  }

  frame(frame: {
    readonly type: number;
    readonly flags?: number;
    readonly streamId?: number;
    readonly payload: Buffer;
  }): void {
    const { type, flags = 0, streamId = 0, payload } = frame;
    writeFrameHead(this.writer, { type, flags, streamId, length: payload.length });
    this.writer.append(payload);
    this.schedule();
  }

  headers(streamId: number, fields: readonly HeaderField[], isEnd: boolean): void {
    const { writer } = this;
    const start = writer.length;
    const flags = isEnd ? frameFlags.endStream : 0;
    const head = { type: frameTypes.headers, flags: flags | frameFlags.endHeaders, streamId };
    writeFrameHead(writer, { ...head, length: 0 });
    this.encoder.encode(fields, writer);
    if (writer.length - start <= frameHeadBytes + defaultMaxFrameBytes) {
      patchFrameLength(writer, start, frameTypes.headers);
      this.schedule();
      return;
    }
    const block = writer.copyFrom(start + frameHeadBytes);
    writer.truncate(start);
    this.#longHeaders(block, { streamId, flags });
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.frame({ type: frameTypes.windowUpdate, streamId, payload: numbers(bytes) });
  }

  reset(streamId: number, code: number): void {
    this.frame({ type: frameTypes.resetStream, streamId, payload: numbers(code) });
  }

  goAway(code: number, lastStreamId: number): void {
    this.frame({ type: frameTypes.goAway, payload: numbers(lastStreamId, code) });
  }

  flush(): void {
    const { writer } = this;
    if (writer.length === 0) return;
    const bytes = writer.lend();
    if (this.#isStopped || !this.#socket.writable) return;
    this.#socket.write(bytes);
    // Mostly the kernel has taken it all, and the same memory serves again.
    if (this.#socket.writableLength > 0) writer.giveAway();
    else writer.takeBack();
  }

  /** Nothing more leaves. */
  stop(): void {
    this.#isStopped = true;
  }

  /** For the end of the tick. */
  flushScheduled(): void {
    this.#isScheduled = false;
    this.flush();
  }

  /** A block that takes several frames. */
  #longHeaders(
    block: Buffer,
    { streamId, flags }: { readonly streamId: number; readonly flags: number },
  ): void {
    for (let at = 0; at < block.length; at += defaultMaxFrameBytes) {
      const payload = block.subarray(at, at + defaultMaxFrameBytes);
      const isLast = at + payload.length === block.length;
      this.frame({
        type: at === 0 ? frameTypes.headers : frameTypes.continuation,
        flags: (at === 0 ? flags : 0) | (isLast ? frameFlags.endHeaders : 0),
        streamId,
        payload,
      });
    }
  }
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}

function flushLater(output: FrameOutput): void {
  output.flushScheduled();
}
