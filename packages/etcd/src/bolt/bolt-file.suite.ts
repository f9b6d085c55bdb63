import { equal, ok } from "node:assert/strict";

const pageBytes = 4096;

/** What a database holds: of each bucket its items in the order of their keys, which are in Latin-1. */
export type BoltContent = ReadonlyMap<string, readonly (readonly [string, Buffer])[]>;

/** A database, and how it is laid out. */
export interface BoltFile {
  readonly content: BoltContent;
  /** Of each bucket with pages of its own, how many levels of them it has. */
  readonly levels: ReadonlyMap<string, number>;
}

/** Reads a database, and finds that each of its pages is used once and that all keys are in order. */
export function readBoltFile(bytes: Buffer): BoltFile {
  const reading = new Reading(bytes);
  const content = new Map<string, readonly (readonly [string, Buffer])[]>();
  const levels = new Map<string, number>();
  for (const [name, bucket] of reading.tree(reading.root()).items) {
    const root = Number(bucket.readBigUInt64LE(0));
    if (root === 0) {
      content.set(name, reading.page(bucket.subarray(16), 1).items);
    } else {
      const tree = reading.tree(root);
      content.set(name, tree.items);
      levels.set(name, tree.levels);
    }
  }
  equal(reading.seen.size, bytes.length / pageBytes, "there are pages that nothing uses");
  return { content, levels };
}

interface Tree {
  readonly items: readonly (readonly [string, Buffer])[];
  readonly levels: number;
}

class Reading {
  readonly #bytes: Buffer;
  readonly seen: Set<number> = new Set([0, 1]);

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  root(): number {
    const metas = [0, 1].map((page) => this.#bytes.subarray(page * pageBytes + 16));
    const [newest] = metas.sort((a, b) => Number(b.readBigUInt64LE(48) - a.readBigUInt64LE(48)));
    ok(newest);
    equal(newest.readUInt32LE(0), 0xed0cdaed);
    equal(Number(newest.readBigUInt64LE(40)), this.#bytes.length / pageBytes);
    return Number(newest.readBigUInt64LE(16));
  }

  tree(root: number): Tree {
    const bytes = this.#bytes.subarray(root * pageBytes);
    equal(Number(bytes.readBigUInt64LE(0)), root);
    for (let page = root; page <= root + bytes.readUInt32LE(12); page++) {
      ok(!this.seen.has(page), `page ${page} is used twice`);
      this.seen.add(page);
    }
    return this.page(bytes, 1);
  }

  page(bytes: Buffer, level: number): Tree {
    const isBranch = bytes.readUInt16LE(8) === 1;
    if (!isBranch) equal(bytes.readUInt16LE(8), 2);
    const items: (readonly [string, Buffer])[] = [];
    let levels = level;
    for (let at = 16; at < 16 + bytes.readUInt16LE(10) * 16; at += 16) {
      const data = at + bytes.readUInt32LE(isBranch ? at : at + 4);
      const valueAt = data + bytes.readUInt32LE(isBranch ? at + 4 : at + 8);
      const key = bytes.toString("latin1", data, valueAt);
      const last = items.at(-1)?.[0];
      ok(last === undefined || last < key, "keys are out of order");
      if (isBranch) {
        const child = this.tree(Number(bytes.readBigUInt64LE(at + 8)));
        equal(child.items[0]?.[0], key);
        for (const item of child.items) items.push(item);
        levels = Math.max(levels, child.levels + 1);
      } else {
        items.push([key, bytes.subarray(valueAt, valueAt + bytes.readUInt32LE(at + 12))]);
      }
    }
    return { items, levels };
  }
}
