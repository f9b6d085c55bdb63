import { ProtobufError } from "./protobuf-message.ts";

const decoder = new TextDecoder("utf-8");
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads the parts of protobuf's wire format from the front of bytes. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A field's number and wire type, as one integer: `number << 3 | type`. */
  readTag(): number {
    return Number(this.readUnsigned());
  }

  /** An unsigned integer; `bigint` beyond 2⁵³. */
  readUnsigned(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 7; count += 1) {
      const byte = this.#next();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    return this.#readLong(BigInt(value), 49n);
  }

  /** A signed 64-bit integer in two's complement; `bigint` beyond ±2⁵³. */
  readSigned(): number | bigint {
    const value = this.readUnsigned();
    if (typeof value === "number") return value;
    const signed = BigInt.asIntN(64, value);
    return signed > maxSafe || signed < -maxSafe ? signed : Number(signed);
  }

  readDouble(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  /** Length-delimited bytes: a view, not a copy. */
  readBytes(): Uint8Array {
    const length = Number(this.readUnsigned());
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  readText(): string {
    return decoder.decode(this.readBytes());
  }

  /** Passes over the value of a field with this tag. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.readUnsigned();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.readBytes();
    else if (wireType === 5) this.#take(4);
    else throw new ProtobufError(`Cannot read protobuf: wire type ${wireType}`);
  }

  #next(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new ProtobufError("Cannot read protobuf: unexpected EOF");
    this.#at += 1;
    return byte;
  }

  #take(length: number): number {
    const at = this.#at;
    if (!(length >= 0 && at + length <= this.#bytes.length)) {
      throw new ProtobufError("Cannot read protobuf: unexpected EOF");
    }
    this.#at = at + length;
    return at;
  }

  #readLong(low: bigint, from: bigint): number | bigint {
    let value = low;
    for (let shift = from; shift < 70n; shift += 7n) {
      const byte = this.#next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value > maxSafe ? BigInt.asUintN(64, value) : Number(value);
    }
    throw new ProtobufError("Cannot read protobuf: integer overflow");
  }
}
