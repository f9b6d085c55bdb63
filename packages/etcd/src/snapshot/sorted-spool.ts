import { TemporaryFile } from "../bolt/temporary-file.ts";

/** Something that is put into an order. */
export interface SpoolRow {
  readonly order: number;
  readonly bytes: Buffer;
}

const defaultRunBytes = 16 * 1024 * 1024;
const readBytes = 256 * 1024;
const pageBytes = 1024 * 1024;
/** The order as a double, the length. */
const headBytes = 12;
/** What a row takes in memory beside its bytes, about. */
const rowBytes = 200;

/**
 * Sorts any number of rows by their order. What does not fit into memory is sorted in parts, which
 * go to a temporary file.
 */
export class SortedSpool implements AsyncDisposable {
  readonly #folder: string;
  readonly #runBytes: number;
  #rows: SpoolRow[] = [];
  #bytes = 0;
  #file: TemporaryFile | undefined;
  readonly #runs: { readonly from: number; readonly to: number }[] = [];

  constructor(folder: string, runBytes: number = defaultRunBytes) {
    this.#folder = folder;
    this.#runBytes = runBytes;
  }

  async add(rows: readonly SpoolRow[]): Promise<void> {
    for (const row of rows) {
      this.#rows.push(row);
      this.#bytes += row.bytes.length + rowBytes;
    }
    if (this.#bytes >= this.#runBytes) await this.#writeRun();
  }

  /** All rows in their order, page by page. */
  async *sorted(): AsyncGenerator<readonly SpoolRow[]> {
    if (!this.#file) {
      yield this.#rows.sort(byOrder);
      return;
    }
    await this.#writeRun();
    yield* mergeRuns(await this.#openRuns(this.#file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  async #writeRun(): Promise<void> {
    this.#file ??= await TemporaryFile.create(this.#folder);
    const from = this.#file.sizeBytes;
    for (const { order, bytes } of this.#rows.sort(byOrder)) {
      const head = Buffer.alloc(headBytes);
      head.writeDoubleLE(order, 0);
      head.writeUInt32LE(bytes.length, 8);
      this.#file.append(head);
      this.#file.append(bytes);
      if (this.#file.isFull) await this.#file.flush();
    }
    await this.#file.flush();
    this.#runs.push({ from, to: this.#file.sizeBytes });
    this.#rows = [];
    this.#bytes = 0;
  }

  async #openRuns(file: TemporaryFile): Promise<RunReader[]> {
    const readers: RunReader[] = [];
    for (const run of this.#runs) {
      const reader = new RunReader(file, run);
      if (await reader.advance()) readers.push(reader);
    }
    return readers;
  }
}

/** Reads a run from the file, row by row. */
class RunReader {
  readonly #file: TemporaryFile;
  readonly #to: number;
  #position: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #row: SpoolRow = { order: 0, bytes: Buffer.alloc(0) };

  constructor(file: TemporaryFile, { from, to }: { readonly from: number; readonly to: number }) {
    this.#file = file;
    this.#position = from;
    this.#to = to;
  }

  get row(): SpoolRow {
    return this.#row;
  }

  /** Goes on to the next row, if that can be done without reading; else undefined: `advance`. */
  tryAdvance(): boolean | undefined {
    const left = this.#bytes.length - this.#at;
    if (left === 0 && this.#position >= this.#to) return false;
    if (left < headBytes) return undefined;
    const order = this.#bytes.readDoubleLE(this.#at);
    const end = this.#at + headBytes + this.#bytes.readUInt32LE(this.#at + 8);
    if (end > this.#bytes.length) return undefined;
    this.#row = { order, bytes: this.#bytes.subarray(this.#at + headBytes, end) };
    this.#at = end;
    return true;
  }

  /** Goes on to the next row; false: there is none. */
  async advance(): Promise<boolean> {
    for (;;) {
      const advanced = this.tryAdvance();
      if (advanced !== undefined) return advanced;
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const rest = this.#bytes.subarray(this.#at);
    const wanted = rest.length < headBytes ? 0 : headBytes + rest.readUInt32LE(8);
    const length = Math.min(Math.max(readBytes, wanted), this.#to - this.#position);
    const more = await this.#file.readAt(this.#position, length);
    if (more.length === 0) throw new Error("A temporary file has lost its end");
    this.#position += more.length;
    this.#bytes = Buffer.concat([rest, more]);
    this.#at = 0;
  }
}

async function* mergeRuns(readers: readonly RunReader[]): AsyncGenerator<readonly SpoolRow[]> {
  // Sorted by the next row, those with the last one first, so that each row costs few comparisons.
  const waiting = readers.toReversed().sort((a, b) => b.row.order - a.row.order);
  let page: SpoolRow[] = [];
  let bytes = 0;
  for (let reader = waiting.pop(); reader; reader = waiting.pop()) {
    page.push(reader.row);
    bytes += reader.row.bytes.length;
    if (bytes >= pageBytes) {
      yield page;
      page = [];
      bytes = 0;
    }
    if (reader.tryAdvance() ?? (await reader.advance())) {
      waiting.splice(placeOf(waiting, reader), 0, reader);
    }
  }
  if (page.length > 0) yield page;
}

/** Where a reader belongs among those that wait. */
function placeOf(waiting: readonly RunReader[], { row }: RunReader): number {
  let [low, high] = [0, waiting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((waiting[middle]?.row.order ?? 0) > row.order) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byOrder(a: SpoolRow, b: SpoolRow): number {
  return a.order - b.order;
}
