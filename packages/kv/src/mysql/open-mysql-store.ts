import { RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { openLogMvccStore, type EngineOptions } from "../watch/log-mvcc-store.ts";
import { openReopeningStore } from "../watch/reopening-store.ts";
import { HeadMemory } from "./head-memory.ts";
import { openMysqlLog, type MysqlLogOptions } from "./mysql-revision-log.ts";
import { type MysqlTarget, parseMysqlUrl } from "./mysql-url.ts";

/** Settings of a store in a database. */
export interface MysqlStoreOptions extends MysqlLogOptions, EngineOptions {
  /** Where a password is looked for that the URL does not name; see `passwordVariable`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens, or makes, a store in a database of MySQL 8, MariaDB 10.6, OceanBase in MySQL mode, or
 * newer. The database itself must exist. Any number of processes may have it open. Where it has lost
 * revisions, the store refuses everything until it has them again or an operator has accepted the
 * loss, and goes on by itself then.
 *
 * @param url `mysql://user[:password]@host:port/database?ssl-ca=…&ssl-cert=…&ssl-key=…&password-file=…`.
 * @throws {UnavailableError} The database is away, refuses, cannot be trusted, or has lost
 * revisions; never with the password in its message.
 */
export async function openMysqlStore(
  url: string,
  options: MysqlStoreOptions = {},
): Promise<MvccStore> {
  const target = parseMysqlUrl(url, options.environment ?? {});
  const headMemory = new HeadMemory(options.headMemoryPath);
  return openReopeningStore({ open: () => openOnce(target, { ...options, headMemory }) });
}

async function openOnce(target: MysqlTarget, options: MysqlStoreOptions): Promise<MvccStore> {
  try {
    const log = await openMysqlLog(target, options);
    try {
      return await openLogMvccStore(log, options);
    } catch (error) {
      await log[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof RevisionsLostError)) throw error;
    throw new UnavailableError(error.message, { cause: error });
  }
}
