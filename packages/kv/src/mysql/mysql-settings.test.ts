import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeServer } from "./mysql-settings.ts";

const good: Readonly<Record<string, string>> = {
  version: "9.7.0",
  version_comment: "MySQL Community Server",
  read_only: "OFF",
  innodb_flush_log_at_trx_commit: "1",
  log_bin: "ON",
  sync_binlog: "1",
  sql_mode: "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
};

const judge = (changes: Readonly<Record<string, string>> = {}): ReturnType<typeof judgeServer> =>
  judgeServer(new Map(Object.entries({ ...good, ...changes })));

describe("judgeServer()", () => {
  it("knows whose server it is, and whether it shows commits before they are durable", () => {
    deepEqual(judge(), { flavor: "mysql", version: "9.7.0", showsBeforeDurable: false });
    deepEqual(judge({ version: "10.11.1-MariaDB", log_bin: "OFF", sync_binlog: "0" }), {
      flavor: "mariadb",
      version: "10.11.1-MariaDB",
      showsBeforeDurable: true,
    });
    deepEqual(judge({ version_comment: "OceanBase 4.3.5", log_bin: "OFF" }).flavor, "oceanbase");
  });

  it("refuses what would lose or mix up acknowledged writes", () => {
    throws(() => judge({ read_only: "ON" }), /read-only \(read_only=ON\); give the primary/);
    throws(() => judge({ innodb_read_only: "1" }), /read-only/);
    throws(() => judge({ innodb_flush_log_at_trx_commit: "2" }), /is 2, .*; set it to 1/);
    throws(() => judge({ sync_binlog: "0" }), /sync_binlog=0, .*; set sync_binlog=1/);
    throws(() => judge({ wsrep_on: "ON", wsrep_cluster_size: "3" }), /Galera/);
    throws(() => judge({ sql_mode: "" }), /sql_mode is ""/);
  });

  it("refuses limits under which writes would fail later", () => {
    throws(() => judge({ max_allowed_packet: "4194304" }), /is 4194304, .*; set it to 16777216/);
    judge({ max_allowed_packet: "16777216" });
    const limited = new Map(Object.entries({ ...good, max_user_connections: "7" }));
    throws(
      () => judgeServer(limited, { sessions: 8 }),
      /may have 7 connections .* and 8 are needed/,
    );
    judgeServer(limited, { sessions: 7 });
    judgeServer(new Map(Object.entries({ ...good, max_user_connections: "0" })), { sessions: 8 });
  });
});
