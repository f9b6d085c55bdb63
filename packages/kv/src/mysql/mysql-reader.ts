import { CompactedError } from "../store/kv-error.ts";
import type { KeySpan } from "../store/key-text.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type { ChangesPage, ChangesRequest, LogChange, LogPosition } from "../store/revision-log.ts";
import { readError } from "./mysql-error.ts";
import {
  atPositions,
  changeColumns,
  changeOf,
  firstChangesSql,
  numberLiteral,
} from "./mysql-rows.ts";
import { metaColumns, metaOf, type MetaRow } from "./mysql-schema.ts";
import type { SqlRow } from "./mysql-session.ts";
import type { MysqlSessions } from "./mysql-sessions.ts";

/** How long one read may take, in milliseconds. */
const timeoutMs = 10_000;

/** How long the look at the head may take: whoever reads waits for it. */
const headTimeoutMs = 3000;

const readMeta = `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`;

/** How large a database is. */
export interface DatabaseSize {
  readonly inUseBytes: number;
  /** Free within the files. */
  readonly freeBytes: number;
}

/** Reads the log. Each answer holds what `compacted` was after the rows had been read. */
export class MysqlReader {
  readonly #sessions: MysqlSessions;

  constructor(sessions: MysqlSessions) {
    this.#sessions = sessions;
  }

  async meta(): Promise<MetaRow> {
    const [rows] = await this.#read([readMeta], headTimeoutMs);
    return metaOf(rows);
  }

  /** The token of a revision's rows; absent where it has none. */
  async tokenAt(revision: Revision): Promise<number | undefined> {
    const sql = `SELECT token FROM kv_log WHERE revision = ${numberLiteral(revision)} LIMIT 1`;
    const [rows = []] = await this.#read([sql], headTimeoutMs);
    return rows[0] && Number(rows[0][0]);
  }

  async rows(positions: readonly LogPosition[]): Promise<readonly (LogChange | undefined)[]> {
    if (positions.length === 0) return [];
    const [rows = []] = await this.#read(
      [`SELECT ${changeColumns}, value FROM kv_log WHERE ${atPositions(positions)}`],
      timeoutMs,
    );
    const found = new Map(
      rows.map((row) => {
        const change = changeOf(row);
        return [`${change.revision} ${change.sub}`, change];
      }),
    );
    return positions.map(({ revision, sub }) => found.get(`${revision} ${sub}`));
  }

  /** @throws {CompactedError} Some of the changes may be gone. */
  async changes(request: ChangesRequest): Promise<ChangesPage> {
    const { from, to, maxChanges } = request;
    const range = `revision >= ${numberLiteral(from)} AND revision <= `;
    const [sizes = []] = await this.#read(
      [
        `SELECT revision, LENGTH(value) FROM kv_log WHERE ${range}${numberLiteral(to)} ORDER BY revision, sub LIMIT ${maxChanges + 1}`,
      ],
      timeoutMs,
    );
    const through = endOfPage(sizes, request);
    const [rows = [], meta] = await this.#read(
      [
        `SELECT ${changeColumns}, value FROM kv_log WHERE ${range}${numberLiteral(through)} ORDER BY revision, sub`,
        readMeta,
      ],
      timeoutMs,
    );
    checkKept(from, metaOf(meta));
    return { changes: rows.map(changeOf), through };
  }

  /** @throws {CompactedError} */
  async firstChangesAfter(span: KeySpan, revision: Revision): Promise<readonly LogChange[]> {
    const [rows = [], meta] = await this.#read(
      [firstChangesSql(span, revision), readMeta],
      timeoutMs,
    );
    checkKept(revision, metaOf(meta));
    return rows.map(changeOf);
  }

  /** Has the server estimate anew how large the tables are: its figures lag far behind large values. */
  async estimateSize(): Promise<void> {
    await this.#read(["ANALYZE NO_WRITE_TO_BINLOG TABLE kv_log, kv_current"], timeoutMs);
  }

  /** How large the tables are, as the server estimates it. */
  async size(): Promise<DatabaseSize> {
    const [rows = []] = await this.#read(
      [
        "SELECT SUM(data_length + index_length), SUM(data_free) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'kv\\_%'",
      ],
      timeoutMs,
    );
    const [inUseBytes = 0, freeBytes = 0] = (rows[0] ?? []).map((column) => Number(column ?? 0));
    return { inUseBytes, freeBytes };
  }

  async #read(statements: readonly string[], limitMs: number): Promise<readonly SqlRow[][]> {
    try {
      return await this.#sessions.read(statements, limitMs);
    } catch (error) {
      throw readError(error);
    }
  }
}

/** @throws {CompactedError} */
function checkKept(from: Revision, { compacted }: MetaRow): void {
  if (from < compacted) throw new CompactedError(from, compacted);
}

/** The last revision of a page, from the revision and size of each change. */
function endOfPage(
  sizes: readonly SqlRow[],
  { to, maxChanges, maxBytes }: ChangesRequest,
): Revision {
  let bytes = 0;
  let last = 0;
  for (const [i, row] of sizes.entries()) {
    const revision = Number(row[0]);
    if (last > 0 && revision !== last && (i >= maxChanges || bytes >= maxBytes)) return last;
    last = revision;
    bytes += Number(row[1]);
  }
  return sizes.length > maxChanges ? last : to;
}
