import {
  bucketFlag,
  bucketHeadBytes,
  decodeMeta,
  elementBytes,
  metaBytes,
  pageFlags,
  pageHeadBytes,
} from "./bolt-format.ts";

/** Reads bytes of a file; fewer at its end. */
export type ReadAt = (position: number, lengthBytes: number) => Promise<Buffer>;

/** An item, and where its value stands in the file. */
export interface BoltEntry {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  readonly valueAt: number;
}

/** The file contradicts itself. */
export class BoltError extends Error {
  override readonly name = "BoltError";
}

/** The first meta page tells how long pages are; where it is broken, the second is at one of these. */
const pageSizes = [4096, 8192, 16_384, 32_768, 65_536];

/** A tree of more levels is none. */
const mostLevels = 64;

/** Reads a bbolt database bucket by bucket, in the order of the keys. */
export class BoltReader {
  readonly #readAt: ReadAt;
  readonly #pageSizeBytes: number;
  readonly #pages: number;
  readonly #buckets = new Map<string, BoltEntry>();

  private constructor(readAt: ReadAt, meta: NonNullable<ReturnType<typeof decodeMeta>>) {
    this.#readAt = readAt;
    this.#pageSizeBytes = meta.pageSizeBytes;
    this.#pages = meta.pages;
  }

  /** @throws {BoltError} It is no database, or a broken one. */
  static async open(readAt: ReadAt): Promise<BoltReader> {
    const found = await Promise.all(
      [0, ...pageSizes].map(async (at) => decodeMeta(await readAt(at, metaBytes))),
    );
    const metas = found.filter((meta) => meta !== undefined);
    const [newest] = metas.sort((a, b) => b.transaction - a.transaction);
    if (!newest) throw new BoltError("no page tells where its root is");
    const reader = new BoltReader(readAt, newest);
    for await (const entries of reader.#tree(newest.root, 1)) {
      for (const entry of entries) {
        if (entry.flags === bucketFlag) reader.#buckets.set(entry.key.toString("latin1"), entry);
      }
    }
    return reader;
  }

  has(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  /** The items of a bucket, page by page; none where there is no such bucket. @throws {BoltError} */
  async *items(bucket: string): AsyncGenerator<readonly BoltEntry[]> {
    const entry = this.#buckets.get(bucket);
    if (!entry) return;
    if (entry.value.length < bucketHeadBytes) throw new BoltError(`bucket "${bucket}" has no head`);
    const root = Number(entry.value.readBigUInt64LE(0));
    if (root > 0) return yield* this.#tree(root, 1);
    const inline = entry.value.subarray(bucketHeadBytes);
    yield* this.#page(inline, { at: entry.valueAt + bucketHeadBytes, level: mostLevels });
  }

  async *#tree(id: number, level: number): AsyncGenerator<readonly BoltEntry[]> {
    if (id >= this.#pages || level > mostLevels) throw new BoltError(`page ${id} cannot be there`);
    const at = id * this.#pageSizeBytes;
    let page = await this.#readAt(at, this.#pageSizeBytes);
    if (page.length < pageHeadBytes || Number(page.readBigUInt64LE(0)) !== id) {
      throw new BoltError(`page ${id} is another one`);
    }
    const overflow = page.readUInt32LE(12);
    if (id + overflow >= this.#pages) throw new BoltError(`page ${id} is too long`);
    if (overflow > 0) page = await this.#readAt(at, this.#pageSizeBytes * (1 + overflow));
    yield* this.#page(page, { at, level });
  }

  async *#page(
    page: Buffer,
    { at, level }: { readonly at: number; readonly level: number },
  ): AsyncGenerator<readonly BoltEntry[]> {
    if (page.length < pageHeadBytes) throw new BoltError(`a page at byte ${at} is cut off`);
    const flags = page.readUInt16LE(8);
    const count = page.readUInt16LE(10);
    if (pageHeadBytes + count * elementBytes > page.length) {
      throw new BoltError(`the page at byte ${at} has too many elements`);
    }
    if (flags === pageFlags.leaf) {
      yield Array.from({ length: count }, (_, i) => entryOf(page, { at, i }));
    } else if (flags === pageFlags.branch) {
      for (let i = 0; i < count; i++) {
        const child = Number(page.readBigUInt64LE(pageHeadBytes + i * elementBytes + 8));
        yield* this.#tree(child, level + 1);
      }
    } else {
      throw new BoltError(`the page at byte ${at} is neither leaf nor branch`);
    }
  }
}

function entryOf(page: Buffer, { at, i }: { readonly at: number; readonly i: number }): BoltEntry {
  const element = pageHeadBytes + i * elementBytes;
  const keyAt = element + page.readUInt32LE(element + 4);
  const valueAt = keyAt + page.readUInt32LE(element + 8);
  const end = valueAt + page.readUInt32LE(element + 12);
  if (end > page.length) throw new BoltError(`an element of the page at byte ${at} is cut off`);
  return {
    flags: page.readUInt32LE(element),
    key: page.subarray(keyAt, valueAt),
    value: page.subarray(valueAt, end),
    valueAt: at + valueAt,
  };
}
