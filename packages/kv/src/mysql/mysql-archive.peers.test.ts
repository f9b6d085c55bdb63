import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allKeys, backupOf, fill, imageOf, keptOf } from "../archive/archive-testing.suite.ts";
import { openMemoryStore } from "../memory/open-memory-store.ts";
import { k, put, remove, run } from "../store/mvcc-testing.suite.ts";
import type { VerifyReport } from "../store/verify-report.ts";
import { acceptMysqlLoss } from "./accept-mysql-loss.ts";
import { describeMysql } from "./describe-mysql.ts";
import { restoreMysql } from "./mysql-restore.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { MysqlSession } from "./mysql-session.ts";
import { parseMysqlUrl } from "./mysql-url.ts";
import { verifyMysql } from "./mysql-verify.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

function textOf({ findings }: VerifyReport): string {
  return findings.map((f) => `${f.revision ?? "-"} ${f.key ?? "-"} ${f.message}`).join("\n");
}

/** Each damage, done by hand, and what must be said of it. */
const damages: readonly (readonly [string, string, RegExp])[] = [
  [
    "the head is behind its log",
    "UPDATE kv_meta SET revision = revision - 1",
    /^14 - a change stands beyond the head, which is 13$/m,
  ],
  [
    "the head is before its log",
    "UPDATE kv_meta SET revision = revision + 2",
    /^16 - the log ends before the head: revisions 15 to 16 are missing$/m,
  ],
  [
    "a revision is missing",
    "DELETE FROM kv_log WHERE revision = 12",
    /^13 - the log has a gap: revision 12 is missing$/m,
  ],
  [
    "a change of a revision is missing",
    "DELETE FROM kv_log WHERE revision = 14 AND sub = 1",
    /^14 - a change is missing between the 0th and the 2th$/m,
  ],
  [
    "a kept predecessor is missing",
    "DELETE FROM kv_log WHERE revision = 9",
    /^12 a it replaced the row of revision 9, and there is none$/m,
  ],
  [
    "a current row names an older row",
    "UPDATE kv_current SET revision = 9 WHERE name = 'a'",
    /^12 a the current row has revision 9, and the newest row of the log 12$/m,
  ],
  [
    "a live key has no current row",
    "DELETE FROM kv_current WHERE name = 'a'",
    /^12 a the key is live, and has no current row$/m,
  ],
  [
    "a deleted key has a current row",
    "INSERT INTO kv_current VALUES ('d', 11, 0, 10, 1, 0)",
    /^11 d a current row is there although the key is deleted$/m,
  ],
  [
    "a current row has no history",
    "INSERT INTO kv_current VALUES (x'7a00', 11, 0, 10, 1, 0)",
    /^11 z\\x00 a current row has no row in the log$/m,
  ],
  [
    "a version jumps",
    "UPDATE kv_log SET version = 7 WHERE revision = 12; UPDATE kv_current SET version = 7 WHERE name = 'a'",
    /^12 a its version is 7 after 2$/m,
  ],
  [
    "a creation revision changes",
    "UPDATE kv_log SET create_revision = 9 WHERE revision = 12; UPDATE kv_current SET create_revision = 9 WHERE name = 'a'",
    /^12 a its creation revision is 9, and was 2$/m,
  ],
  [
    "a lease does not exist",
    "DELETE FROM kv_lease",
    /^13 e it has the lease 5, which does not exist$/m,
  ],
  [
    "a lease does not hold its key",
    "DELETE FROM kv_lease_key",
    /^13 e it has the lease 5, which does not hold it$/m,
  ],
  [
    "a lease holds what is not live",
    "INSERT INTO kv_lease_key VALUES (5, 'd')",
    /^- d lease 5 holds it, and it is not live$/m,
  ],
  [
    "a lease holds what is another's",
    "INSERT INTO kv_lease_key VALUES (5, 'a')",
    /^- a lease 5 holds it, and it has lease 0$/m,
  ],
  [
    "the head is of another batch",
    "UPDATE kv_meta SET token = 1",
    /^14 - the head was made by another batch than its changes$/m,
  ],
];

