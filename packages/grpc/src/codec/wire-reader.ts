import { WireError } from "./wire-error.ts";

// What protobuf's own implementations allow; deeper nesting is an attack.
const maxDepth = 100;

/** Reads protobuf's wire format from the front of bytes. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  #depth = 0;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Whether the message, or the nested one that was entered, is over. */
  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** A field's number and wire type as one integer: `number << 3 | type`. */
  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw new WireError("Cannot read a message as a field has the number 0");
    return tag;
  }

  uint32(): number {
    const first = this.#bytes[this.#at] ?? 0x80;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at += 1;
      return first;
    }
    this.#long();
    return this.#low;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  bool(): boolean {
    this.#long();
    return this.#low !== 0 || this.#high !== 0;
  }

  /** A signed 64-bit integer within ±2⁵³. */
  int64(): number {
    this.#long();
    return this.#safe((this.#high | 0) * 0x1_0000_0000 + this.#low);
  }

  /** An unsigned 64-bit integer below 2⁵³. */
  uint64(): number {
    this.#long();
    return this.#safe(this.#high * 0x1_0000_0000 + this.#low);
  }

  int64AsBigint(): bigint {
    return BigInt.asIntN(64, this.uint64AsBigint());
  }

  uint64AsBigint(): bigint {
    this.#long();
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  fixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  /** Length-delimited bytes: a view of what is read from, not a copy. */
  bytes(): Uint8Array {
    const length = this.#length();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    const length = this.#length();
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** Reads a length and makes that many bytes the whole of what there is, until `leave`. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    if (this.#at + length > outer) throw truncated();
    if (++this.#depth > maxDepth) {
      throw new WireError(`Cannot read a message as it is nested deeper than ${maxDepth}`);
    }
    this.#end = this.#at + length;
    return outer;
  }

  /** Ends what `enter` began; `outer` is what it gave. */
  leave(outer: number): void {
    this.#depth -= 1;
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Passes over the value of a field with this tag. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.#long();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#take(this.#length());
    else if (wireType === 5) this.#take(4);
    else throw new WireError(`Cannot read a message as wire type ${wireType} is not known`);
  }

  #safe(value: number): number {
    if (Number.isSafeInteger(value)) return value;
    throw new WireError(`Cannot read a field as it must be an integer within 2^53: ${value}`);
  }

  #length(): number {
    this.#high = 0;
    const length = this.uint32();
    if (this.#high !== 0) throw truncated();
    return length;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw truncated();
    this.#at = at + length;
    return at;
  }

  /** Reads a varint of up to ten bytes into `#low` and `#high`. */
  #long(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw truncated();
      const byte = this.#bytes[this.#at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new WireError("Cannot read a message as an integer has more than 64 bits");
  }
}

function truncated(): WireError {
  return new WireError("Cannot read a message as it is cut short");
}
