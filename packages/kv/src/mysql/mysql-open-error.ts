import { KvError, UnavailableError } from "../store/kv-error.ts";
import { MysqlError } from "./mysql-error.ts";
import { tlsRemedy } from "./mysql-tls.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/**
 * The contract's error for a database that somebody wanted to use and could not: it names the
 * database, and the way out where there is one.
 */
export function openError(target: MysqlTarget, error: unknown): KvError {
  if (error instanceof KvError) return error;
  const failure = MysqlError.from(error);
  const { host, port, database } = target;
  const why = (failure.message || failure.code).replace(/\.? See TODO.*/, "");
  return new UnavailableError(
    `Cannot open the database "${database}" at ${host}:${port}: ${why}${remedyOf(target, failure)}`,
  );
}

/** There is a database, and no store in it. */
export function noStoreError({ host, port, database }: MysqlTarget): UnavailableError {
  return new UnavailableError(
    `Cannot open the store as there is none in the database "${database}" at ${host}:${port}; a server makes it at its first start`,
  );
}

function remedyOf(target: MysqlTarget, failure: MysqlError): string {
  const { database, user, tls } = target;
  switch (failure.errno) {
    // Unknown database.
    case 1049:
      return `; create it: CREATE DATABASE ${database}`;
    // No right to the database, to a table of it.
    case 1044:
    case 1142:
      return `; see that it exists, and that the user may use it: GRANT CREATE, SELECT, INSERT, UPDATE, DELETE ON ${database}.* TO '${user}'@'…'`;
    // Too many connections of all, or of the user.
    case 1040:
    case 1203:
    case 1226:
      return "; allow more connections (max_connections, or the user's MAX_USER_CONNECTIONS)";
    default:
      return tlsRemedy(tls, failure);
  }
}
