import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { OutcomeUnknownError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { describeMvccStore } from "../store/mvcc-store.suite.ts";
import { k, put, RecordingWatch, run } from "../store/mvcc-testing.suite.ts";
import { MysqlProxy } from "./mysql-proxy.suite.ts";
import { forgetful, hasServer, MysqlTestServer } from "./mysql-server.suite.ts";
import { MysqlSession } from "./mysql-session.ts";
import { parseMysqlUrl } from "./mysql-url.ts";
import { faultsAt, stormOf, type Fault, type FaultPoint } from "./oceanbase-faults.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const atCommit = ({ statement }: FaultPoint): boolean => statement === "commit";

const everything = { key: k("\0"), end: k("\0") };

/** The same each time unless it is set, so that a run can be had again. */
const seed = Number(process.env["CELLPLANE_SEED"] ?? 20_261_124);

describe(
  "OceanBase's faults",
  { skip: !hasServer("mysql") && "the server is not installed" },
  () => {
    let server: MysqlTestServer;
    let proxy: MysqlProxy;
    before(async () => {
      server = await MysqlTestServer.start("mysql", forgetful);
      proxy = await MysqlProxy.open(server.port, { asOceanBase: true });
    });
    after(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    const newUrl = async (): Promise<string> => proxy.urlOf(await server.newDatabase());

    describe("a write, and what is in the database then", () => {
      const atLock = ({ statement }: FaultPoint): boolean => statement === "lock";
      const atLog = ({ head }: FaultPoint): boolean => head.startsWith("INSERT INTO kv_log");
      const error = (
        name: Extract<Fault, { kind: "error" }>["error"],
        keepsTransaction = false,
      ): Fault => ({
        kind: "error",
        error: name,
        keepsTransaction,
      });
      const invisible: readonly (readonly [string, (point: FaultPoint) => boolean, Fault])[] = [
        ["1205 while the lock is waited for", atLock, error("lockWait", true)],
        ["1213 at the lock", atLock, error("deadlock")],
        ["4012 at the lock", atLock, error("timeout")],
        ["1205 at a change, the transaction still open", atLog, error("lockWait", true)],
        ["1213 at a change", atLog, error("deadlock")],
        ["6235 at a change", atLog, error("cannotSerialize")],
        ["6005 at a change", atLog, error("versionConflict")],
        ["4038 at a change", atLog, error("notMaster")],
        ["4012 at a change", atLog, error("timeout")],
        ["6002 before the commit", atCommit, error("rolledBack")],
        ["4038 before the commit", atCommit, error("notMaster")],
        ["4012 at the commit, which is done", atCommit, { kind: "unknown", runs: true }],
        ["4012 at the commit, which is not done", atCommit, { kind: "unknown", runs: false }],
        ["a cut before the commit arrives", atCommit, { kind: "cut", when: "before" }],
        ["a cut before the answer to the commit", atCommit, { kind: "cut", when: "after" }],
        [
          "a cut in the middle of the message, which goes on",
          atLog,
          { kind: "cut", when: "after" },
        ],
        ["a cut while the lock is waited for", atLock, { kind: "cut", when: "after" }],
      ];
      for (const [name, matches, fault] of invisible) {
        it(`takes effect once, at the next revision, after ${name}`, async () => {
          await using store = await openMysqlStore(await newUrl());
          await put(store, "a", "1");
          const watch = new RecordingWatch(store, { ...everything, startRevision: 2 });
          const before = proxy.faultCount;
          proxy.plan = faultsAt(matches, fault);
          try {
            equal((await put(store, "a", "2")).revision, 3);
            equal(proxy.faultCount, before + 1);
          } finally {
            proxy.plan = undefined;
          }
          equal((await put(store, "a", "3")).revision, 4);
          await watch.until(({ events }) => events.length === 3);
          equal(watch.text, "+a=1@2 +a=2@3 +a=3@4");
          equal((await store.range({ key: k("a") })).kvs[0]?.version, 3);
        });
      }
    });

    describe("a read", () => {
      for (const [name, fault] of [
        ["4012", { kind: "error", error: "timeout" }],
        ["4038", { kind: "error", error: "notMaster" }],
        ["a cut", { kind: "cut", when: "after" }],
      ] as const satisfies (readonly [string, Fault])[]) {
        it(`is answered in spite of ${name}`, async () => {
          await using store = await openMysqlStore(await newUrl(), {
            ring: { maxChanges: 1, maxBytes: 1 },
          });
          for (const value of ["1", "2", "3"]) await put(store, "a", value);
          proxy.plan = faultsAt(({ head }) => /^SELECT\b[^]*\bFROM kv_log/.test(head), fault);
          const before = proxy.faultCount;
          try {
            const { kvs } = await store.range({ key: k("a"), revision: 3 });
            equal(kvs[0]?.value.toString(), "2");
            equal(proxy.faultCount, before + 1);
          } finally {
            proxy.plan = undefined;
          }
        });
      }
    });

    describeLasting(async () => {
      const own = await MysqlProxy.open(server.port, { asOceanBase: true });
      return { proxy: own, url: own.urlOf(await server.newDatabase()) };
    });

    describe("the proxy in front of OceanBase", () => {
      it("refuses messages of 16 MiB: a large write and a deletion of many keys are sent in parts", async () => {
        await using store = await openMysqlStore(await newUrl());
        const size = 3 * 1024 * 1024;
        const success = ["a", "b", "c"].map((key) => ({
          kind: "put" as const,
          key: k(key),
          value: Buffer.alloc(size, key),
        }));
        equal((await store.txn({ compare: [], success, failure: [] })).revision, 2);
        const long = "k".repeat(1000);
        const puts = Array.from({ length: 45 }, async (_, i) => {
          const keys = Array.from({ length: 100 }, (_each, j) => k(`${long}${i}/${j}`));
          await run(store, ...keys.map((key) => ({ kind: "put" as const, key, value: k("") })));
        });
        await Promise.all(puts);
        const head = await store.headRevision();
        const { revision } = await run(store, { kind: "delete", key: k("k"), end: k("l") });
        equal(revision, head + 1);
        equal((await store.range(everything)).count, 3);
      });

      it("knows no variable of InnoDB's, and keeps neither variables of the user nor a session for long", async () => {
        const target = parseMysqlUrl(await newUrl(), {});
        await using session = await MysqlSession.open(target, [
          "SET SESSION ob_read_consistency = 'STRONG'",
        ]);
        await rejects(session.run(["SET SESSION innodb_lock_wait_timeout = 4"], 5000), {
          errno: 1193,
        });
        await rejects(session.run(["SET SESSION ob_nothing = 4"], 5000), { errno: 1193 });
        const [shown = []] = await session.run(["SHOW VARIABLES LIKE 'innodb%'"], 5000);
        deepEqual(shown, []);
        const [obs = []] = await session.run(["SHOW VARIABLES LIKE 'ob_%'"], 5000);
        ok(obs.some(([name]) => name === "ob_trx_idle_timeout"));
        await session.run(["SET @mine = 1"], 5000);
        deepEqual(await session.run(["SELECT @mine"], 5000), [[[null]]]);
        ok([...proxy.fragile].some((what) => what.startsWith("a user variable")));
        proxy.fragile.clear();
      });

      it("ends a transaction that says nothing for ob_trx_idle_timeout with 6002", async () => {
        const target = parseMysqlUrl(await newUrl(), {});
        await using session = await MysqlSession.open(target, [
          "SET SESSION ob_trx_idle_timeout = 200000",
        ]);
        await session.run(["CREATE TABLE t (one INT PRIMARY KEY)"], 10_000);
        await session.run(["BEGIN", "INSERT INTO t VALUES (1)"], 5000);
        await new Promise((resolve) => setTimeout(resolve, 400));
        await rejects(session.run(["COMMIT"], 5000), { errno: 6002 });
        deepEqual(await session.run(["SELECT COUNT(*) FROM t"], 5000), [[[0]]]);
      });
    });

    describe("a storm of faults", () => {
      before(() => proxy.faults.clear());
      const open = async (): Promise<MvccStore> => {
        proxy.plan = undefined;
        const store = await openMysqlStore(await newUrl());
        proxy.plan = stormOf(seed);
        return store;
      };
      describeMvccStore("openMysqlStore()", open, { histories: 10 });
      it("did come", (t) => {
        proxy.plan = undefined;
        t.diagnostic(
          `seed ${seed}: ${proxy.faultCount} faults: ${[...proxy.faults].map(([name, count]) => `${count} × ${name}`).join(", ")}`,
        );
        ok(proxy.faultCount > 50, String(proxy.faultCount));
        deepEqual([...proxy.fragile], []);
      });
    });
  },
);

/** A proxy of its own, and a new database behind it. */
type Open = () => Promise<{ readonly proxy: MysqlProxy; readonly url: string }>;

function describeLasting(open: Open): void {
  // At once, for each takes as long as the patience of what it tests.
  describe("where a fault does not pass", { concurrency: true }, () => {
    it("a write is refused with the server's own words, and nothing is written", async () => {
      const { proxy, url } = await open();
      await using _proxy = proxy;
      await using store = await openMysqlStore(url);
      await put(store, "a", "1");
      proxy.plan = faultsAt(atCommit, { kind: "error", error: "cannotSerialize" }, 1e6);
      await rejects(put(store, "a", "2"), (failure: Error) => {
        ok(failure instanceof UnavailableError, String(failure));
        ok(/goes on refusing: can't serialize access/.test(failure.message), failure.message);
        return true;
      });
      proxy.plan = undefined;
      equal(await store.headRevision(), 2);
      equal((await put(store, "a", "3")).revision, 3);
    });

    it("a write is told as unknown whose outcome cannot be found in time, and is there", async () => {
      const { proxy, url } = await open();
      await using _proxy = proxy;
      await using store = await openMysqlStore(url);
      await put(store, "a", "1");
      // The commit is done and its answer lost, and nobody comes in any more.
      proxy.plan = faultsAt(
        (point) => {
          if (!atCommit(point)) return false;
          // As soon as it is on its way.
          queueMicrotask(() => proxy.switchLeader({ cut: true, awayMs: 60_000 }));
          return true;
        },
        { kind: "unknown", runs: true },
      );
      await rejects(put(store, "a", "2"), (failure: Error) => {
        ok(failure instanceof OutcomeUnknownError, String(failure));
        ok(/Cannot tell whether the write was committed/.test(failure.message));
        return true;
      });
      proxy.plan = undefined;
      proxy.switchLeader({ cut: false, awayMs: 0 });
      equal((await put(store, "a", "3")).revision, 4);
      equal((await store.range({ key: k("a") })).kvs[0]?.version, 3);
    });

    it("a read fails as unavailable", async () => {
      const { proxy, url } = await open();
      await using _proxy = proxy;
      await using store = await openMysqlStore(url);
      await put(store, "a", "1");
      proxy.plan = faultsAt(
        ({ statement }) => statement === "read",
        { kind: "error", error: "timeout" },
        1e6,
      );
      await rejects(store.range(everything), (failure: Error) => {
        ok(failure instanceof UnavailableError, String(failure));
        ok(/maximum query timeout/.test(failure.message), failure.message);
        return true;
      });
      proxy.plan = undefined;
      equal((await store.range(everything)).count, 1);
    });
  });
}
