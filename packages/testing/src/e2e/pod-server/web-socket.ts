import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The server's end of a WebSocket (RFC 6455), of whole binary messages. */
export class WebSocket {
  readonly #socket: Duplex;
  readonly #onMessage: (message: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  /** Answers the request; `protocol` is the one chosen of those that the client has. */
  constructor(
    request: IncomingMessage,
    socket: Duplex,
    given: { readonly protocol: string; readonly onMessage: (message: Buffer) => void },
  ) {
    const key = request.headers["sec-websocket-key"] ?? "";
    const accept = createHash("sha1")
      .update(key + acceptSuffix)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${given.protocol}\r\n\r\n`,
    );
    this.#socket = socket;
    this.#onMessage = given.onMessage;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  send(message: Uint8Array): void {
    this.#frame(2, message);
  }

  close(): void {
    this.#frame(8, Buffer.from([0x03, 0xe8]));
    this.#socket.end();
  }

  #frame(opcode: number, payload: Uint8Array): void {
    const isShort = payload.length < 126;
    const head = Buffer.alloc(isShort ? 2 : 10);
    head[0] = 0x80 | opcode;
    head[1] = isShort ? payload.length : 127;
    if (!isShort) head.writeBigUInt64BE(BigInt(payload.length), 2);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([head, payload]));
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let frame = readFrame(this.#rest); frame; frame = readFrame(this.#rest)) {
      this.#rest = this.#rest.subarray(frame.length);
      this.#handle(frame);
    }
  }

  #handle({ opcode, payload, isLast }: Frame): void {
    if (opcode === 8) this.#socket.end();
    if (opcode === 9) this.#frame(10, payload);
    if (opcode > 2) return;
    this.#parts.push(payload);
    if (!isLast) return;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#onMessage(message);
  }
}

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  /** Of the whole frame, in bytes. */
  readonly length: number;
}

function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskAt = 2 + extra;
  if (bytes.length < maskAt + 4) return undefined;
  const size =
    extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const start = maskAt + 4;
  if (bytes.length < start + size) return undefined;
  const mask = bytes.subarray(maskAt, start);
  const payload = Buffer.from(bytes.subarray(start, start + size));
  for (let at = 0; at < size; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload, length: start + size };
}
