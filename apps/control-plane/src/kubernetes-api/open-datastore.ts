import { dirname, join, resolve } from "node:path";
import {
  type EngineOptions,
  lockDirectory,
  LockedError,
  type MvccStore,
  openMemoryStore,
  openMysqlStore,
  openSqliteStore,
  UnavailableError,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { isMysqlUrl, isSqlitePath, type ServerOptions } from "../options/server-options.ts";

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
    if (options.datastore === "memory") {
      opened.use(lockDirectory(options.dataDir));
      return opened.use(await openMemoryStore(engine));
    }
    if (isMysqlUrl(options.datastore)) {
      opened.use(lockDirectory(options.dataDir));
      return opened.use(await openDatabase(options.datastore, options.dataDir, engine));
    }
    if (isSqlitePath(options.datastore)) {
      const path = resolve(options.datastore.slice("sqlite:".length));
      // A file in the data directory is guarded by the same lock.
      if (dirname(path) !== resolve(options.dataDir)) opened.use(lockDirectory(options.dataDir));
      return opened.use(await openSqliteStore({ ...engine, path }));
    }
    return opened.use(
      await openSqliteStore({ ...engine, path: join(options.dataDir, "store.db") }),
    );
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

function openDatabase(url: string, dataDir: string, engine: EngineOptions): Promise<MvccStore> {
  // A URL may hold a password, and arguments can be read by everybody on the machine until the title replaces them.
  if (URL.parse(url)?.password) process.title = "cellplane";
  const headMemoryPath = join(dataDir, "store-head.json");
  return openMysqlStore(url, { ...engine, headMemoryPath, environment: process.env });
}
