import { randomBytes } from "node:crypto";
import { KvError, UnavailableError } from "../store/kv-error.ts";
import type { KeyValue, Lease } from "../store/mvcc-store.ts";
import {
  RestoredPlaces,
  type RestoreOptions,
  type RestoreOutcome,
  type StoreImage,
} from "../store/store-image.ts";
import { TargetNotEmptyError } from "../store/target-not-empty-error.ts";
import { leaseTimeSql } from "./lease-sql.ts";
import { MysqlError, writeError } from "./mysql-error.ts";
import { openError } from "./mysql-open-error.ts";
import { bytesLiteral, numberLiteral } from "./mysql-rows.ts";
import { metaColumns, metaOf, prepareSchema, type MetaRow } from "./mysql-schema.ts";
import { MysqlSession } from "./mysql-session.ts";
import { sessionSetUp } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import { randomToken } from "./mysql-writer.ts";
import { openChecked } from "./open-checked.ts";

/** How long one message may take: removing what is there is one statement. */
const timeoutMs = 3_600_000;

/** Characters of one message, below the packet limits of today's defaults. */
const maxMessageChars = 6 * 1024 * 1024;

/**
 * Puts an image in the place of what a database holds, in one transaction: until it is committed
 * everybody reads the old content, and so does whoever comes after a kill. Control planes that
 * have the store open find a new epoch, and end.
 *
 * @throws {TargetNotEmptyError} It holds something, and is not to be replaced.
 * @throws {NoSpaceError | UnavailableError} Nothing was changed; also what reading the image throws.
 */
export async function restoreMysql(
  target: MysqlTarget,
  image: StoreImage,
  options: RestoreOptions,
): Promise<RestoreOutcome> {
  try {
    const { session: opened, server } = await openChecked(target, { needs: "database" });
    await using session = opened;
    if (server.flavor === "oceanbase") await session.run(longTransactions, timeoutMs);
    await prepare(session, target, image);
    const restore = new MysqlRestore(session, image, options);
    const outcome = await restore.fill(target.database);
    await commit(session, target, restore.token);
    return outcome;
  } catch (error) {
    throw restoreError(error);
  }
}

async function prepare(
  session: MysqlSession,
  target: MysqlTarget,
  { header }: StoreImage,
): Promise<void> {
  try {
    await prepareSchema(session, header.clusterId || randomBytes(8).toString("hex"));
  } catch (error) {
    throw openError(target, error);
  }
}

const longTransactions = [
  `SET SESSION ob_query_timeout = ${timeoutMs * 1000}`,
  `SET SESSION ob_trx_timeout = ${timeoutMs * 1000}`,
];

