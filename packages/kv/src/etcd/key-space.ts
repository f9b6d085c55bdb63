import type { Key, KeyRange } from "../store/mvcc-store.ts";

/** A range on the wire; an empty end is one key. */
export interface WireRange {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

const noBytes = Buffer.alloc(0);
const toTheLast = Buffer.of(0);

/** Our keys among those of the cluster: all that begin with a prefix, which the store does not see. */
export class KeySpace {
  readonly #prefix: Buffer;
  /** The first key after ours; one zero byte where there is none. */
  readonly #end: Buffer;

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
    this.#end = endOf(this.#prefix);
  }

  toWire(key: Key): Buffer {
    return this.#prefix.length === 0 ? key : Buffer.concat([this.#prefix, key]);
  }

  toWireRange({ key, end }: KeyRange): WireRange {
    if (!end || end.length === 0) return { key: this.toWire(key), rangeEnd: noBytes };
    const isToTheLast = end.length === 1 && end[0] === 0;
    return { key: this.toWire(key), rangeEnd: isToTheLast ? this.#end : this.toWire(end) };
  }

  /** Whether a key of the cluster is ours. */
  has(wire: Uint8Array): boolean {
    const { length } = this.#prefix;
    return wire.length >= length && this.#prefix.compare(wire, 0, length) === 0;
  }

  /** One of our keys, without the prefix. */
  fromWire(wire: Uint8Array): Key {
    return toBuffer(wire).subarray(this.#prefix.length);
  }
}

/** Bytes of a message as the store gives them out; not copied. */
export function toBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function endOf(prefix: Buffer): Buffer {
  for (let length = prefix.length; length > 0; length--) {
    const last = prefix[length - 1] ?? 0xff;
    if (last < 0xff) return Buffer.concat([prefix.subarray(0, length - 1), Buffer.of(last + 1)]);
  }
  return toTheLast;
}
