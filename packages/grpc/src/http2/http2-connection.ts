import type { Socket } from "node:net";
import type { SpareBuffer } from "../codec/spare-buffer.ts";
import { FrameOutput } from "./frame-output.ts";
import { FrameParser, preface } from "./frame-parser.ts";
import {
  checkFrame,
  defaultMaxFrameBytes,
  frameFlags,
  type FrameHead,
  frameTypes,
  settingIds,
} from "./frames.ts";
import { type HeaderBlock, HeaderBlocks, stripPadding } from "./header-blocks.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { errorCodes, Http2Error } from "./http2-error.ts";
import { readSettings, writeSettings } from "./http2-settings.ts";
import { Http2Stream, type StreamHost } from "./http2-stream.ts";
import { FrameLimit } from "./frame-limit.ts";

/** How one end of a connection behaves. */
export interface ConnectionOptions {
  /** What one stream may receive before it is read; the whole connection eight times as much. */
  readonly windowBytes: number;
  /** Memory for long messages, of several connections. */
  readonly spare: SpareBuffer;
  /** Streams that the peer may have at a time. */
  readonly maxConcurrentStreams?: number;
  /** A server's: takes a new stream with its headers; `listen` must be called before it returns. */
  readonly onStream?: (stream: Http2Stream, fields: readonly HeaderField[]) => void;
  /** Called once it is over; with a reason where a peer has broken the rules. */
  readonly onClose: (error: Http2Error | undefined) => void;
}

const initialWindowBytes = 65_535;
// Answers to PINGs and SETTINGS that a peer does not read must not pile up.
const pauseAtBytes = 4 * 1024 * 1024;
// A busy client with deadlines resets many streams, an attacker thousands a second.
const resetLimit = { burst: 10_000, perSecond: 1000 };
// Peers written in Go send a PING for each burst of data: on one machine thousands a second.
const pingLimit = { burst: 10_000, perSecond: 10_000 };
const settingsLimit = { burst: 100, perSecond: 100 };
const lastStreamIdEver = 0x7fff_ffff;

/**
 * HTTP/2 (RFC 9113) on a socket, for gRPC: many short streams. All that one event has to say leaves
 * in one write, and a stream is no more than an object. The socket is taken over.
 */
