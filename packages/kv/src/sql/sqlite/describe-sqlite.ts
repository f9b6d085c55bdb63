import { resolve } from "node:path";
import type { StoreDescription } from "../../store/store-description.ts";
import { readError } from "./sqlite-error.ts";
import { pragmaNumber, subBits } from "./sqlite-schema.ts";
import { hasTable, openForReading } from "./sqlite-verify.ts";

/** Tells what a SQLite file holds, also while a process serves it. @throws {UnavailableError} */
export function describeSqlite(path: string): StoreDescription {
  using database = openForReading(path);
  try {
    database.exec("BEGIN");
    const row =
      database
        .prepare(
          `SELECT revision, compacted, epoch, schema, cluster_id, sqlite_version() AS version,
             (SELECT count(*) FROM kv_current) AS keys,
             (SELECT min(id) >> ${subBits} FROM kv_log WHERE id >= (compact_position << ${subBits})) AS next
           FROM kv_meta`,
        )
        .get() ?? {};
    const number = (name: string): number => Number(row[name] ?? 0);
    const pageBytes = pragmaNumber(database, "page_size");
    const pages = pragmaNumber(database, "page_count");
    const leases = hasTable(database, "kv_lease")
      ? Number(database.prepare("SELECT count(*) AS n FROM kv_lease").get()?.["n"])
      : 0;
    return {
      driver: "sqlite",
      path: resolve(path),
      revision: number("revision"),
      compacted: number("compacted"),
      epoch: number("epoch"),
      schema: number("schema"),
      clusterId: String(row["cluster_id"]),
      keys: number("keys"),
      leases,
      sizeBytes: pages * pageBytes,
      inUseBytes: (pages - pragmaNumber(database, "freelist_count")) * pageBytes,
      serverVersion: `SQLite ${String(row["version"])}`,
      removing: row["next"] !== null && number("next") < number("compacted"),
    };
  } catch (error) {
    throw readError(error);
  }
}
