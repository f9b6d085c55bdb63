import {
  parseMysqlUrl,
  restoreMysql,
  type RestoreOptions,
  type RestoreOutcome,
  restoreSqlite,
  restoreThroughStore,
  type StoreImage,
} from "@cellplane/kv";
import { AdminStore } from "./admin-store.ts";
import { openTarget, type StoreTarget } from "./store-target.ts";

/** What to restore. */
export interface RestoreSource extends RestoreOptions {
  /** The bytes of a whole backup. */
  readonly backup: () => AsyncIterable<Uint8Array>;
  readonly image: () => Promise<StoreImage>;
}

/** Restores into whatever a target is, all or nothing. */
export async function restoreInto(
  target: StoreTarget,
  source: RestoreSource,
): Promise<RestoreOutcome> {
  switch (target.kind) {
    case "served":
      return new AdminStore(target.dataDir).restore(source.backup(), {
        force: source.whenNotEmpty === "replace",
        onProgress: source.onProgress ?? (() => undefined),
      });
    case "sqlite":
      return restoreSqlite(await source.image(), { ...source, path: target.path });
    case "mysql":
      return restoreMysql(parseMysqlUrl(target.url, process.env), await source.image(), source);
    case "etcd": {
      await using store = await openTarget(target);
      return await restoreThroughStore(store, await source.image(), {
        ...source,
        what: target.name,
      });
    }
  }
}
