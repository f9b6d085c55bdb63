import type { WireWriter } from "../codec/wire-writer.ts";
import type { HeaderField } from "./header-field.ts";
import { staticTable } from "./hpack-static-table.ts";

const maxTableBytes = 4096;
const entryBytes = 32;

const staticIndex: ReadonlyMap<string, number> = new Map(
  staticTable.map(({ name, value }, at) => [`${name}\0${value}`, at + 1]),
);
/** The first entry of each name. */
const nameIndex: ReadonlyMap<string, number> = new Map(
  staticTable.map(({ name }, at) => [name, at + 1] as const).toReversed(),
);

/**
 * Writes header blocks (HPACK, RFC 7541). Constant fields are entered in the table while it has
 * room, so nothing is ever evicted from it, and no text is in Huffman code: later blocks are a byte a field.
 */
export class HpackEncoder {
  /** What was entered, and as which one. */
  readonly #entered = new Map<string, number>();
  #tableBytes = 0;
  #maxBytes = maxTableBytes;
  #owesSize = false;
  /** Lists of constant fields only, as they are written while the table stays as it is. */
  readonly #known = new Map<readonly HeaderField[], Buffer>();

  /** The peer allows a table of so many bytes. A smaller one than is in use is given up. */
  limitTable(bytes: number): void {
    if (bytes >= this.#maxBytes) return;
    this.#maxBytes = 0;
    this.#tableBytes = 0;
    this.#entered.clear();
    this.#known.clear();
    this.#owesSize = true;
  }

  /** Appends a block. A list that is used again should be the same object. */
  encode(fields: readonly HeaderField[], to: WireWriter): void {
    const known = this.#known.get(fields);
    if (known) return to.append(known);
    if (this.#owesSize) {
      this.#owesSize = false;
      writeInteger(to, { first: 0x20, bits: 5, value: 0 });
    }
    const start = to.length;
    let isSettled = true;
    for (const field of fields) isSettled = this.#encodeField(field, to) && isSettled;
    if (isSettled) this.#known.set(fields, to.copyFrom(start));
  }

  /** Tells whether it will be written in the same way as long as the table stays as it is. */
  #encodeField(field: HeaderField, to: WireWriter): boolean {
    const { name, value, isConstant = false } = field;
    const key = `${name}\0${value}`;
    const fixed = staticIndex.get(key);
    if (fixed !== undefined) {
      writeInteger(to, { first: 0x80, bits: 7, value: fixed });
      return isConstant;
    }
    const entered = this.#entered.get(key);
    if (entered !== undefined) {
      const index = staticTable.length + this.#entered.size - entered;
      writeInteger(to, { first: 0x80, bits: 7, value: index });
      return isConstant;
    }
    const isEntered = isConstant && this.#enter(field, key);
    const named = nameIndex.get(name) ?? 0;
    writeInteger(to, { first: isEntered ? 0x40 : 0, bits: isEntered ? 6 : 4, value: named });
    if (named === 0) writeText(to, name);
    writeText(to, value);
    return isConstant && !isEntered;
  }

  #enter({ name, value }: HeaderField, key: string): boolean {
    const bytes = name.length + value.length + entryBytes;
    if (this.#tableBytes + bytes > this.#maxBytes) return false;
    this.#tableBytes += bytes;
    this.#entered.set(key, this.#entered.size);
    // All indexes have moved on.
    this.#known.clear();
    return true;
  }
}

function writeText(to: WireWriter, text: string): void {
  writeInteger(to, { first: 0, bits: 7, value: text.length });
  to.append(Buffer.from(text, "latin1"));
}

/** An integer that begins in the last `bits` of a byte. */
function writeInteger(
  to: WireWriter,
  { first, bits, value }: { readonly first: number; readonly bits: number; readonly value: number },
): void {
  const most = 2 ** bits - 1;
  if (value < most) return to.byte(first | value);
  to.byte(first | most);
  // What is left is in groups of seven bits, as in protobuf.
  to.varint(value - most);
}
