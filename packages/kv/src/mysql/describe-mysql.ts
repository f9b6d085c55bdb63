import type { StoreDescription } from "../store/store-description.ts";
import { readError } from "./mysql-error.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import { openChecked } from "./open-checked.ts";

const timeoutMs = 30_000;

/** Tells what a database holds. @throws {UnavailableError} */
export async function describeMysql(target: MysqlTarget): Promise<StoreDescription> {
  try {
    const { session: opened, server } = await openChecked(target, { needs: "store" });
    await using session = opened;
    const { flavor, version } = server;
    const [[meta = []] = [], [counts = []] = [], [sizes = []] = [], leaseTable = []] =
      await session.run(
        [
          "SELECT revision, compacted, epoch, schema_version, cluster_id FROM kv_meta WHERE one = 1",
          `SELECT (SELECT COUNT(*) FROM kv_current), (SELECT COUNT(*) FROM kv_writer),
             (SELECT IF((SELECT MIN(revision) FROM kv_log WHERE revision >= position) <
                (SELECT compacted FROM kv_meta WHERE one = 1), position, NULL) FROM kv_compaction WHERE one = 1)`,
          `SELECT SUM(data_length + index_length), SUM(data_free) FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_name LIKE 'kv\\_%'`,
          "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'kv_lease'",
        ],
        timeoutMs,
      );
    const [leases = []] =
      leaseTable.length > 0
        ? await session.run(["SELECT COUNT(*) FROM kv_lease"], timeoutMs)
        : [[[0]]];
    const inUse = Number(sizes[0] ?? 0);
    return {
      driver: flavor,
      revision: Number(meta[0]),
      compacted: Number(meta[1]),
      epoch: Number(meta[2]),
      schema: Number(meta[3]),
      clusterId: String(meta[4]),
      keys: Number(counts[0]),
      leases: Number(leases[0]?.[0]),
      sizeBytes: inUse + Number(sizes[1] ?? 0),
      inUseBytes: inUse,
      writers: Number(counts[1]),
      serverVersion: version,
      removing: counts[2] !== null,
    };
  } catch (error) {
    throw readError(error);
  }
}
