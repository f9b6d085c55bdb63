import type { Socket } from "node:net";

/** Bytes of the largest packet; a payload that fills one goes on in the next. */
const fullPacket = 0xff_ffff;

/** Flags of `SERVER_STATUS`. */
export const inTransactionFlag = 0x0001;
const moreResultsFlag = 0x0008;

/** A message of the protocol: its number in the exchange, and what it says. */
export interface Packet {
  readonly sequence: number;
  readonly payload: Buffer;
}

/** The packets of a connection, one after another. */
export class PacketSocket {
  readonly socket: Socket;
  readonly #packets: Packet[] = [];
  readonly #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #partial: Buffer[] = [];
  #wake = Promise.withResolvers<void>();
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#push(bytes));
    socket.on("error", () => socket.destroy());
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake.resolve();
      closed.resolve();
    });
  }

  /** The next packet; an error once the connection is gone. */
  async next(): Promise<Packet> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet) return packet;
      if (this.isClosed) throw new Error("The connection is closed");
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }

  /** Sends payloads as packets from a number on. */
  send(payloads: readonly Buffer[], sequence: number): void {
    if (this.isClosed) return;
    this.socket.write(
      Buffer.concat(payloads.flatMap((payload, i) => framed(payload, sequence + i))),
    );
  }

  #push(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    for (;;) {
      const header = this.#peek(4);
      if (!header) return;
      const length = header.readUIntLE(0, 3);
      if (this.#pieceBytes < 4 + length) return;
      const whole = this.#take(4 + length);
      this.#partial.push(whole.subarray(4));
      if (length === fullPacket) continue;
      const payload = this.#partial.length === 1 ? whole.subarray(4) : Buffer.concat(this.#partial);
      this.#partial = [];
      this.#packets.push({ sequence: whole.readUInt8(3), payload });
      this.#wake.resolve();
    }
  }

  #peek(length: number): Buffer | undefined {
    if (this.#pieceBytes < length) return undefined;
    const [first] = this.#pieces;
    return first && first.length >= length ? first : this.#join();
  }

  #take(length: number): Buffer {
    const [first] = this.#pieces;
    const all = first && first.length >= length ? first : this.#join();
    if (all.length === length) this.#pieces.shift();
    else this.#pieces[0] = all.subarray(length);
    this.#pieceBytes -= length;
    return all.subarray(0, length);
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#pieces);
    this.#pieces.splice(0, this.#pieces.length, all);
    return all;
  }
}

function framed(payload: Buffer, sequence: number): readonly Buffer[] {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence & 0xff, 3);
  return [header, payload];
}

/** A number in its length-encoded form, and where it ends. */
export function readLength(
  bytes: Buffer,
  at: number,
): { readonly value: number; readonly end: number } {
  const first = bytes.readUInt8(at);
  if (first < 0xfb) return { value: first, end: at + 1 };
  if (first === 0xfc) return { value: bytes.readUInt16LE(at + 1), end: at + 3 };
  if (first === 0xfd) return { value: bytes.readUIntLE(at + 1, 3), end: at + 4 };
  return { value: Number(bytes.readBigUInt64LE(at + 1)), end: at + 9 };
}

/** Text with its length before it. */
export function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 0xfb) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = Buffer.from([0xfc, bytes.length & 0xff, bytes.length >> 8]);
  return Buffer.concat([length, bytes]);
}

/** What a server says to one statement: OK, an error, or columns and rows; the last packet ends it. */
export type Answer = readonly Buffer[];

/** The answer that all went well. */
export function okAnswer(status: number): Answer {
  const payload = Buffer.from([0, 0, 0, 0, 0, 0, 0]);
  payload.writeUInt16LE(status, 3);
  return [payload];
}

/** An error of the server. */
export function errorAnswer(errno: number, message: string, state = "HY000"): Answer {
  const payload = Buffer.from(`\xff__#${state}${message}`, "latin1");
  payload.writeUInt16LE(errno, 1);
  return [payload];
}

/** The error that an answer is or ends with. */
export function errorOf(
  answer: Answer,
): { readonly errno: number; readonly text: string } | undefined {
  const last = answer.at(-1);
  if (!last || last.readUInt8(0) !== 0xff) return undefined;
  return { errno: last.readUInt16LE(1), text: last.toString("latin1", 9) };
}

/** Whether the server has a transaction open after it. */
export function isInTransaction(answer: Answer): boolean {
  const at = statusAt(answer.at(-1));
  return at !== undefined && (at.payload.readUInt16LE(at.offset) & inTransactionFlag) !== 0;
}

/** The answer with the mark that another statement's follows. */
export function withMore(answer: Answer): Answer {
  const last = answer.at(-1);
  const at = statusAt(last && Buffer.from(last));
  if (!at) return answer;
  const status = at.payload.readUInt16LE(at.offset);
  at.payload.writeUInt16LE(status | moreResultsFlag, at.offset);
  return [...answer.slice(0, -1), at.payload];
}

function statusAt(payload: Buffer | undefined): { payload: Buffer; offset: number } | undefined {
  if (!payload) return undefined;
  if (isEnd(payload)) return { payload, offset: 3 };
  if (payload.readUInt8(0) !== 0) return undefined;
  const { end } = readLength(payload, 1);
  return { payload, offset: readLength(payload, end).end };
}

/** Whether a packet ends the columns or the rows of an answer. */
export function isEnd(payload: Buffer): boolean {
  return payload.readUInt8(0) === 0xfe && payload.length < 9;
}

/** Rows of an answer as text; `null` is told as empty. */
export function textRows(answer: Answer): readonly (readonly string[])[] {
  const from = answer.findIndex(isEnd) + 1;
  return answer.slice(from, -1).map((payload) => {
    const row: string[] = [];
    for (let at = 0; at < payload.length;) {
      if (payload.readUInt8(at) === 0xfb) {
        row.push("");
        at++;
        continue;
      }
      const { value, end } = readLength(payload, at);
      row.push(payload.toString("utf8", end, end + value));
      at = end + value;
    }
    return row;
  });
}

/** The same columns with other rows. */
export function withTextRows(answer: Answer, rows: readonly (readonly string[])[]): Answer {
  const columns = answer.slice(0, answer.findIndex(isEnd) + 1);
  const end = answer.at(-1) ?? Buffer.alloc(0);
  return [...columns, ...rows.map((row) => Buffer.concat(row.map(lengthAndText))), end];
}
