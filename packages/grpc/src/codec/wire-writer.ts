import type { SpareBuffer } from "./spare-buffer.ts";
import { WireError } from "./wire-error.ts";

const firstBytes = 128;
const mostNextBytes = 64 * 1024;
// Three bytes a UTF-16 unit at most, so the length of a shorter text always fits one byte.
const shortText = 42;
const empty = Buffer.alloc(0);

/**
 * Writes protobuf's wire format into one growing buffer, which `take` hands over without a copy.
 *
 * @example
 * const writer = new WireWriter();
 * writer.text("hz-a");
 * writer.take(); // 4 bytes of length and text, and an empty writer
 */
export class WireWriter {
  readonly #spare: SpareBuffer | undefined;
  #bytes: Buffer = empty;
  #at = 0;
  /** A writer that is used again will hold about as much again. */
  #nextBytes = firstBytes;

  /** `spare` is where large buffers come from and go to; only for writers that `lend`. */
  constructor(spare?: SpareBuffer) {
    this.#spare = spare;
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#at;
  }

  /** What has been written. The writer is empty afterwards and never touches these bytes again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#nextBytes = Math.max(firstBytes, Math.min(this.#at, mostNextBytes));
    this.#bytes = empty;
    this.#at = 0;
    return taken;
  }

  /** A copy of what was written after `at`. */
  copyFrom(at: number): Buffer {
    return Buffer.from(this.#bytes.subarray(at, this.#at));
  }

  /** What has been written, to be used before anything else is written; it is empty afterwards. */
  lend(): Buffer {
    const lent = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return lent;
  }

  /** What was lent is not used any more, so that the same memory serves again. */
  takeBack(): void {
    if (this.#bytes.length <= mostNextBytes) return;
    this.#spare?.give(this.#bytes);
    this.#bytes = empty;
  }

  /** What was lent is kept by whoever has it: the writer never touches these bytes again. */
  giveAway(): void {
    this.#nextBytes = Math.max(firstBytes, Math.min(this.#bytes.length, mostNextBytes));
    this.#bytes = empty;
  }

  /**
   * Makes room within what was written since `start`: `gap` bytes before each part of `every` bytes
   * but the first.
   */
  insertGaps(
    start: number,
    { every, gap }: { readonly every: number; readonly gap: number },
  ): void {
    const end = this.#at;
    const gaps = Math.ceil((end - start) / every) - 1;
    this.#reserve(gaps * gap);
    for (let i = gaps; i > 0; i--) {
      const from = start + i * every;
      this.#bytes.copyWithin(from + i * gap, from, Math.min(from + every, end));
    }
    this.#at = end + gaps * gap;
  }

  /** Drops what was written after `at`. */
  truncate(at: number): void {
    this.#at = at;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** An unsigned integer below 2³². */
  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** An integer within ±2⁵³, in 64-bit two's complement. */
  integer(value: number): void {
    if (value >>> 0 === value) {
      this.varint(value);
    } else if (Number.isSafeInteger(value)) {
      this.#long(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
    } else {
      throw new WireError(`Cannot write a field as it must be an integer within 2^53: ${value}`);
    }
  }

  /** A 64-bit integer, signed or not. */
  bigint(value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    this.#long(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** Eight bytes, little-endian. */
  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
  }

  /** Four bytes, big-endian. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  /** Four bytes, big-endian, at a place that was written before. */
  patchUint32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** A byte at a place that was written before. */
  patchByte(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** A text with its length before it. */
  text(value: string): void {
    if (value.length <= shortText) {
      this.#reserve(1 + value.length * 3);
      const written = this.#bytes.write(value, this.#at + 1, "utf8");
      this.#bytes[this.#at] = written;
      this.#at += 1 + written;
      return;
    }
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at, "utf8");
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.append(value);
  }

  /** Bytes as they are. */
  append(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Starts something whose length is not known yet; give the result to `endNested`. */
  beginNested(): number {
    this.byte(0);
    return this.#at;
  }

  /** Writes the length of what was written since `start`, and moves it where that takes more than a byte. */
  endNested(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = varintLength(length) - 1;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.varint(length);
    this.#at += length;
  }

  #long(low: number, high: number): void {
    this.#reserve(10);
    let [lo, hi] = [low, high];
    while (hi > 0 || lo > 0x7f) {
      this.#bytes[this.#at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.#bytes[this.#at++] = lo;
  }

  #reserve(length: number): void {
    const wanted = this.#at + length;
    if (wanted <= this.#bytes.length) return;
    const bytes = Math.max(this.#nextBytes, this.#bytes.length * 2, wanted);
    const spare = bytes > mostNextBytes ? this.#spare?.take(wanted) : undefined;
    const next = spare ?? Buffer.allocUnsafe(bytes);
    this.#bytes.copy(next, 0, 0, this.#at);
    this.#bytes = next;
  }
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
