import {
  describeMysql,
  describeSqlite,
  type EngineOptions,
  type MvccStore,
  openMemoryStore,
  openSqliteStore,
  parseMysqlUrl,
  readImageIntoMemory,
  type RestoreOptions,
  type RestoreOutcome,
  restoreSqlite,
  type StoreDescription,
  type StoreImage,
  TargetNotEmptyError,
} from "@cellplane/kv";
import { openAdminServer } from "./admin-server.ts";
import { describeStore } from "./describe-store.ts";
import { SwitchableStore } from "./switchable-store.ts";

/** Where a server has its admin socket, and the settings of its engine. */
export interface ServeOptions {
  readonly dataDir: string;
  readonly engine: EngineOptions;
}

/** Opens a store in a SQLite file, and serves it to `cellplane store`; `opened` closes both. */
export async function openServedSqlite(
  path: string,
  { dataDir, engine }: ServeOptions,
  opened: AsyncDisposableStack,
): Promise<MvccStore> {
  const open = (): Promise<MvccStore> => openSqliteStore({ ...engine, path });
  const store = opened.use(new SwitchableStore(await open()));
  const describe = async (): Promise<StoreDescription> => withQuota(describeSqlite(path), engine);
  const restore = async (image: StoreImage, options: RestoreOptions): Promise<RestoreOutcome> => {
    const { keys, revision } = describeSqlite(path);
    checkReplaceable({ what: path, keys, revision }, options);
    let restoring: Promise<RestoreOutcome> | undefined;
    await store.replace(async () => {
      restoring = restoreSqlite(image, { ...options, path });
      // Whatever came of it, the file holds the one or the other.
      await restoring.catch(() => undefined);
      return open();
    });
    if (!restoring) throw new Error("A store was replaced without its successor");
    return restoring;
  };
  opened.use(await openAdminServer(dataDir, { store, describe, restore }));
  return store;
}

/** Opens a store in memory, and serves it to `cellplane store`. */
export async function openServedMemory(
  { dataDir, engine }: ServeOptions,
  opened: AsyncDisposableStack,
): Promise<MvccStore> {
  const store = opened.use(new SwitchableStore(await openMemoryStore(engine)));
  let epoch = 1;
  const describe = async (): Promise<StoreDescription> =>
    withQuota({ ...(await describeStore(store)), epoch }, engine);
  const restore = async (image: StoreImage, options: RestoreOptions): Promise<RestoreOutcome> => {
    const { keys, revision } = await describeStore(store);
    checkReplaceable({ what: "memory", keys, revision }, options);
    const restored = await readImageIntoMemory(image, { epoch, revision }, options);
    await store.replace(() => restored.open(engine));
    ({ epoch } = restored.outcome);
    return { ...restored.outcome, replaced: keys };
  };
  opened.use(await openAdminServer(dataDir, { store, describe, restore }));
  return store;
}

/** Serves a store in a database to `cellplane store`, but for what its database has to be asked. */
export async function serveDatabase(
  store: MvccStore,
  { url, dataDir }: { readonly url: string; readonly dataDir: string },
  opened: AsyncDisposableStack,
): Promise<void> {
  const describe = (): Promise<StoreDescription> =>
    url.startsWith("mysql://")
      ? describeMysql(parseMysqlUrl(url, process.env))
      : describeStore(store);
  opened.use(await openAdminServer(dataDir, { store, describe }));
}

function withQuota(description: StoreDescription, { quotaBytes }: EngineOptions): StoreDescription {
  return quotaBytes === undefined ? description : { ...description, quotaBytes };
}

/** Before anything is closed for it. */
function checkReplaceable(
  {
    what,
    keys,
    revision,
  }: { readonly what: string; readonly keys: number; readonly revision: number },
  { whenNotEmpty }: RestoreOptions,
): void {
  if (whenNotEmpty === "refuse" && (keys > 0 || revision > 1)) {
    throw new TargetNotEmptyError(what, { keys, revision });
  }
}
