import type { KeySpan, KeyText } from "./key-text.ts";
import type { LogChange } from "./revision-log.ts";

/** A live key and its newest row. */
interface IndexEntry {
  readonly key: KeyText;
  change: LogChange;
}

/** Entries of one block; a full block is halved. Inserting moves at most so many pointers. */
const maxBlockEntries = 512;

/** What a transaction or a read sees of the live keys. */
export interface KeyView {
  /** The newest row of a live key. */
  get(key: KeyText): LogChange | undefined;
  /** Live keys of a span in order; at most `limit`, 0 meaning all. */
  list(span: KeySpan, limit: number): LogChange[];
  /** How many live keys a span has. */
  count(span: KeySpan): number;
}

/**
 * The ordered index of live keys: a hash for point reads and sorted blocks for ranges. A count
 * costs one addition per block of the span, so counts of 10⁵ keys take about a microsecond.
 */
export class KeyIndex implements KeyView {
  #byKey = new Map<KeyText, IndexEntry>();
  #blocks: IndexEntry[][] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: KeyText): LogChange | undefined {
    return this.#byKey.get(key)?.change;
  }

  /** Takes over a committed change. */
  apply(change: LogChange): void {
    const entry = this.#byKey.get(change.key);
    if (change.kind === "delete") {
      if (entry) this.#remove(entry);
    } else if (entry) {
      entry.change = change;
    } else {
      this.#insert({ key: change.key, change });
    }
  }

  /** Becomes another one, and that one becomes this. Rows that are the same keep their values. */
  swapWith(other: KeyIndex): void {
    for (const [key, entry] of other.#byKey) {
      const kept = this.get(key);
      if (kept?.revision === entry.change.revision && kept.sub === entry.change.sub) {
        entry.change = kept;
      }
    }
    [this.#byKey, other.#byKey] = [other.#byKey, this.#byKey];
    [this.#blocks, other.#blocks] = [other.#blocks, this.#blocks];
  }

  list(span: KeySpan, limit: number): LogChange[] {
    if (span.single) {
      const change = this.get(span.start);
      return change ? [change] : [];
    }
    const found: LogChange[] = [];
    let { block, offset } = this.#locate(span.start);
    for (; block < this.#blocks.length; block++, offset = 0) {
      const entries = this.#blocks[block] ?? [];
      for (let i = offset; i < entries.length; i++) {
        const entry = entries[i];
        if (!entry || (span.end !== undefined && entry.key >= span.end)) return found;
        found.push(entry.change);
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  count(span: KeySpan): number {
    if (span.single) return this.#byKey.has(span.start) ? 1 : 0;
    if (span.end !== undefined && span.end <= span.start) return 0;
    const from = this.#locate(span.start);
    const to =
      span.end === undefined ? { block: this.#blocks.length, offset: 0 } : this.#locate(span.end);
    let count = to.offset - from.offset;
    for (let i = from.block; i < to.block; i++) count += this.#blocks[i]?.length ?? 0;
    return count;
  }

  #insert(entry: IndexEntry): void {
    this.#byKey.set(entry.key, entry);
    if (this.#blocks.length === 0) {
      this.#blocks.push([entry]);
      return;
    }
    const at = this.#locate(entry.key);
    // A key beyond the end of one block may join it: blocks are then filled in order of keys.
    const index = at.offset === 0 && at.block > 0 ? at.block - 1 : at.block;
    const block = this.#blocks[index];
    if (!block) return;
    block.splice(index === at.block ? at.offset : block.length, 0, entry);
    if (block.length > maxBlockEntries) {
      this.#blocks.splice(index + 1, 0, block.splice(block.length >> 1));
    }
  }

  #remove(entry: IndexEntry): void {
    this.#byKey.delete(entry.key);
    const at = this.#locate(entry.key);
    const block = this.#blocks[at.block];
    block?.splice(at.offset, 1);
    if (block?.length === 0) this.#blocks.splice(at.block, 1);
  }

  /** Where the first entry at or after `key` stands; at offset 0 of the next block where a block has none. */
  #locate(key: KeyText): { block: number; offset: number } {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.at(-1)?.key ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return { block: low, offset: lowerBound(this.#blocks[low] ?? [], key) };
  }
}

function lowerBound(entries: readonly IndexEntry[], key: KeyText): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
