import type { MvccStore } from "../../store/mvcc-store.ts";
import { openLogMvccStore, type EngineOptions } from "../../watch/log-mvcc-store.ts";
import { openSqliteLog, type SqliteLogOptions } from "./sqlite-revision-log.ts";

/** Settings of a store in a SQLite file. */
export interface SqliteStoreOptions extends SqliteLogOptions, EngineOptions {}

/**
 * Opens, or makes, a store in a SQLite file. One process at a time may have it open: the file's
 * directory holds `lock.db` beside it.
 * @throws {LockedError} Another process has it open.
 * @throws {UnavailableError} It is damaged, not a store, or of a newer schema.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<MvccStore> {
  const log = await openSqliteLog(options);
  try {
    return await openLogMvccStore(log, options);
  } catch (error) {
    await log[Symbol.asyncDispose]();
    throw error;
  }
}
