import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LockedError, UnavailableError } from "../../store/kv-error.ts";

/**
 * Holds a directory for this process: an exclusive transaction on `lock.db`, which the system
 * lets go of when the process ends, however it ends.
 * @throws {LockedError | UnavailableError}
 */
export function lockDirectory(directory: string): Disposable {
  const database = openLock(directory);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw lockError(directory, cause);
  }
  return { [Symbol.dispose]: () => database.close() };
}

function openLock(directory: string): DatabaseSync {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return new DatabaseSync(join(directory, "lock.db"));
  } catch (cause) {
    throw new UnavailableError(
      `Cannot use the data directory "${directory}": ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

const sqliteBusy = 5;

function lockError(directory: string, cause: unknown): Error {
  const isBusy = cause instanceof Error && "errcode" in cause && cause.errcode === sqliteBusy;
  if (!isBusy) {
    return new UnavailableError(
      `Cannot lock the data directory "${directory}": ${messageOf(cause)}`,
      { cause },
    );
  }
  return new LockedError(
    `Cannot open the store in "${directory}" as another process, or this one, has it open`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
