import { KvError, NoSpaceError, UnavailableError } from "../store/kv-error.ts";
import { TurnLostError } from "../store/revision-log.ts";

/** What the server or the connection said; holds no statement, for statements hold values. */
export class MysqlError extends Error {
  override readonly name = "MysqlError";
  /** The server's number; 0 where the connection failed. */
  readonly errno: number;
  /** The symbolic code, such as `ER_LOCK_DEADLOCK` or `ECONNRESET`. */
  readonly code: string;

  constructor(message: string, { errno, code }: { readonly errno: number; readonly code: string }) {
    super(message);
    this.errno = errno;
    this.code = code;
  }

  /** Takes over what the client library threw. */
  static from(error: unknown): MysqlError {
    if (error instanceof MysqlError) return error;
    if (!(error instanceof Error)) return new MysqlError(String(error), { errno: 0, code: "" });
    const { errno, code } = error as { readonly errno?: unknown; readonly code?: unknown };
    return new MysqlError(error.message || String(code), {
      // Errors of sockets have negative numbers of the system.
      errno: typeof errno === "number" && errno > 0 ? errno : 0,
      code: typeof code === "string" ? code : "",
    });
  }
}

/**
 * The statement was refused and the transaction is certainly not committed: lock wait, deadlock
 * (also Galera's certification), 1020 of MariaDB's snapshot isolation, NOWAIT, OceanBase's write conflicts.
 */
const conflicts: ReadonlySet<number> = new Set([1205, 1213, 1020, 3572, 6005, 6235]);

/**
 * OceanBase, where the leader is another or the statement was too slow; at a commit they tell
 * nothing, while a statement that may run twice can be tried again.
 */
const passing: ReadonlySet<number> = new Set([4009, 4012, 4038, 6002]);

/** This server cannot write: read-only after a failover, or group replication refuses. */
const readOnly: ReadonlySet<number> = new Set([1290, 1792, 1836, 3100, 3101]);

/** Table or disk full. */
const full: ReadonlySet<number> = new Set([1021, 1114, 3675]);

/** Refused for what was sent; nothing of the transaction was committed. */
const refused: ReadonlySet<number> = new Set([
  1044, 1062, 1064, 1142, 1146, 1153, 1193, 1227, 1231, 1264, 1366, 1406, 1054, 1690,
]);

/** What an error means for the write transaction that met it. */
export type WriteVerdict = "conflict" | "read-only" | "full" | "refused" | "unknown";

/** Classifies an error; `unknown` has to be settled if a commit may have been under way. */
export function verdictOf({ errno }: MysqlError): WriteVerdict {
  if (conflicts.has(errno)) return "conflict";
  if (readOnly.has(errno)) return "read-only";
  if (full.has(errno)) return "full";
  return refused.has(errno) ? "refused" : "unknown";
}

/** Whether a statement that may run twice is worth another attempt. */
export function isPassing({ errno }: MysqlError): boolean {
  return conflicts.has(errno) || passing.has(errno);
}

/** The contract's error for a write of which nothing was committed. */
export function writeError(error: MysqlError): Error {
  switch (verdictOf(error)) {
    case "conflict":
      return new TurnLostError(error.message);
    case "full":
      return new NoSpaceError(`Cannot write as the database is full: ${error.message}`);
    case "read-only":
      return new UnavailableError(
        `Cannot write as the database server is read-only; point --datastore at the primary: ${error.message}`,
      );
    default:
      return new UnavailableError(`Cannot use the database: ${error.message}`);
  }
}

/** The contract's error for a failed read. */
export function readError(error: unknown): KvError {
  if (error instanceof KvError) return error;
  return new UnavailableError(`Cannot read from the database: ${MysqlError.from(error).message}`);
}
