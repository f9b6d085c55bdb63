import { join } from "node:path";
import {
  lockDirectory,
  LockedError,
  type MvccStore,
  openMemoryStore,
  openSqliteStore,
  UnavailableError,
} from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import type { ServerOptions } from "../options/server-options.ts";

/**
 * Opens the store that the options name; `opened` closes it. Either way the data directory is this
 * process's alone, for keys and kubeconfig are in it, too.
 */
export async function openDatastore(
  options: Pick<ServerOptions, "datastore" | "dataDir">,
  opened: AsyncDisposableStack,
): Promise<MvccStore> {
  try {
    if (options.datastore === "memory") {
      opened.use(lockDirectory(options.dataDir));
      return opened.use(await openMemoryStore());
    }
    return opened.use(await openSqliteStore({ path: join(options.dataDir, "store.db") }));
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
