import type { WireWriter } from "../codec/wire-writer.ts";
import { errorCodes } from "./http2-error.ts";
import {
  frameFlags,
  frameHeadBytes,
  frameTypes,
  patchFrameHead,
  patchFrameLength,
  writeFrameHead,
} from "./frames.ts";
import type { FrameOutput } from "./frame-output.ts";
import type { HeaderField } from "./header-field.ts";

/** Hears what comes on a stream. */
export interface StreamListener {
  /** Headers, or trailers; a server hears only of trailers. */
  onHeaders?(fields: readonly HeaderField[]): void;
  onData(chunk: Buffer): void;
  /** The peer has sent all. */
  onEnd(): void;
  /** The last that is heard. 0: both sides had sent all. */
  onClose(code: number): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly output: FrameOutput;
  readonly maxFrameBytes: number;
  /** Bytes that all streams together may still send. */
  sendWindow: number;
  /** So many bytes have been taken by whoever they are for. */
  taken(stream: Http2Stream, bytes: number): void;
  /** The stream has something to send that has to wait for the socket or the connection's window. */
  waits(stream: Http2Stream): void;
  /** All was sent, though the peer may still be sending. */
  localEnded(stream: Http2Stream): void;
  closed(stream: Http2Stream): void;
}

interface Outgoing {
  readonly bytes: Buffer;
  at: number;
  readonly done: (() => void) | undefined;
}

// Of one message; what is longer waits until the socket has taken that.
const mostAtOnceBytes = 1024 * 1024;

const silent: StreamListener = {
  onData: () => undefined,
  onEnd: () => undefined,
  onClose: () => undefined,
};

/** One stream of a connection. */
export class Http2Stream {
  readonly id: number;
  readonly #host: StreamHost;
  #listener: StreamListener = silent;
  /** Bytes that the peer lets this stream send; below zero after it has made its window smaller. */
  #sendWindow: number;
  /** Bytes that the peer may send before it is told that some were taken. */
  receiveWindow: number;
  /** Bytes that were taken since it was last told. */
  takenBytes = 0;
  #isPaused = false;
  #unread: Buffer[] = [];
  #owesEnd = false;
  readonly #queue: Outgoing[] = [];
  #trailers: readonly HeaderField[] | undefined;
  #hasEnd = false;
  #isLocalEnded = false;
  #isRemoteEnded = false;
  #isClosed = false;

  constructor(
    id: number,
    host: StreamHost,
    windows: { readonly send: number; readonly receive: number },
  ) {
    this.id = id;
    this.#host = host;
    this.#sendWindow = windows.send;
    this.receiveWindow = windows.receive;
  }

  /** Nothing more can be sent, nor comes. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the peer has sent all. */
  get isRemoteEnded(): boolean {
    return this.#isRemoteEnded;
  }

  listen(listener: StreamListener): void {
    this.#listener = listener;
  }

