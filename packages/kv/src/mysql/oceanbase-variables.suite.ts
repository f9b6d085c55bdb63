import { obError } from "./oceanbase-faults.suite.ts";
import { okAnswer, textRows, withTextRows, type Answer } from "./protocol-packets.suite.ts";

/** As OceanBase 4.2 tells it. */
export const obVersion = "5.7.25-OceanBase-v4.2.1.8";

const defaults: Readonly<Record<string, string>> = {
  version: obVersion,
  version_comment: "OceanBase_CE 4.2.1.8 (r108000022024072217) (Built Jul 22 2024)",
  autocommit: "ON",
  auto_increment_cache_size: "1000000",
  max_allowed_packet: "16777216",
  ob_compatibility_mode: "MYSQL",
  ob_query_timeout: "10000000",
  ob_read_consistency: "STRONG",
  ob_trx_idle_timeout: "86400000000",
  ob_trx_lock_timeout: "-1",
  ob_trx_timeout: "86400000000",
  read_only: "OFF",
  tx_isolation: "READ-COMMITTED",
  wait_timeout: "28800",
};

/** Variables of MySQL's or MariaDB's that OceanBase does not know. */
const unknown =
  /^(innodb_|information_schema_stats_expiry$|idle_\w*transaction_timeout$|super_read_only$|wsrep_|binlog_|sync_binlog$|log_bin$|max_statement_time$)/i;

/** Variables of a session, as far as they are OceanBase's own or act in the proxy. */
export class ObVariables {
  readonly #values = new Map(Object.entries(defaults));

  /** The number of a variable, in its own unit. */
  number(name: string): number {
    return Number(this.#values.get(name));
  }

  /** The value that was set. */
  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  /**
   * The answer to `SET`, where the proxy gives it: all that the server behind it does not know, and
   * an error for what OceanBase does not. Absent: for the server.
   */
  set(head: string): Answer | undefined {
    const [, name = "", value = ""] =
      /^SET\s+(?:SESSION\s+)?(\w+)\s*=\s*'?([^']*)'?$/i.exec(head) ?? [];
    if (unknown.test(name)) return obError("unknownVariable", ` '${name}'`);
    const isOurs = name.startsWith("ob_") || name === "wait_timeout";
    if (!isOurs) return undefined;
    if (!this.#values.has(name)) return obError("unknownVariable", ` '${name}'`);
    this.#values.set(name, value);
    return okAnswer(2);
  }

  /** `SHOW VARIABLES` of the server behind, as OceanBase would answer it to the same question. */
  shown(head: string, answer: Answer): Answer {
    const rows = textRows(answer).filter(
      ([name = ""]) => !unknown.test(name) && !(name in defaults),
    );
    const own = Array.from(this.#values).filter(([name]) => asksFor(head, name));
    return withTextRows(answer, [...rows, ...own]);
  }
}

function asksFor(head: string, name: string): boolean {
  const [, like] = /LIKE\s+'([^']*)'/i.exec(head) ?? [];
  if (like !== undefined) return new RegExp(`^${like.replaceAll("%", ".*")}$`, "i").test(name);
  const listed = /IN\s*\(([^)]*)\)/i.exec(head)?.[1];
  return listed === undefined || listed.includes(`'${name}'`);
}
