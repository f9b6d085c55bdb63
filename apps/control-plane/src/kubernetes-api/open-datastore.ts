import { dirname, join, resolve } from "node:path";
import {
  type EngineOptions,
  lockDirectory,
  LockedError,
  type MvccStore,
  openEtcdStore,
  openMysqlStore,
  refuseUnfinishedRestore,
  UnavailableError,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import {
  isEtcdUrl,
  isMysqlUrl,
  isSqlitePath,
  type ServerOptions,
} from "../options/server-options.ts";
import { hidePassword } from "../store/hide-password.ts";
import { etcdHeadName } from "../store/store-target.ts";
import { openServedMemory, openServedSqlite, serveDatabase } from "../store/serve-store.ts";

/**
 * Opens the store that the options name; `opened` closes it. Either way the data directory is this
 * process's alone, for keys and kubeconfig are in it, too.
 */
export async function openDatastore(
  options: Pick<ServerOptions, "datastore" | "dataDir">,
  opened: AsyncDisposableStack,
  engine: EngineOptions = {},
): Promise<MvccStore> {
  try {
    const { datastore, dataDir } = options;
    const serve = { dataDir, engine };
    if (datastore === "memory") {
      opened.use(lockDirectory(dataDir));
      return await openServedMemory(serve, opened);
    }
    if (isMysqlUrl(datastore) || isEtcdUrl(datastore)) {
      opened.use(lockDirectory(dataDir));
      const store = opened.use(await openDatabase(datastore, dataDir, engine));
      await serveDatabase(store, { url: datastore, dataDir }, opened);
      return store;
    }
    if (isSqlitePath(datastore)) {
      const path = resolve(datastore.slice("sqlite:".length));
      // A file in the data directory is guarded by the same lock.
      if (dirname(path) !== resolve(dataDir)) opened.use(lockDirectory(dataDir));
      return await openServedSqlite(path, serve, opened);
    }
    return await openServedSqlite(join(dataDir, "store.db"), serve, opened);
  } catch (error) {
    if (error instanceof LockedError) {
      throw new ServerError(
        `Cannot use the data directory "${options.dataDir}" as another process has it open; stop that one, or give another --data-dir`,
        { cause: error },
      );
    }
    if (error instanceof UnavailableError) throw new ServerError(error.message, { cause: error });
    throw error;
  }
}

async function openDatabase(
  url: string,
  dataDir: string,
  engine: EngineOptions,
): Promise<MvccStore> {
  hidePassword(url);
  const environment = process.env;
  if (isMysqlUrl(url)) {
    const headMemoryPath = join(dataDir, "store-head.json");
    return openMysqlStore(url, { ...engine, headMemoryPath, environment });
  }
  // Limits of size and of transactions are the cluster's own.
  const headMemoryPath = join(dataDir, etcdHeadName);
  const store = await openEtcdStore(url, { headMemoryPath, environment });
  try {
    await refuseUnfinishedRestore(store);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
