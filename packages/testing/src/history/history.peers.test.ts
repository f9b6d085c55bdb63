import { equal, ok } from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { hasServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { faultKinds } from "./faults/inject-faults.ts";
import { checkedRun } from "./run/checked-run.suite.ts";

async function check(
  t: TestContext,
  options: Omit<Parameters<typeof checkedRun>[0], "faults">,
): Promise<void> {
  const { verdict, account } = await checkedRun({ ...options, faults: faultKinds });
  t.diagnostic(account);
  equal(verdict.count, 0, account);
  ok(verdict.replay.timelines.head > 20, account);
}

describe("a history of clients in several processes, with faults, keeps all promises", () => {
  const mariadb = { skip: !hasServer("mariadb") && "MariaDB is not installed" };
  const mysql = { skip: !hasServer("mysql") && "MySQL is not installed" };

  it("on MariaDB", mariadb, (t) => check(t, { store: "mariadb", seconds: 18 }));
  it("on MySQL", mysql, (t) => check(t, { store: "mysql", seconds: 8 }));
  it("on SQLite", (t) => check(t, { store: "sqlite", seconds: 6 }));
  it("through etcd's API, on SQLite", (t) => check(t, { store: "facade:sqlite", seconds: 6 }));
  it("on a real etcd, so that the checker is no stricter", (t) =>
    check(t, { store: "etcd", seconds: 6 }));
});