for (const kind of ["mariadb", "mysql"] as const satisfies readonly ServerKind[]) {
  describe(`the archive on ${kind}`, { skip: !hasServer(kind) }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind);
    });
    after(() => server[Symbol.asyncDispose]());

    async function sql(url: string, text: string): Promise<void> {
      await using session = await MysqlSession.open(parseMysqlUrl(url, {}), []);
      for (const statement of text.split("; ")) await session.run([statement], 10_000);
    }

    it("takes a backup in, gives it back, and verifies before and after", async () => {
      await using source = await openMemoryStore();
      await fill(source);
      const url = await server.newDatabase();
      const target = parseMysqlUrl(url, {});
      const outcome = await restoreMysql(target, await imageOf(await backupOf(source)), {
        whenNotEmpty: "refuse",
      });
      equal(outcome.leases, 2);
      equal(textOf(await verifyMysql(target)), "");
      await using store = await openMysqlStore(url);
      deepEqual(keptOf(await allKeys(store)), keptOf(await allKeys(source)));
      ok(((await store.leases?.timeToLive(77))?.remainingSeconds ?? 0) > 500);
      const written = await put(store, "a/1", "on");
      equal(written.revision, outcome.revision + 1);
      await remove(store, "a/2");
      equal(textOf(await verifyMysql(target)), "");
      const { keys, leases, epoch, schema, removing, clusterId } = await describeMysql(target);
      deepEqual(
        { keys, leases, epoch, schema, removing },
        { keys: 10, leases: 2, epoch: 2, schema: 2, removing: false },
      );
      equal(clusterId, (await source.status()).clusterId);
      await using back = await openMemoryStore();
      ok((await backupOf(store)).length > (await backupOf(back)).length);
    });

    it("refuses what is not empty, and replaces it under a store that is open, which ends", async () => {
      const url = await server.newDatabase();
      const target = parseMysqlUrl(url, {});
      await using open = await openMysqlStore(url);
      await put(open, "old", "1");
      await using source = await openMemoryStore();
      await fill(source);
      const backup = await backupOf(source);
      await rejects(
        restoreMysql(target, await imageOf(backup), { whenNotEmpty: "refuse" }),
        /holds 1 keys at revision 2; give --force/,
      );
      await rejects(
        restoreMysql(target, await imageOf(backup.subarray(0, -9)), { whenNotEmpty: "replace" }),
        /it is cut off/,
      );
      deepEqual(
        (await allKeys(open)).map(({ key }) => key.toString()),
        ["old"],
      );
      await restoreMysql(target, await imageOf(backup), { whenNotEmpty: "replace" });
      await rejects(allKeys(open), /acknowledged writes are gone/);
      await using again = await openMysqlStore(url);
      deepEqual(keptOf(await allKeys(again)), keptOf(await allKeys(source)));
    });

    it("backs up at one revision, and verifies, while others write", async () => {
      const url = await server.newDatabase();
      await using store = await openMysqlStore(url);
      for (let i = 0; i < 300; i++) await put(store, `k${i}`, "v");
      const done = new AbortController();
      const writing = (async () => {
        for (let i = 0; !done.signal.aborted; i++) await put(store, `k${i % 300}`, `${i}`);
      })();
      const backup = await backupOf(store);
      const report = await verifyMysql(parseMysqlUrl(url, {}));
      done.abort();
      await writing;
      equal(textOf(report), "");
      const copy = parseMysqlUrl(await server.newDatabase(), {});
      const { keys } = await restoreMysql(copy, await imageOf(backup), { whenNotEmpty: "refuse" });
      equal(keys, 300);
    });

    it("accepts a loss, and finds nothing wrong afterwards", async () => {
      const url = await server.newDatabase();
      {
        await using store = await openMysqlStore(url);
        await put(store, "a", "1");
      }
      const loss = await acceptMysqlLoss(url, { acknowledged: 500 });
      deepEqual(loss, { epoch: 2, from: 2, to: 1_000_500 });
      equal(textOf(await verifyMysql(parseMysqlUrl(url, {}))), "");
    });

    describe("verifyMysql()", () => {
      let url: string;
      before(async () => {
        url = await server.newDatabase();
        await using store = await openMysqlStore(url);
        await store.leases?.grant({ id: 5, ttlSeconds: 3600 });
        await put(store, "a", "1"); // 2
        for (let i = 3; i <= 8; i++) await put(store, "b", `${i}`);
        await put(store, "a", "2"); // 9
        await put(store, "d", "1"); // 10
        await remove(store, "d"); // 11
        await put(store, "a", "3"); // 12
        await put(store, "e", "1", { lease: 5 }); // 13
        await run(
          store,
          { kind: "put", key: k("f"), value: k("1") },
          { kind: "put", key: k("g"), value: k("1") },
          { kind: "put", key: k("h"), value: k("1") },
        ); // 14
        await store.compact(10);
        while ((await describeMysql(parseMysqlUrl(url, {}))).removing) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });

      for (const [what, damage, expected] of damages) {
        it(`says that ${what}`, async () => {
          const tables = [
            "kv_meta",
            "kv_log",
            "kv_current",
            "kv_lease",
            "kv_lease_key",
            "kv_compaction",
          ];
          const source = new URL(url).pathname.slice(1);
          const copy = await server.newDatabase();
          for (const table of tables) {
            await sql(
              copy,
              `CREATE TABLE ${table} LIKE ${source}.${table}; INSERT INTO ${table} SELECT * FROM ${source}.${table}`,
            );
          }
          equal(textOf(await verifyMysql(parseMysqlUrl(copy, {}))), "");
          await sql(copy, damage);
          match(textOf(await verifyMysql(parseMysqlUrl(copy, {}))), expected);
        });
      }

      it("cannot look at a database that is not there, or has no store", async () => {
        const target = parseMysqlUrl(url, {});
        await rejects(verifyMysql({ ...target, database: "nowhere" }), /UnavailableError/);
        await rejects(verifyMysql({ ...target, database: "mysql" }), /UnavailableError/);
      });
    });
  });
}
