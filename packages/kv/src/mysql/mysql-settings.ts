import { UnavailableError } from "../store/kv-error.ts";
import { MysqlSession } from "./mysql-session.ts";

/** Whose server it is, as far as that changes what we say to it. */
export type MysqlFlavor = "mysql" | "mariadb" | "oceanbase";

/** What a server is like. */
export interface MysqlServer {
  readonly flavor: MysqlFlavor;
  readonly version: string;
  /**
   * Whether others see a commit before it is on disk: InnoDB without a binary log. What they
   * wrote may be shown only after a commit of our own.
   */
  readonly showsBeforeDurable: boolean;
}

/** Server variables by name. */
export type ServerVariables = ReadonlyMap<string, string>;

const wanted = [
  "version",
  "version_comment",
  "read_only",
  "innodb_read_only",
  "super_read_only",
  "innodb_flush_log_at_trx_commit",
  "log_bin",
  "sync_binlog",
  "wsrep_on",
  "sql_mode",
  "autocommit",
  "max_allowed_packet",
  "max_user_connections",
];

/** The longest message that is sent: a value of 3 MiB is 6 MiB of text, and not alone in it. */
const neededPacketBytes = 16 * 1024 * 1024;

/** What whoever opens a store needs of its server. */
export interface ServerNeeds {
  /** Sessions at a time. Default: one. */
  readonly sessions?: number;
}

/** Seconds after which the server ends a writing session that says nothing, and with it frees the lock. */
const idleSeconds = 5;

/** Seconds to wait for a lock. */
const lockWaitSeconds = 4;

/** Seconds that a statement and a transaction of the writer may take; OceanBase ends them then. */
const writeSeconds = 7;
const transactionSeconds = 15;

/** Seconds that a statement that reads may take. */
const pageSeconds = 30;

/** OceanBase counts time in microseconds. */
const micros = 1_000_000;

/** Statements that every session begins with. */
export function sessionSetUp(flavor?: MysqlFlavor): readonly string[] {
  const common = [
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION autocommit = 1",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  ];
  if (flavor === "oceanbase") {
    return [
      ...common,
      "SET SESSION ob_read_consistency = 'STRONG'",
      `SET SESSION ob_query_timeout = ${pageSeconds * micros}`,
    ];
  }
  // Sizes as they are, not as they were a day ago.
  if (flavor === "mysql") return [...common, "SET SESSION information_schema_stats_expiry = 0"];
  return common;
}

/** Statements that the writing session begins with: under these a frozen process loses its session. */
export function writerSetUp(flavor: MysqlFlavor): readonly string[] {
  const common = sessionSetUp(flavor);
  if (flavor === "oceanbase") {
    return [
      ...common,
      `SET SESSION ob_query_timeout = ${writeSeconds * micros}`,
      `SET SESSION ob_trx_timeout = ${transactionSeconds * micros}`,
      `SET SESSION ob_trx_idle_timeout = ${idleSeconds * micros}`,
      `SET SESSION ob_trx_lock_timeout = ${lockWaitSeconds * micros}`,
      `SET SESSION wait_timeout = ${idleSeconds}`,
    ];
  }
  const guards = [
    `SET SESSION innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    `SET SESSION wait_timeout = ${idleSeconds}`,
  ];
  if (flavor === "mariadb") guards.push(`SET SESSION idle_transaction_timeout = ${idleSeconds}`);
  return [...common, ...guards];
}

/**
 * Reads what the server is like.
 * @throws {UnavailableError} It would lose or mix up what it acknowledges, or gives less than is needed.
 */
export async function checkServer(
  session: MysqlSession,
  needs?: ServerNeeds,
): Promise<MysqlServer> {
  const names = wanted.map((name) => `'${name}'`).join(", ");
  const [rows = [], status = []] = await session.run(
    [`SHOW VARIABLES WHERE Variable_name IN (${names})`, "SHOW STATUS LIKE 'wsrep_cluster_size'"],
    5000,
  );
  const pairs = [...rows, ...status].map((row): [string, string] => [
    String(row[0]).toLowerCase(),
    String(row[1]),
  ]);
  return judgeServer(new Map(pairs), needs);
}

/**
 * Decides whether a server with these variables can be trusted.
 * @throws {UnavailableError} With what to do.
 */
export function judgeServer(variables: ServerVariables, needs: ServerNeeds = {}): MysqlServer {
  const flavor = flavorOf(variables);
  const isOn = (name: string): boolean => /^(on|1)$/i.test(variables.get(name) ?? "");
  const version = variables.get("version") ?? "";
  for (const name of ["read_only", "super_read_only", "innodb_read_only"]) {
    if (isOn(name)) throw refuse(`the server is read-only (${name}=ON)`, "give the primary");
  }
  const mode = variables.get("sql_mode") ?? "";
  if (!/STRICT_(TRANS|ALL)_TABLES/.test(mode)) {
    throw refuse(
      `the session's sql_mode is "${mode}" although STRICT_TRANS_TABLES was set`,
      "see to it that no proxy changes it",
    );
  }
  checkLimits(variables, needs);
  if (flavor === "oceanbase") return { flavor, version, showsBeforeDurable: false };
  const flush = variables.get("innodb_flush_log_at_trx_commit");
  if (flush !== undefined && flush !== "1") {
    throw refuse(
      `innodb_flush_log_at_trx_commit is ${flush}, so that acknowledged writes may be lost`,
      "set it to 1",
    );
  }
  const hasBinaryLog = isOn("log_bin");
  if (hasBinaryLog && variables.get("sync_binlog") !== "1") {
    throw refuse(
      `the server has a binary log with sync_binlog=${variables.get("sync_binlog")}, so that acknowledged writes may be lost`,
      "set sync_binlog=1",
    );
  }
  if (isOn("wsrep_on") && Number(variables.get("wsrep_cluster_size") ?? 0) > 1) {
    throw refuse(
      "the server belongs to a Galera cluster with several writers, which loses acknowledged writes",
      "use a server with replicas instead",
    );
  }
  return { flavor, version, showsBeforeDurable: !hasBinaryLog };
}

/** @throws {UnavailableError} */
function checkLimits(variables: ServerVariables, { sessions = 1 }: ServerNeeds): void {
  const packetBytes = Number(variables.get("max_allowed_packet") ?? neededPacketBytes);
  if (packetBytes < neededPacketBytes) {
    throw refuse(
      `max_allowed_packet is ${packetBytes}, so that large values could not be written`,
      `set it to ${neededPacketBytes} or more`,
    );
  }
  // Of the user, where the account has a limit; 0: none.
  const allowed = Number(variables.get("max_user_connections") ?? 0);
  if (allowed > 0 && allowed < sessions) {
    throw refuse(
      `its user may have ${allowed} connections (max_user_connections), and ${sessions} are needed`,
      "allow more, or give fewer by read-connections",
    );
  }
}

function flavorOf(variables: ServerVariables): MysqlFlavor {
  const text = `${variables.get("version")} ${variables.get("version_comment")}`;
  if (/oceanbase/i.test(text)) return "oceanbase";
  return /mariadb/i.test(text) ? "mariadb" : "mysql";
}

function refuse(why: string, remedy: string): UnavailableError {
  return new UnavailableError(`Cannot use the database as ${why}; ${remedy}`);
}
