import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { type BenchClient, endOfPrefix } from "./bench-client.ts";

const table = `CREATE TABLE IF NOT EXISTS kine (
  id BIGINT UNSIGNED AUTO_INCREMENT NOT NULL PRIMARY KEY,
  name VARCHAR(630) CHARACTER SET ascii,
  created INTEGER, deleted INTEGER,
  create_revision BIGINT UNSIGNED, prev_revision BIGINT UNSIGNED,
  lease INTEGER, value MEDIUMBLOB, old_value MEDIUMBLOB,
  KEY kine_name (name), KEY kine_name_id (name, id), KEY kine_id_deleted (id, deleted),
  KEY kine_prev (prev_revision), UNIQUE KEY kine_name_prev (name, prev_revision))`;

const revisions = `(SELECT MAX(r.id) FROM kine AS r),
  (SELECT MAX(c.prev_revision) FROM kine AS c WHERE c.name = 'compact_rev_key')`;

const newest = `SELECT ${revisions}, k.id, k.deleted, k.create_revision, k.value FROM kine AS k
  WHERE k.id = (SELECT MAX(n.id) FROM kine AS n WHERE n.name = ?)`;

const insert = `INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
  SELECT ?, ?, 0, ?, ?, 0, ?, (SELECT p.value FROM kine AS p WHERE p.id = ?)`;

const live = `SELECT k.id, k.name, k.create_revision, k.lease, k.value, k.deleted FROM kine AS k
  JOIN (SELECT MAX(n.id) AS id FROM kine AS n WHERE n.name >= ? AND n.name < ? GROUP BY n.name) AS m
  ON k.id = m.id WHERE k.deleted = 0`;

const list = `SELECT ${revisions}, l.* FROM (${live}) AS l ORDER BY l.name`;
const count = `SELECT ${revisions}, COUNT(*) FROM (${live}) AS l`;

/**
 * One commit for each write, with statements of the shape that Kine has: the same database, a
 * connection for each client, and prepared statements that are kept, which is more than Kine does.
 */
export class KineClient implements BenchClient {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  static async open(url: string): Promise<KineClient> {
    const pool = createPool({ uri: url, connectionLimit: 64, rowsAsArray: true });
    await pool.query(table);
    return new KineClient(pool);
  }

  put(key: Buffer, value: Buffer): Promise<number> {
    return this.#write(key, value);
  }

  update(key: Buffer, value: Buffer, modRevision: number): Promise<number> {
    return this.#write(key, value, modRevision);
  }

  async fill(keys: readonly Buffer[], value: Buffer): Promise<void> {
    const rows = 200;
    for (let i = 0; i < keys.length; i += rows) {
      const values = keys
        .slice(i, i + rows)
        .map((key) => [key.toString("latin1"), 1, 0, 0, 0, 0, value, null]);
      await this.#pool.query(
        "INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value) VALUES ?",
        [values],
      );
    }
  }

  async get(key: Buffer): Promise<number> {
    return Number((await this.#rows(newest, [key.toString("latin1")]))[0]?.[2] ?? 0);
  }

  async list(prefix: string, limit: number): Promise<number> {
    const range = [prefix, endOfPrefix(prefix).toString("latin1")];
    return (await this.#rows(limit > 0 ? `${list} LIMIT ${limit}` : list, range)).length;
  }

  async count(prefix: string): Promise<number> {
    const range = [prefix, endOfPrefix(prefix).toString("latin1")];
    return Number((await this.#rows(count, range))[0]?.[2] ?? 0);
  }

  async head(): Promise<number> {
    return Number((await this.#rows("SELECT MAX(id) FROM kine", []))[0]?.[0] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #write(key: Buffer, value: Buffer, modRevision?: number): Promise<number> {
    const name = key.toString("latin1");
    const [row] = await this.#rows(newest, [name]);
    const previous = Number(row?.[2] ?? 0);
    if (modRevision !== undefined && previous !== modRevision) {
      throw new Error(`${name} is not at ${modRevision}`);
    }
    const created = Number(row?.[4] ?? 0) || previous;
    const [{ insertId }] = await this.#pool.execute<ResultSetHeader>(insert, [
      name,
      previous === 0 ? 1 : 0,
      created,
      previous,
      value,
      previous,
    ]);
    return insertId;
  }

  async #rows(
    sql: string,
    values: readonly (string | number)[],
  ): Promise<readonly (readonly unknown[])[]> {
    const [rows] = await this.#pool.execute<RowDataPacket[][]>(sql, [...values]);
    return rows;
  }
}
