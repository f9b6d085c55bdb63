import { constants, deflateRawSync } from "node:zlib";

/** What is told of the streams that a client opens, by their numbers. */
export interface SpdyEvents {
  /** The first is 0, whatever its id. */
  readonly onStream: (at: number) => void;
  readonly onData: (at: number, bytes: Buffer) => void;
  /** The client will send no more on it. */
  readonly onEnd: (at: number) => void;
}

const version = 0x8003;
const types = { synStream: 1, synReply: 2, ping: 6 };
const fin = 1;

/** The server's end of SPDY/3.1, as far as kubectl needs it: streams are told apart by their order. */
export class Spdy {
  readonly #write: (bytes: Buffer) => void;
  readonly #events: SpdyEvents;
  readonly #ids: number[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #hasReplied = false;

  constructor(write: (bytes: Buffer) => void, events: SpdyEvents) {
    this.#write = write;
    this.#events = events;
  }

  /** Takes what has come. */
  take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 8) {
      const length = 8 + this.#rest.readUIntBE(5, 3);
      if (this.#rest.length < length) return;
      const frame = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.#handle(frame);
    }
  }

  send(at: number, bytes: Uint8Array, flags: "more" | "last" = "more"): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(this.#ids[at] ?? 0, 0);
    head[4] = flags === "last" ? fin : 0;
    head.writeUIntBE(bytes.length, 5, 3);
    this.#write(Buffer.concat([head, bytes]));
  }

  #handle(frame: Buffer): void {
    const isLast = ((frame[4] ?? 0) & fin) !== 0;
    if ((frame.readUInt16BE(0) & 0x8000) === 0) {
      const at = this.#ids.indexOf(frame.readUInt32BE(0));
      if (frame.length > 8) this.#events.onData(at, frame.subarray(8));
      if (isLast) this.#events.onEnd(at);
      return;
    }
    const type = frame.readUInt16BE(2);
    if (type === types.ping) this.#write(Buffer.from(frame));
    if (type !== types.synStream) return;
    const at = this.#ids.push(frame.readUInt32BE(8)) - 1;
    this.#reply(frame.subarray(8, 12));
    this.#events.onStream(at);
    if (isLast) this.#events.onEnd(at);
  }

  #reply(id: Buffer): void {
    const block = this.#emptyBlock();
    const head = Buffer.alloc(8);
    head.writeUInt16BE(version, 0);
    head.writeUInt16BE(types.synReply, 2);
    head.writeUIntBE(4 + block.length, 5, 3);
    this.#write(Buffer.concat([head, id, block]));
  }

  /** No headers, in the one zlib stream that all blocks of a session make up. */
  #emptyBlock(): Buffer {
    const flushed = deflateRawSync(Buffer.alloc(4), { finishFlush: constants.Z_SYNC_FLUSH });
    if (this.#hasReplied) return flushed;
    this.#hasReplied = true;
    return Buffer.concat([Buffer.from([0x78, 0x9c]), flushed]);
  }
}