export class Http2Connection implements StreamHost {
  readonly socket: Socket;
  readonly output: FrameOutput;
  maxFrameBytes: number = defaultMaxFrameBytes;
  sendWindow: number = initialWindowBytes;
  readonly #options: ConnectionOptions;
  readonly #parser: FrameParser;
  readonly #blocks = new HeaderBlocks();
  readonly #decoder = new HpackDecoder();
  readonly #streams = new Map<number, Http2Stream>();
  /** Those that wait for the socket or the connection's window, in turn. */
  readonly #waiting = new Set<Http2Stream>();
  readonly #pings: (() => void)[] = [];
  readonly #resets = new FrameLimit(resetLimit);
  readonly #pingLimit = new FrameLimit(pingLimit);
  readonly #settingsLimit = new FrameLimit(settingsLimit);
  readonly #isServer: boolean;
  #streamSendWindow = initialWindowBytes;
  #receiveWindow: number;
  #takenBytes = 0;
  #lastPeerId = 0;
  #nextOwnId = 1;
  #hasSettings = false;
  #isClosing = false;
  #isClosed = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.#isServer = options.onStream !== undefined;
    this.output = new FrameOutput(socket, options.spare);
    this.#parser = new FrameParser((head, payload) => this.#readFrame(head, payload), {
      expectsPreface: this.#isServer,
    });
    this.#receiveWindow = options.windowBytes * 8;
    this.#greet();
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => this.#goOn());
    socket.once("close", () => this.#close(undefined));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A client's: begins a stream. */
  open(fields: readonly HeaderField[]): Http2Stream {
    const stream = this.#addStream(this.#nextOwnId);
    this.#nextOwnId += 2;
    this.output.headers(stream.id, fields, false);
    return stream;
  }

  /** Calls back as soon as the peer answers. */
  ping(onAnswer: () => void): void {
    if (this.#isClosed) return;
    this.#pings.push(onAnswer);
    this.output.frame({ type: frameTypes.ping, payload: Buffer.alloc(8) });
  }

  /** Tells the peer that new streams should go elsewhere, but takes those that are on their way. */
  announceClose(): void {
    if (this.#isClosed) return;
    this.output.goAway(errorCodes.none, lastStreamIdEver);
  }

  /** Takes no more streams, and closes once those that are there have ended. */
  close(): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.output.goAway(errorCodes.none, this.#lastPeerId);
    this.#endIfIdle();
  }

  /** Breaks everything off. */
  destroy(): void {
    this.output.stop();
    this.socket.destroy();
    this.#close(undefined);
  }

  taken(stream: Http2Stream, bytes: number): void {
    stream.takenBytes += bytes;
    const { windowBytes } = this.#options;
    if (stream.takenBytes >= windowBytes / 2 && !stream.isRemoteEnded && !stream.isClosed) {
      this.output.windowUpdate(stream.id, stream.takenBytes);
      stream.receiveWindow += stream.takenBytes;
      stream.takenBytes = 0;
    }
    this.#takenOfAll(bytes);
  }

  waits(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  /** The peer's last frames may be on their way; after this turn it is told that nobody listens. */
  localEnded(stream: Http2Stream): void {
    if (!this.#isServer) return;
    setImmediate(() => {
      if (!stream.isRemoteEnded) stream.reset(errorCodes.none);
    });
  }

  closed(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#isClosing) this.#endIfIdle();
  }

  #greet(): void {
    const { windowBytes, maxConcurrentStreams } = this.#options;
    const { writer } = this.output;
    if (!this.#isServer) writer.append(preface);
    writeSettings(writer, [
      [settingIds.initialWindowSize, windowBytes],
      ...(this.#isServer ? [] : [[settingIds.enablePush, 0] as const]),
      ...(maxConcurrentStreams === undefined
        ? []
        : [[settingIds.maxConcurrentStreams, maxConcurrentStreams] as const]),
    ]);
    this.output.windowUpdate(0, this.#receiveWindow - initialWindowBytes);
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#fail(error);
    }
    if (this.socket.writableLength < pauseAtBytes) return;
    // It goes on at `drain`.
    this.socket.pause();
  }

  /** Breaks the connection off, and tells the peer why. */
  #fail(error: Http2Error): void {
    this.output.goAway(error.code, this.#lastPeerId);
    this.output.flush();
    this.output.stop();
    this.socket.destroySoon();
    this.#close(error);
  }

  #close(error: Http2Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of [...this.#streams.values()]) stream.close(errorCodes.internal);
    this.#options.onClose(error);
  }

  #readFrame(head: FrameHead, payload: Buffer): void {
    if (this.#isClosed) return;
    if (!this.#hasSettings && head.type !== frameTypes.settings) {
      throw new Http2Error(errorCodes.protocol, "Cannot begin without settings");
    }
    this.#blocks.checkNext(head);
    try {
      this.#take(head, payload);
    } catch (error) {
      if (!(error instanceof Http2Error) || error.streamId === undefined) throw error;
      this.#resets.count();
      const stream = this.#streams.get(error.streamId);
      if (stream) stream.reset(error.code);
      else this.output.reset(error.streamId, error.code);
    }
  }

  #take(head: FrameHead, payload: Buffer): void {
    switch (head.type) {
      case frameTypes.data:
        return this.#takeData(head, payload);
      case frameTypes.headers:
      case frameTypes.continuation:
        return this.#takeHeaders(this.#checkedBlock(head, payload));
      case frameTypes.resetStream:
        return this.#takeReset(head, payload);
      case frameTypes.settings:
        return this.#takeSettings(head, payload);
      case frameTypes.pushPromise:
        throw new Http2Error(errorCodes.protocol, "Cannot take a pushed stream");
      case frameTypes.ping:
        return this.#takePing(head, payload);
      case frameTypes.goAway:
        checkFrame(head, { isOnStream: false });
        // Streams under way go on; a client sees to new ones.
        return;
      case frameTypes.windowUpdate:
        return this.#takeWindowUpdate(head, payload);
      case frameTypes.priority:
        return checkFrame(head, { isOnStream: true, bytes: 5 });
      default:
        // Kinds that are not known mean nothing.
        return;
    }
  }

  #takeData(head: FrameHead, payload: Buffer): void {
    checkFrame(head, { isOnStream: true });
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0) {
      throw new Http2Error(errorCodes.flowControl, "Cannot take more data than were allowed");
    }
    const stream = this.#streams.get(head.streamId);
    if (!stream) {
      this.#checkKnown(head.streamId);
      // Of a stream that was reset here.
      return this.#takenOfAll(payload.length);
    }
    if (stream.isRemoteEnded) {
      this.#takenOfAll(payload.length);
      throw new Http2Error(errorCodes.streamClosed, "Cannot take data after the end", stream.id);
    }
    stream.receiveWindow -= payload.length;
    if (stream.receiveWindow < 0) {
      this.#takenOfAll(payload.length);
      throw new Http2Error(errorCodes.flowControl, "Cannot take so many data", stream.id);
    }
    const data = stripPadding(head, payload);
    if (data.length < payload.length) this.taken(stream, payload.length - data.length);
    if (data.length > 0) stream.receive(data);
    if (head.flags & frameFlags.endStream && !stream.isClosed) stream.receiveEnd();
  }

  #checkedBlock(head: FrameHead, payload: Buffer): HeaderBlock | undefined {
    checkFrame(head, { isOnStream: true });
    return this.#blocks.add(head, payload);
  }

  #takeHeaders(block: HeaderBlock | undefined): void {
    if (!block) return;
    // In any case, for later blocks build on it.
    const fields = this.#decoder.decode(block.bytes);
    const known = this.#streams.get(block.streamId);
    if (known) {
      if (known.isRemoteEnded) {
        throw new Http2Error(errorCodes.streamClosed, "Cannot take more headers", known.id);
      }
      known.receiveHeaders(fields);
      if (block.isEnd && !known.isClosed) known.receiveEnd();
      return;
    }
    if (!this.#isServer) return this.#checkKnown(block.streamId);
    this.#takeStream(block, fields);
  }

  #takeStream({ streamId, isEnd }: HeaderBlock, fields: readonly HeaderField[]): void {
    if (streamId % 2 === 0) throw new Http2Error(errorCodes.protocol, "Cannot take an even stream");
    // A stream that was reset here may still get its trailers.
    if (streamId <= this.#lastPeerId) return;
    this.#lastPeerId = streamId;
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#isClosing || this.#streams.size >= maxConcurrentStreams) {
      throw new Http2Error(errorCodes.refused, "Cannot take more streams", streamId);
    }
    const stream = this.#addStream(streamId);
    this.#options.onStream?.(stream, fields);
    if (isEnd && !stream.isClosed) stream.receiveEnd();
  }

  #takeReset(head: FrameHead, payload: Buffer): void {
    checkFrame(head, { isOnStream: true, bytes: 4 });
    this.#resets.count();
    const stream = this.#streams.get(head.streamId);
    if (stream) stream.close(payload.readUInt32BE(0));
    else this.#checkKnown(head.streamId);
  }

  #takeSettings(head: FrameHead, payload: Buffer): void {
    this.#hasSettings = true;
    if (head.flags & frameFlags.ack) return checkFrame(head, { isOnStream: false, bytes: 0 });
    checkFrame(head, { isOnStream: false });
    this.#settingsLimit.count();
    const settings = readSettings(payload);
    if (settings.headerTableBytes !== undefined)
      this.output.encoder.limitTable(settings.headerTableBytes);
    this.maxFrameBytes = settings.maxFrameBytes ?? this.maxFrameBytes;
    this.output.frame({ type: frameTypes.settings, flags: frameFlags.ack, payload: noBytes });
    const { initialWindowBytes: window } = settings;
    if (window === undefined) return;
    const change = window - this.#streamSendWindow;
    this.#streamSendWindow = window;
    for (const stream of [...this.#streams.values()]) this.#widen(stream, change);
  }

  #takePing(head: FrameHead, payload: Buffer): void {
    checkFrame(head, { isOnStream: false, bytes: 8 });
    if (head.flags & frameFlags.ack) return this.#pings.shift()?.();
    this.#pingLimit.count();
    this.output.frame({ type: frameTypes.ping, flags: frameFlags.ack, payload });
  }

  #takeWindowUpdate(head: FrameHead, payload: Buffer): void {
    if (payload.length !== 4) throw new Http2Error(errorCodes.frameSize, "Cannot widen a window");
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff;
    const { streamId } = head;
    if (bytes === 0) {
      const onStream = streamId === 0 ? undefined : streamId;
      throw new Http2Error(errorCodes.protocol, "Cannot widen a window by nothing", onStream);
    }
    if (streamId !== 0) {
      const stream = this.#streams.get(streamId);
      if (stream) this.#widen(stream, bytes);
      else this.#checkKnown(streamId);
      return;
    }
    this.sendWindow += bytes;
    if (this.sendWindow > 0x7fff_ffff) {
      throw new Http2Error(errorCodes.flowControl, "Cannot use so wide a window");
    }
    this.#goOn();
  }

  #widen(stream: Http2Stream, bytes: number): void {
    if (stream.widen(bytes)) return;
    throw new Http2Error(errorCodes.flowControl, "Cannot use so wide a window", stream.id);
  }

  /** There is room again, in the socket or in the connection's window. */
  #goOn(): void {
    if (this.socket.isPaused() && this.socket.writableLength < pauseAtBytes) this.socket.resume();
    for (const stream of this.#waiting) {
      if (this.output.isFull || this.sendWindow <= 0) return;
      // It waits again, behind the others, where it has more to send.
      this.#waiting.delete(stream);
      stream.pump();
    }
  }

  #takenOfAll(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes < this.#options.windowBytes * 4 || this.#isClosed) return;
    this.output.windowUpdate(0, this.#takenBytes);
    this.#receiveWindow += this.#takenBytes;
    this.#takenBytes = 0;
  }

  #addStream(id: number): Http2Stream {
    const windows = { send: this.#streamSendWindow, receive: this.#options.windowBytes };
    const stream = new Http2Stream(id, this, windows);
    this.#streams.set(id, stream);
    return stream;
  }

  /** A stream that has been is known though it is gone; one that was never opened is an error. */
  #checkKnown(streamId: number): void {
    const isOwn = streamId % 2 === (this.#isServer ? 0 : 1);
    const isKnown = isOwn ? streamId < this.#nextOwnId : streamId <= this.#lastPeerId;
    if (!isKnown || (isOwn && this.#isServer)) {
      throw new Http2Error(errorCodes.protocol, `Cannot find stream ${streamId}`);
    }
  }

  #endIfIdle(): void {
    if (this.#streams.size > 0 || this.#isClosed) return;
    this.output.flush();
    this.socket.destroySoon();
  }
}

const noBytes = Buffer.alloc(0);
