import {
  elementBytes,
  maxInlineBytes,
  pageBytes,
  pageFlags,
  pageHeadBytes,
  writePageHead,
} from "./bolt-format.ts";

/** Takes pages one after the other. */
export interface PageSink {
  /** The number of the next page. */
  readonly nextPage: number;
  append(page: Buffer): void;
}

/** A key and its value. */
export interface BoltItem {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What may be added to a tree of buckets. */
interface LeafItem extends BoltItem {
  readonly flags: number;
}

interface Child {
  readonly key: Buffer;
  readonly page: number;
}

/** Most elements of a page: their number has 16 bits, and its highest value means something else. */
const maxElements = 0xfffe;

/**
 * Writes a tree of pages from its items in the order of their keys. Of each level there is only one
 * page in memory, the one that is being filled.
 */
export class TreeWriter {
  readonly #sink: PageSink;
  #leaf: LeafItem[] = [];
  #leafBytes = pageHeadBytes;
  #hasPages = false;
  /** The branches that are being filled, those next to the leaves first. */
  readonly #levels: BranchFilling[] = [];
  #lastKey: Buffer | undefined;

  constructor(sink: PageSink) {
    this.#sink = sink;
  }

  /** Adds an item; its key must be above all that were added before. */
  add(key: Buffer, value: Buffer, flags = 0): void {
    if (this.#lastKey && Buffer.compare(this.#lastKey, key) >= 0) {
      throw new Error("A tree was given keys that are not in their order");
    }
    this.#lastKey = key;
    const bytes = elementBytes + key.length + value.length;
    const isFull = this.#leafBytes + bytes > pageBytes || this.#leaf.length === maxElements;
    if (isFull && this.#leaf.length > 0) this.#flushLeaf();
    this.#leaf.push({ key, value, flags });
    this.#leafBytes += bytes;
  }

  /** The only page of a tree that is small enough to stand in its bucket's value, and was not written then. */
  takeInline(): Buffer | undefined {
    if (this.#hasPages || this.#leafBytes > maxInlineBytes) return undefined;
    return encodeLeaf(this.#leaf, { id: 0, bytes: this.#leafBytes });
  }

  /** Writes what is left, and tells the root page. */
  finish(): number {
    if (this.#leaf.length > 0 || !this.#hasPages) this.#flushLeaf();
    for (let level = 0; ; level++) {
      const filling = this.#levels[level];
      if (!filling) throw new Error("A tree has no root");
      const [only, second] = filling.children;
      if (level === this.#levels.length - 1 && only && !second) return only.page;
      this.#flushBranch(level);
    }
  }

  #flushLeaf(): void {
    const id = this.#sink.nextPage;
    this.#sink.append(encodeLeaf(this.#leaf, { id, bytes: wholePages(this.#leafBytes) }));
    const key = this.#leaf[0]?.key ?? Buffer.alloc(0);
    this.#leaf = [];
    this.#leafBytes = pageHeadBytes;
    this.#hasPages = true;
    this.#addChild(0, { key, page: id });
  }

  #addChild(level: number, child: Child): void {
    const filling = (this.#levels[level] ??= new BranchFilling());
    if (!filling.hasRoomFor(child)) this.#flushBranch(level);
    filling.add(child);
  }

  #flushBranch(level: number): void {
    const filling = this.#levels[level];
    const first = filling?.children[0];
    if (!filling || !first) return;
    const page = this.#sink.nextPage;
    this.#sink.append(filling.takePage(page));
    this.#addChild(level + 1, { key: first.key, page });
  }
}

class BranchFilling {
  children: Child[] = [];
  #bytes = pageHeadBytes;

  /** Two fit always, so that a tree has an end; a page may be longer than one. */
  hasRoomFor({ key }: Child): boolean {
    return this.children.length < 2 || this.#bytes + elementBytes + key.length <= pageBytes;
  }

  add(child: Child): void {
    this.children.push(child);
    this.#bytes += elementBytes + child.key.length;
  }

  takePage(id: number): Buffer {
    const page = Buffer.alloc(wholePages(this.#bytes));
    writePageHead(page, { id, flags: pageFlags.branch, count: this.children.length });
    let dataAt = pageHeadBytes + this.children.length * elementBytes;
    for (const [i, { key, page: child }] of this.children.entries()) {
      const at = pageHeadBytes + i * elementBytes;
      page.writeUInt32LE(dataAt - at, at);
      page.writeUInt32LE(key.length, at + 4);
      page.writeBigUInt64LE(BigInt(child), at + 8);
      dataAt += key.copy(page, dataAt);
    }
    this.children = [];
    this.#bytes = pageHeadBytes;
    return page;
  }
}

function encodeLeaf(
  items: readonly LeafItem[],
  { id, bytes }: { readonly id: number; readonly bytes: number },
): Buffer {
  const page = Buffer.alloc(bytes);
  writePageHead(page, { id, flags: pageFlags.leaf, count: items.length });
  let at = pageHeadBytes;
  let dataAt = pageHeadBytes + items.length * elementBytes;
  for (const { key, value, flags } of items) {
    page.writeUInt32LE(flags, at);
    page.writeUInt32LE(dataAt - at, at + 4);
    page.writeUInt32LE(key.length, at + 8);
    page.writeUInt32LE(value.length, at + 12);
    dataAt += key.copy(page, dataAt);
    dataAt += value.copy(page, dataAt);
    at += elementBytes;
  }
  return page;
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