  /** What comes from now on waits, and with it the peer once its window is used up. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (this.#unread.length > 0 && !this.#isPaused) {
      const [chunk] = this.#unread.splice(0, 1);
      if (chunk) this.#hand(chunk);
    }
    if (!this.#owesEnd || this.#isPaused) return;
    this.#owesEnd = false;
    this.#listener.onEnd();
  }

  /** Sends headers ahead of everything else. */
  sendHeaders(fields: readonly HeaderField[]): void {
    if (!this.#isClosed) this.#host.output.headers(this.id, fields, false);
  }

  /** Sends bytes; `done` is called once the socket has them. */
  write(bytes: Buffer, done?: () => void): void {
    if (this.#isClosed || this.#hasEnd) return;
    this.#queue.push({ bytes, at: 0, done });
    this.pump();
  }

  /**
   * Sends one gRPC message, written at once where the windows have room.
   * @throws What `encode` throws; nothing was sent then.
   */
  writeMessage(encode: (to: WireWriter) => void): void {
    this.#writeMessage(encode, 0);
  }

  /** Sends one gRPC message if it can leave at once, in one frame; false: nothing was sent. */
  tryMessage(encode: (to: WireWriter) => void): boolean {
    const { output } = this.#host;
    const start = output.writer.length;
    if (this.#isClosed || this.#hasEnd || this.#queue.length > 0 || output.isFull) return false;
    this.#encode(encode, 0);
    if (this.#frameWritten(start)) return true;
    output.writer.truncate(start);
    return false;
  }

  /** Sends one gRPC message, and that it was all. */
  endWithMessage(encode: (to: WireWriter) => void): void {
    if (this.#writeMessage(encode, frameFlags.endStream)) {
      this.#hasEnd = true;
      this.#isLocalEnded = true;
    } else {
      this.end();
    }
  }

  /** Sends trailers behind everything else, or only that this was all. */
  end(trailers?: readonly HeaderField[]): void {
    if (this.#isClosed || this.#hasEnd) return;
    this.#hasEnd = true;
    this.#trailers = trailers;
    this.pump();
  }

  /** Ends the stream at once, both ways. */
  reset(code: number): void {
    if (this.#isClosed) return;
    this.#host.output.reset(this.id, code);
    this.close(code);
  }

  /** For the connection: sends what windows and socket allow. */
  pump(): void {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      if (!this.#sendSome(next)) return;
      if (next.at < next.bytes.length) continue;
      this.#queue.shift();
      next.done?.();
    }
    if (!this.#hasEnd || this.#isLocalEnded) return;
    this.#isLocalEnded = true;
    if (this.#trailers) this.#host.output.headers(this.id, this.#trailers, true);
    else this.#writeData(noBytes, frameFlags.endStream);
    if (this.#isRemoteEnded) this.close(errorCodes.none);
    else this.#host.localEnded(this);
  }

  /** For the connection: the peer has changed how much may be sent. Tells whether that is still a window. */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#sendWindow > 0x7fff_ffff) return false;
    if (bytes > 0 && this.#queue.length > 0) this.pump();
    return true;
  }

  /** For the connection: data have come. */
  receive(chunk: Buffer): void {
    if (this.#isPaused) this.#unread.push(chunk);
    else this.#hand(chunk);
  }

  /** For the connection: headers have come. */
  receiveHeaders(fields: readonly HeaderField[]): void {
    this.#listener.onHeaders?.(fields);
  }

  /** For the connection: the peer has sent all. */
  receiveEnd(): void {
    this.#isRemoteEnded = true;
    if (this.#isPaused) this.#owesEnd = true;
    else this.#listener.onEnd();
    if (this.#isLocalEnded) this.close(errorCodes.none);
  }

  /** For the connection: it is over, and nobody need be told but the listener. */
  close(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    const unread = this.#unread.splice(0).reduce((bytes, { length }) => bytes + length, 0);
    this.#host.closed(this);
    if (unread > 0) this.#host.taken(this, unread);
    this.#listener.onClose(code);
  }

  /** Tells whether it left in one frame, with its flags. */
  #writeMessage(encode: (to: WireWriter) => void, flags: number): boolean {
    const start = this.#host.output.writer.length;
    this.#encode(encode, flags);
    if (this.#queue.length === 0 && !this.#isClosed && this.#frameWritten(start)) return true;
    this.#writeLong(start);
    return false;
  }

  /** Writes a frame's head, without its length, and a message behind it; nothing where that throws. */
  #encode(encode: (to: WireWriter) => void, flags: number): void {
    const to = this.#host.output.writer;
    const start = to.length;
    writeFrameHead(to, { type: frameTypes.data, flags, streamId: this.id, length: 0 });
    try {
      encode(to);
    } catch (error) {
      to.truncate(start);
      throw error;
    }
  }

  /** Lets go what was written at `start`, if it fits one frame and the windows. */
  #frameWritten(start: number): boolean {
    const { output } = this.#host;
    const length = output.writer.length - start - frameHeadBytes;
    if (length > this.#room()) return false;
    patchFrameLength(output.writer, start, frameTypes.data);
    this.#spend(length);
    output.schedule();
    return true;
  }

  /** What was written behind a frame's head at `start`: as many frames as may go now, and a copy of the rest. */
  #writeLong(start: number): void {
    const { output, sendWindow, maxFrameBytes: every } = this.#host;
    const to = output.writer;
    const first = start + frameHeadBytes;
    const mayGo = this.#queue.length === 0 && !this.#isClosed && output.hasRoomBefore(start);
    const room = mayGo ? Math.min(mostAtOnceBytes, sendWindow, this.#sendWindow) : 0;
    const rest = to.length - first > room ? to.copyFrom(first + Math.max(0, room)) : undefined;
    if (rest) to.truncate(room > 0 ? first + room : start);
    if (room > 0) {
      this.#spend(to.length - first);
      to.insertGaps(first, { every, gap: frameHeadBytes });
      for (let at = start; at < to.length; at += frameHeadBytes + every) {
        const length = Math.min(every, to.length - at - frameHeadBytes);
        patchFrameHead(to, at, { type: frameTypes.data, flags: 0, streamId: this.id, length });
      }
      output.schedule();
    }
    if (rest) this.write(rest);
  }

  #hand(chunk: Buffer): void {
    this.#host.taken(this, chunk.length);
    this.#listener.onData(chunk);
  }

  /** Tells whether any of it could go. */
  #sendSome(next: Outgoing): boolean {
    const { output, sendWindow } = this.#host;
    const wanted = next.bytes.length - next.at;
    const length = Math.min(wanted, this.#room());
    if (length <= 0 && wanted > 0) {
      // For its own window the peer will see to it; for the others the connection has to.
      if (this.#sendWindow > 0 && (sendWindow <= 0 || output.isFull)) this.#host.waits(this);
      return false;
    }
    const part =
      length === next.bytes.length ? next.bytes : next.bytes.subarray(next.at, next.at + length);
    next.at += length;
    if (length > 0) this.#writeData(part, 0);
    return true;
  }

  /** How long a frame may be now. */
  #room(): number {
    const { output, maxFrameBytes, sendWindow } = this.#host;
    if (output.isFull) return 0;
    return Math.min(maxFrameBytes, sendWindow, this.#sendWindow);
  }

  #writeData(bytes: Buffer, flags: number): void {
    this.#spend(bytes.length);
    this.#host.output.frame({ type: frameTypes.data, flags, streamId: this.id, payload: bytes });
  }

  #spend(bytes: number): void {
    this.#sendWindow -= bytes;
    this.#host.sendWindow -= bytes;
  }
}

const noBytes = Buffer.alloc(0);
