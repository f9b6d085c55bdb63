const encoder = new TextEncoder();

/** Writes the parts of protobuf's wire format. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #at = 0;

  /** What has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  writeInteger(field: number, value: number | bigint): void {
    this.#varint(field * 8);
    this.#varint(value);
  }

  writeDouble(field: number, value: number): void {
    this.#varint(field * 8 + 1);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  writeText(field: number, text: string): void {
    this.writeBytes(field, encoder.encode(text));
  }

  writeBytes(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + 2);
    this.#varint(bytes.length);
    this.append(bytes);
  }

  /** Writes bytes as they are. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === "bigint" || value < 0 || !Number.isSafeInteger(value)) {
      this.#long(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.#put((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.#put(rest);
  }

  #long(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#put(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#put(Number(rest));
  }

  #put(byte: number): void {
    this.#bytes[this.#at] = byte;
    this.#at += 1;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const next = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    next.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = next;
  }
}
