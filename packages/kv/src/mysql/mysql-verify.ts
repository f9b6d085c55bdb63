import { keyOf, type KeyText } from "../store/key-text.ts";
import type { LogPosition } from "../store/revision-log.ts";
import { Findings, type VerifyReport } from "../store/verify-report.ts";
import {
  type Attachment,
  type CurrentRow,
  type LogPlace,
  type VerifiedMeta,
  type VerifyProgress,
  verifyRows,
  type VerifyRow,
  type VerifySource,
} from "../store/verify-rows.ts";
import { readError } from "./mysql-error.ts";
import { bytesLiteral, changeColumns, changeOf } from "./mysql-rows.ts";
import { metaColumns, metaOf } from "./mysql-schema.ts";
import type { MysqlSession, SqlRow } from "./mysql-session.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import { openChecked } from "./open-checked.ts";

const pageRows = 5000;
const timeoutMs = 120_000;

/**
 * Verifies the store in a database, in one snapshot and without a lock, while control planes run.
 *
 * @throws {UnavailableError} It cannot be looked at.
 */
export async function verifyMysql(
  target: MysqlTarget,
  onProgress?: (progress: VerifyProgress) => void,
): Promise<VerifyReport> {
  try {
    const { session: opened, server } = await openChecked(target, { needs: "store" });
    await using session = opened;
    const { flavor } = server;
    const [, , , meta, leases = [], columns = []] = await session.run(
      [
        ...(flavor === "oceanbase"
          ? ["SET SESSION ob_query_timeout = 120000000", "SET SESSION ob_trx_timeout = 86400000000"]
          : ["DO 0", "DO 0"]),
        "DO 0",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'kv_lease'",
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'kv_lease_key' ORDER BY ordinal_position",
      ],
      timeoutMs,
    );
    metaOf(meta);
    const source = await snapshotOf(session, {
      flavor,
      hasLeases: leases.length > 0,
      leaseKeyColumn: columns[1] && String(columns[1][0]),
    });
    return await verifyRows(source, new Findings(), onProgress);
  } catch (error) {
    throw readError(error);
  }
}

interface SnapshotOptions {
  readonly flavor: string;
  readonly hasLeases: boolean;
  readonly leaseKeyColumn: string | undefined;
}

/** Begins a snapshot in which all is read. */
async function snapshotOf(
  session: MysqlSession,
  { flavor, hasLeases, leaseKeyColumn }: SnapshotOptions,
): Promise<VerifySource> {
  const [, , metaRows, leaseRows = []] = await session.run(
    [
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
      "START TRANSACTION WITH CONSISTENT SNAPSHOT",
      `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`,
      ...(hasLeases ? ["SELECT id FROM kv_lease"] : []),
    ],
    timeoutMs,
  );
  const { revision, compacted, epoch, token } = metaOf(metaRows);
  const meta: VerifiedMeta = { driver: flavor, revision, compacted, epoch, token };
  const rows = new MysqlRows(session, meta, new Set(leaseRows.map((row) => Number(row[0]))));
  if (leaseKeyColumn === undefined) return rows;
  return Object.assign(rows, { attachments: () => rows.attached(leaseKeyColumn) });
}

class MysqlRows implements VerifySource {
  readonly meta: VerifiedMeta;
  readonly leases: ReadonlySet<number>;
  readonly #session: MysqlSession;

  constructor(session: MysqlSession, meta: VerifiedMeta, leases: ReadonlySet<number>) {
    this.#session = session;
    this.meta = meta;
    this.leases = leases;
  }

  places(): AsyncIterable<readonly LogPlace[]> {
    const sql = (after: LogPlace | undefined): string => {
      const from = after ? `WHERE revision >= ${after.revision} AND ${beyond(after)}` : "";
      return `SELECT revision, sub, token FROM kv_log ${from} ORDER BY revision, sub`;
    };
    return this.#pages(sql, (row) => ({
      revision: Number(row[0]),
      sub: Number(row[1]),
      token: Number(row[2]),
    }));
  }

  rowsByKey(): AsyncIterable<readonly VerifyRow[]> {
    const sql = (after: VerifyRow | undefined): string => {
      const from = after
        ? `WHERE name >= ${keySql(after.key)} AND (name > ${keySql(after.key)} OR ${beyond(after)})`
        : "";
      return `SELECT ${changeColumns} FROM kv_log ${from} ORDER BY name, revision, sub`;
    };
    return this.#pages(sql, changeOf);
  }

  current(): AsyncIterable<readonly CurrentRow[]> {
    const sql = (after: CurrentRow | undefined): string =>
      `SELECT revision, sub, name, 0, create_revision, 0, 0, version, lease FROM kv_current
       ${after ? `WHERE name > ${keySql(after.key)}` : ""} ORDER BY name`;
    return this.#pages(sql, changeOf);
  }

  attached(column: string): AsyncIterable<readonly Attachment[]> {
    const sql = (after: Attachment | undefined): string => {
      const key = after && keySql(after.key);
      const from = after
        ? `WHERE \`${column}\` > ${key} OR (\`${column}\` = ${key} AND lease > ${after.lease})`
        : "";
      return `SELECT lease, \`${column}\` FROM kv_lease_key ${from} ORDER BY 2, 1`;
    };
    return this.#pages(sql, (row) => ({
      lease: Number(row[0]),
      key: Buffer.from(row[1] as Uint8Array).toString("latin1"),
    }));
  }

  async *#pages<Row>(
    sqlAfter: (after: Row | undefined) => string,
    rowOf: (row: SqlRow) => Row,
  ): AsyncGenerator<readonly Row[]> {
    for (let after: Row | undefined; ;) {
      const [rows = []] = await this.#session.run(
        [`${sqlAfter(after)} LIMIT ${pageRows}`],
        timeoutMs,
      );
      const page = rows.map(rowOf);
      if (page.length > 0) yield page;
      if (page.length < pageRows) return;
      after = page.at(-1);
    }
  }
}

function beyond({ revision, sub }: LogPosition): string {
  return `(revision > ${revision} OR (revision = ${revision} AND sub > ${sub}))`;
}

function keySql(key: KeyText): string {
  return bytesLiteral(keyOf(key));
}
