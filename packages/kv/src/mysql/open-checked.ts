import { noStoreError, openError } from "./mysql-open-error.ts";
import { hasStore } from "./mysql-schema.ts";
import { MysqlSession } from "./mysql-session.ts";
import { checkServer, sessionSetUp, type MysqlServer, type ServerNeeds } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/** A session for a command, and what its server is like. */
export interface CheckedSession {
  readonly session: MysqlSession;
  readonly server: MysqlServer;
}

/**
 * Connects for a command that looks after a store; the caller ends the session.
 * @throws {UnavailableError} The database is away, refuses, cannot be trusted, or there is no store
 * in it although one is needed; the message names the database.
 */
export async function openChecked(
  target: MysqlTarget,
  { needs, sessions }: ServerNeeds & { readonly needs: "database" | "store" },
): Promise<CheckedSession> {
  let session: MysqlSession | undefined;
  try {
    session = await MysqlSession.open(target, sessionSetUp());
    const server = await checkServer(session, sessions === undefined ? {} : { sessions });
    if (needs === "store" && !(await hasStore(session))) throw noStoreError(target);
    return { session, server };
  } catch (error) {
    session?.destroy();
    throw openError(target, error);
  }
}