function restoreError(error: unknown): Error {
  // What reading the image throws passes as it is.
  if (error instanceof KvError || !(error instanceof MysqlError)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const failure = writeError(error);
  if (failure instanceof KvError) return failure;
  return new UnavailableError(`Cannot restore as the store is busy: ${failure.message}`);
}

/** Commits; where the answer is lost, looks whether the transaction was committed. */
async function commit(session: MysqlSession, target: MysqlTarget, token: number): Promise<void> {
  try {
    await session.run(["COMMIT"], timeoutMs);
  } catch (error) {
    if (MysqlError.from(error).errno !== 0) throw error;
    await using again = await MysqlSession.open(target, sessionSetUp());
    const [, rows] = await again.run(
      ["BEGIN", `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`, "COMMIT"],
      timeoutMs,
    );
    if (metaOf(rows).token !== token) throw error;
  }
}

class MysqlRestore {
  /** Marks the head of the restored store. */
  readonly token: number = randomToken();
  readonly #session: MysqlSession;
  readonly #image: StoreImage;
  readonly #options: RestoreOptions;
  #leases = 0;

  constructor(session: MysqlSession, image: StoreImage, options: RestoreOptions) {
    this.#session = session;
    this.#image = image;
    this.#options = options;
  }

  /** Does everything but the commit. */
  async fill(database: string): Promise<RestoreOutcome> {
    const { meta, replaced } = await this.#begin(database);
    const { header } = this.#image;
    const places = new RestoredPlaces(meta, header, this.#options);
    await this.#removeAll();
    for await (const part of this.#image.parts) {
      if (part.kind === "keys") await this.#insertKeys(part.kvs, places);
      else await this.#insertLeases(part.leases);
      this.#options.onProgress?.(places.keys);
    }
    await this.#session.run([...this.#headRows(places)], timeoutMs);
    const { epoch, keys, head } = places;
    return { epoch, revision: head, keys, leases: this.#leases, from: meta.revision, replaced };
  }

  async #begin(database: string): Promise<{ readonly meta: MetaRow; readonly replaced: number }> {
    const [, rows, counts = []] = await this.#session.run(
      [
        "BEGIN",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`,
        "SELECT COUNT(*) FROM kv_current",
      ],
      timeoutMs,
    );
    const meta = metaOf(rows);
    const replaced = Number(counts[0]?.[0]);
    if (this.#options.whenNotEmpty === "refuse" && (replaced > 0 || meta.revision > 1)) {
      throw new TargetNotEmptyError(database, { keys: replaced, revision: meta.revision });
    }
    return { meta, replaced };
  }

  async #removeAll(): Promise<void> {
    const tables = ["kv_current", "kv_log", "kv_lease_key", "kv_lease"];
    for (const table of tables) await this.#session.run([`DELETE FROM ${table}`], timeoutMs);
  }

  async #insertKeys(kvs: readonly KeyValue[], places: RestoredPlaces): Promise<void> {
    let log: string[] = [];
    let current: string[] = [];
    let attached: string[] = [];
    let chars = 0;
    const flush = async (): Promise<void> => {
      if (log.length === 0) return;
      const statements = [
        `INSERT INTO kv_log VALUES ${log.join(", ")}`,
        `INSERT INTO kv_current VALUES ${current.join(", ")}`,
      ];
      if (attached.length > 0) {
        statements.push(`INSERT INTO kv_lease_key VALUES ${attached.join(", ")}`);
      }
      await this.#session.run(statements, timeoutMs);
      [log, current, attached, chars] = [[], [], [], 0];
    };
    for (const kv of kvs) {
      const { revision, sub } = places.next(kv);
      const key = bytesLiteral(kv.key);
      const create = numberLiteral(kv.createRevision);
      const rest = `${numberLiteral(kv.version)}, ${numberLiteral(kv.lease)}`;
      const row = `(${revision}, ${sub}, ${key}, 0, ${create}, 0, 0, ${rest}, ${this.token}, ${bytesLiteral(kv.value)})`;
      if (chars + row.length > maxMessageChars) await flush();
      log.push(row);
      current.push(`(${key}, ${revision}, ${sub}, ${create}, ${rest})`);
      if (kv.lease !== 0) attached.push(`(${numberLiteral(kv.lease)}, ${key})`);
      chars += row.length + key.length;
    }
    await flush();
  }

  async #insertLeases(leases: readonly Lease[]): Promise<void> {
    this.#leases += leases.length;
    for (let i = 0; i < leases.length; i += 1000) {
      const rows = leases.slice(i, i + 1000).map(({ id, ttlSeconds }) => {
        const ttl = numberLiteral(ttlSeconds);
        return `(${numberLiteral(id)}, ${ttl}, 0)`;
      });
      await this.#session.run([`INSERT INTO kv_lease VALUES ${rows.join(", ")}`], timeoutMs);
    }
  }

  #headRows({ head, epoch }: RestoredPlaces): readonly string[] {
    const { clusterId } = this.#image.header;
    const id = clusterId === "" ? "" : `, cluster_id = '${clusterId}'`;
    return [
      // Each has its whole time from now on, however long this has taken.
      `UPDATE kv_lease SET expiry = ${leaseTimeSql.now} + ttl * 1000`,
      `UPDATE kv_meta SET revision = ${head}, compacted = ${head}, epoch = ${epoch}, token = ${this.token}${id} WHERE one = 1`,
      `UPDATE kv_compaction SET position = ${head} WHERE one = 1`,
    ];
  }
}
