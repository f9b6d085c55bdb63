const initialBytes = 1024;

/** Writes the wire format of protobuf into one growing buffer. */
export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(initialBytes);
  #length = 0;

  /** A text; left out when empty, as in proto3. */
  string(field: number, value: unknown): void {
    if (typeof value !== "string" || value === "") return;
    this.text(field, value);
  }

  /** A text, even an empty one: for repeated fields. */
  text(field: number, value: string): void {
    const bytes = Buffer.byteLength(value);
    this.#tag(field, 2);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#buffer.write(value, this.#length);
    this.#length += bytes;
  }

  /** A boolean; left out when false. */
  bool(field: number, value: unknown): void {
    if (value !== true) return;
    this.#tag(field, 0);
    this.#varint(1);
  }

  /** A whole number that is not negative; left out when 0. */
  integer(field: number, value: unknown): void {
    const number = Number(value ?? 0);
    if (!Number.isSafeInteger(number) || number <= 0) return;
    this.#tag(field, 0);
    this.#varint(number);
  }

  /** A number; left out when 0. */
  double(field: number, value: unknown): void {
    const number = Number(value ?? 0);
    if (number === 0 || Number.isNaN(number)) return;
    this.#tag(field, 1);
    this.#reserve(8);
    this.#buffer.writeDoubleLE(number, this.#length);
    this.#length += 8;
  }

  /** A message, which may be empty. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    this.#tag(field, 2);
    const start = this.#length;
    write(this);
    const bytes = this.#length - start;
    const prefix = varintBytes(bytes);
    this.#reserve(prefix);
    this.#buffer.copyWithin(start + prefix, start, this.#length);
    this.#length = start;
    this.#varint(bytes);
    this.#length += bytes;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#buffer[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
