import type { HeaderField } from "./header-field.ts";
import { staticTable } from "./hpack-static-table.ts";
import { errorCodes, Http2Error } from "./http2-error.ts";
import { decodeHuffman } from "./huffman.ts";

// What a peer may use unless it is told otherwise, and it is not.
const maxTableBytes = 4096;
// Of one block, as it is when it was read: a byte may stand for a whole entry of the table.
const maxFieldBytes = 64 * 1024;
// What RFC 7541 adds to each entry's own bytes.
const entryBytes = 32;
/** Blocks that were read and may come again, as most requests have the same headers. */
const maxKnownBlocks = 64;
const maxKnownBytes = 64;

/** Reads header blocks (HPACK, RFC 7541), which must be given in the order in which they came. */
export class HpackDecoder {
  /** Oldest first. */
  readonly #entries: HeaderField[] = [];
  #tableBytes = 0;
  #maxBytes = maxTableBytes;
  /** Blocks that mean the same as long as the table stays as it is; the same list each time. */
  readonly #known = new Map<string, readonly HeaderField[]>();
  #hasChanged = false;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws {Http2Error} The block is broken, and so all that follow. */
  decode(block: Buffer): readonly HeaderField[] {
    const key = block.length <= maxKnownBytes ? block.toString("latin1") : undefined;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known) return known;
    this.#hasChanged = false;
    this.#block = block;
    this.#at = 0;
    const fields: HeaderField[] = [];
    let bytes = 0;
    while (this.#at < block.length) {
      const before = fields.length;
      this.#readField(fields);
      const field = fields[before];
      bytes += field ? bytesOf(field) : 0;
      if (bytes > maxFieldBytes) {
        throw new Http2Error(errorCodes.enhanceYourCalm, "Cannot read so many headers");
      }
    }
    if (key !== undefined && !this.#hasChanged) {
      if (this.#known.size >= maxKnownBlocks) this.#known.clear();
      this.#known.set(key, fields);
    }
    return fields;
  }

  #readField(fields: HeaderField[]): void {
    const first = this.#block[this.#at] ?? 0;
    if (first & 0x80) {
      fields.push(this.#entry(this.#integer(7)));
    } else if (first & 0x40) {
      const field = this.#literal(this.#integer(6));
      fields.push(field);
      this.#insert(field);
    } else if (first & 0x20) {
      if (fields.length > 0) throw broken("a table size within a block");
      this.#resize(this.#integer(5));
    } else {
      fields.push(this.#literal(this.#integer(4)));
    }
  }

  #literal(nameIndex: number): HeaderField {
    const name = nameIndex === 0 ? this.#text() : this.#entry(nameIndex).name;
    return { name, value: this.#text() };
  }

  #entry(index: number): HeaderField {
    const entry =
      index <= staticTable.length
        ? staticTable[index - 1]
        : this.#entries[this.#entries.length - (index - staticTable.length)];
    if (!entry) throw broken(`an index that has no entry: ${index}`);
    return entry;
  }

  #text(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw broken("a text that is cut short");
    return isHuffman
      ? decodeHuffman(this.#block.subarray(from, this.#at))
      : this.#block.toString("latin1", from, this.#at);
  }

  /** An integer whose first part has so many bits. */
  #integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw broken("an integer that is too large");
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw broken("a block that is cut short");
    return byte;
  }

  #insert(field: HeaderField): void {
    this.#entries.push(field);
    this.#tableBytes += bytesOf(field);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > maxTableBytes) throw broken(`a table of ${bytes} bytes`);
    this.#maxBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    this.#hasChanged = true;
    this.#known.clear();
    while (this.#tableBytes > this.#maxBytes) {
      const oldest = this.#entries.shift();
      if (!oldest) return;
      this.#tableBytes -= bytesOf(oldest);
    }
  }
}

function bytesOf({ name, value }: HeaderField): number {
  return name.length + value.length + entryBytes;
}

function broken(why: string): Http2Error {
  return new Http2Error(errorCodes.compression, `Cannot read headers as they have ${why}`);
}
