import { bucketFlag, bucketHeadBytes, encodeMeta, pageBytes } from "./bolt-format.ts";
import { TemporaryFile } from "./temporary-file.ts";
import { type BoltItem, type PageSink, TreeWriter } from "./tree-writer.ts";

const metaPages = 2;

/**
 * Writes a bbolt database into a temporary file, bucket by bucket. Memory does not grow with what
 * is written.
 */
export class BoltWriter implements AsyncDisposable {
  readonly file: TemporaryFile;
  readonly #sink: PageSink;
  readonly #buckets: BoltItem[] = [];

  private constructor(file: TemporaryFile) {
    this.file = file;
    this.#sink = {
      get nextPage() {
        return file.sizeBytes / pageBytes;
      },
      append: (page) => file.append(page),
    };
  }

  /** Begins a database on the disk of a folder. */
  static async create(folder: string): Promise<BoltWriter> {
    return new BoltWriter(await TemporaryFile.create(folder, metaPages * pageBytes));
  }

  /** Writes a bucket from its items, page by page in the order of their keys. */
  async writeBucket(
    name: string,
    items: AsyncIterable<readonly BoltItem[]> | Iterable<readonly BoltItem[]>,
  ): Promise<void> {
    const tree = new TreeWriter(this.#sink);
    for await (const page of items) {
      for (const { key, value } of page) tree.add(key, value);
      if (this.file.isFull) await this.file.flush();
    }
    this.#buckets.push({ key: Buffer.from(name), value: encodeBucket(tree) });
  }

  /** Writes what makes a database of the buckets; the file is whole then. */
  async finish(): Promise<void> {
    const tree = new TreeWriter(this.#sink);
    for (const { key, value } of this.#buckets.sort((a, b) => Buffer.compare(a.key, b.key))) {
      tree.add(key, value, bucketFlag);
    }
    const root = tree.finish();
    await this.file.flush();
    const pages = this.file.sizeBytes / pageBytes;
    const metas = [
      encodeMeta(0, { root, pages, transaction: 2 }),
      encodeMeta(1, { root, pages, transaction: 1 }),
    ];
    await this.file.writeAt(0, Buffer.concat(metas));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file[Symbol.asyncDispose]();
  }
}

/** The value of a bucket: its root page, or the page itself. */
function encodeBucket(tree: TreeWriter): Buffer {
  const head = Buffer.alloc(bucketHeadBytes);
  const inline = tree.takeInline();
  if (inline) return Buffer.concat([head, inline]);
  head.writeBigUInt64LE(BigInt(tree.finish()), 0);
  return head;
}
