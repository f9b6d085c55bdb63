import { keyOf } from "./key-text.ts";
import type { KeyValue } from "./mvcc-store.ts";
import type { LogChange, LogPosition, RevisionLog } from "./revision-log.ts";

/** Rows read at once before others get their turn. */
const rowsPerSlice = 256;

/** Values of rows that are not in memory. */
export class RowValues {
  readonly #read = new Map<LogChange, Buffer>();

  /** The value of a row; it must have been loaded. */
  readonly valueOf = (row: LogChange): Buffer => {
    const value = row.value ?? this.#read.get(row);
    if (value === undefined)
      throw new Error(`The value of revision ${row.revision} was not loaded`);
    return value;
  };

  /** Reads the missing values of rows. Answers at once where there are none or few; tells whether all were found. */
  load(
    rows: readonly LogChange[],
    log: RevisionLog,
    signal?: AbortSignal,
  ): boolean | Promise<boolean> {
    const missing = rows.filter((row) => row.value === undefined && !this.#read.has(row));
    if (missing.length === 0) return true;
    // The others may leave memory while these are read.
    for (const row of rows) if (row.value !== undefined) this.#read.set(row, row.value);
    if (missing.length > rowsPerSlice) return this.#loadInSlices(missing, log, signal);
    const found = log.rows(missing);
    return found instanceof Promise
      ? found.then((rows) => this.#keep(missing, rows))
      : this.#keep(missing, found);
  }

  async #loadInSlices(
    rows: readonly LogChange[],
    log: RevisionLog,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    return this.#keep(rows, await readInSlices(rows, log, signal));
  }

  #keep(wanted: readonly LogChange[], found: readonly (LogChange | undefined)[]): boolean {
    for (const [i, row] of wanted.entries()) {
      const value = found[i]?.value;
      if (value === undefined) return false;
      this.#read.set(row, value);
    }
    return true;
  }
}

/** Reads many rows, and lets others have their turn in between: some drivers read synchronously. */
export async function readInSlices(
  positions: readonly LogPosition[],
  log: RevisionLog,
  signal?: AbortSignal,
): Promise<readonly (LogChange | undefined)[]> {
  const rows: (LogChange | undefined)[] = [];
  for (let i = 0; i < positions.length; i += rowsPerSlice) {
    if (i > 0) await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    rows.push(...(await log.rows(positions.slice(i, i + rowsPerSlice))));
  }
  return rows;
}

/** A row as the contract shows it. */
export function keyValueOf(row: LogChange, value: Buffer): KeyValue {
  return {
    key: keyOf(row.key),
    value,
    createRevision: row.createRevision,
    modRevision: row.revision,
    version: row.version,
    lease: row.lease,
  };
}
