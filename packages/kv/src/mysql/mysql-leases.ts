import { keyTextOf } from "../store/key-text.ts";
import { UnavailableError } from "../store/kv-error.ts";
import {
  TurnLostError,
  type DueLeases,
  type LeaseRow,
  type SharedLeases,
  type SharedLeaseState,
} from "../store/revision-log.ts";
import { idList } from "./lease-statements.ts";
import type { LeaseTimeSql } from "./lease-sql.ts";
import { MysqlError, verdictOf, writeError } from "./mysql-error.ts";
import { numberLiteral } from "./mysql-rows.ts";
import type { SqlRow } from "./mysql-session.ts";
import type { MysqlSessions } from "./mysql-sessions.ts";

const timeoutMs = 8000;

/** How often a statement is tried that met a conflict. */
const attempts = 5;

/** Leases told at once by `list`. */
const leasesPerPage = 10_000;

/** What the leases work on. */
export interface LeasesHost {
  /** One session, so that what is asked one after another is done so. */
  readonly sessions: MysqlSessions;
  readonly time: LeaseTimeSql;
  /** Makes durable what was read of other processes. */
  makeDurable(): Promise<void>;
  /** The server can no longer write. */
  failedOver(): void;
}

/** The tables `kv_lease` and `kv_lease_key`, beside the turns that end leases. */
export class MysqlLeases implements SharedLeases {
  readonly #host: LeasesHost;

  constructor(host: LeasesHost) {
    this.#host = host;
  }

  async grant({ id, ttlSeconds }: LeaseRow): Promise<"granted" | "exists"> {
    const duplicate = 1062;
    const values = [id, ttlSeconds].map(numberLiteral);
    const insert = `INSERT INTO kv_lease VALUES (${values.join(", ")}, ${this.#expiry(numberLiteral(ttlSeconds))})`;
    try {
      await this.#run([insert], duplicate);
      return "granted";
    } catch (error) {
      if (error instanceof MysqlError && error.errno === duplicate) return "exists";
      throw error;
    }
  }

  async keepAlive(ids: readonly number[]): Promise<ReadonlyMap<number, LeaseRow>> {
    const where = `WHERE id IN (${idList(ids)})`;
    const [, rows = []] = await this.#run([
      `UPDATE kv_lease SET expiry = ${this.#expiry("ttl")} ${where}`,
      `SELECT id, ttl FROM kv_lease ${where}`,
    ]);
    return new Map(rows.map((row) => [Number(row[0]), leaseOf(row)]));
  }

  async state(id: number): Promise<SharedLeaseState | undefined> {
    const at = numberLiteral(id);
    const [[row] = [], keys = []] = await this.#run([
      `SELECT id, ttl, expiry - ${this.#host.time.now} FROM kv_lease WHERE id = ${at}`,
      `SELECT name FROM kv_lease_key WHERE lease = ${at} ORDER BY name`,
    ]);
    await this.#host.makeDurable();
    if (!row) return undefined;
    return { ...leaseOf(row), remainingMs: Number(row[2]), keys: keys.map(keyTextOfRow) };
  }

  async list(): Promise<readonly LeaseRow[]> {
    const leases: LeaseRow[] = [];
    for (let after = ""; ;) {
      const [rows = []] = await this.#run([
        `SELECT id, ttl, expiry FROM kv_lease ${after} ORDER BY expiry, id LIMIT ${leasesPerPage}`,
      ]);
      leases.push(...rows.map(leaseOf));
      const last = rows.at(-1);
      if (!last || rows.length < leasesPerPage) break;
      const [id, expiry] = [last[0], last[2]].map((column) => numberLiteral(Number(column)));
      after = `WHERE expiry >= ${expiry} AND (expiry > ${expiry} OR id > ${id})`;
    }
    await this.#host.makeDurable();
    return leases;
  }

  async due(limit: number): Promise<DueLeases> {
    const { lookAfter, now } = this.#host.time;
    // No condition, so that nothing is read but the beginning of the index.
    const first = `SELECT id, expiry - ${now} FROM kv_lease ORDER BY expiry LIMIT ${limit + 1}`;
    const answers = await this.#run(lookAfter === undefined ? [first] : [lookAfter, first]);
    const rows = (answers.at(-1) ?? []).map((row) => ({ id: Number(row[0]), ms: Number(row[1]) }));
    const due = rows.filter(({ ms }) => ms <= 0).slice(0, limit);
    return { ids: due.map(({ id }) => id), nextMs: rows.find(({ ms }) => ms > 0)?.ms };
  }

  #expiry(ttl: string): string {
    return `${this.#host.time.now} + ${ttl} * 1000`;
  }

  /** Runs statements of which each commits by itself, and any may be run twice. */
  async #run(statements: readonly string[], told?: number): Promise<readonly SqlRow[][]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#host.sessions.read(statements, timeoutMs);
      } catch (error) {
        const failure = MysqlError.from(error);
        if (failure.errno === told && told !== undefined) throw failure;
        const verdict = verdictOf(failure);
        if (verdict === "read-only") this.#host.failedOver();
        if (verdict !== "conflict" || attempt === attempts) throw leaseError(failure);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
      }
    }
  }
}

function leaseError(failure: MysqlError): Error {
  const error = writeError(failure);
  if (!(error instanceof TurnLostError)) return error;
  return new UnavailableError(`Cannot use leases as the database is busy: ${error.message}`);
}

function leaseOf(row: SqlRow): LeaseRow {
  return { id: Number(row[0]), ttlSeconds: Number(row[1]) };
}

function keyTextOfRow([name]: SqlRow): string {
  if (!(name instanceof Uint8Array)) throw new TypeError("A key that should be bytes is none");
  return keyTextOf(Buffer.from(name.buffer, name.byteOffset, name.byteLength));
}
