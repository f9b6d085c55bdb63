// The few ASN.1 types that a certificate is made of, in their one DER encoding (ITU-T X.690).

/** An object identifier in dots: `2.5.4.3`. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A non-negative integer from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Buffer.from([0]) : Buffer.from(bytes.subarray(start));
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0;
  return tlv(0x02, isNegative ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}

export function derTrue(): Buffer {
  return Buffer.from([0x01, 0x01, 0xff]);
}

export function derNull(): Buffer {
  return Buffer.from([0x05, 0x00]);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return tlv(0x04, bytes);
}

/** A bit string; `unusedBits` of the last byte do not count. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function derUtf8String(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text, "utf8"));
}

/** UTCTime until 2049 and GeneralizedTime after, as RFC 5280 §4.1.2.5 has it; whole seconds. */
export function derTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

export function derSet(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x31, Buffer.concat(parts));
}

/** `[number] EXPLICIT`. */
export function derExplicit(number: number, content: Uint8Array): Buffer {
  return tlv(0xa0 | number, content);
}

/** `[number] IMPLICIT` over a primitive type. */
export function derImplicit(number: number, content: Uint8Array): Buffer {
  return tlv(0x80 | number, content);
}

/** One element of an encoding: its tag, its content, and the whole of it. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/**
 * Splits a constructed value into its elements.
 *
 * @throws {RangeError} If the bytes end early.
 */
export function readDer(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const { start, length } = readLength(bytes, at + 1);
    if (start + length > bytes.length) throw new RangeError("The DER encoding ends early");
    elements.push({
      tag: bytes.readUInt8(at),
      content: bytes.subarray(start, start + length),
      whole: bytes.subarray(at, start + length),
    });
    at = start + length;
  }
  return elements;
}

function tlv(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function readLength(
  bytes: Buffer,
  at: number,
): { readonly start: number; readonly length: number } {
  const first = bytes.readUInt8(at);
  if (first < 0x80) return { start: at + 1, length: first };
  const count = first & 0x7f;
  return { start: at + 1 + count, length: bytes.readUIntBE(at + 1, count) };
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
