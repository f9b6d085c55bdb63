import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import type { LeaseStore, MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch, run } from "../store/mvcc-testing.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { MysqlSession } from "./mysql-session.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(`leases on ${kind}`, { skip: !hasServer(kind) && "the server is not installed" }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind);
    });
    after(() => server[Symbol.asyncDispose]());
    describeTwoStores(() => server);
    describeNobody(() => server);
    describeUpgrade(() => server);
  });
}

type Given = () => MysqlTestServer;

function describeTwoStores(server: Given): void {
  describe("of two stores on one database", () => {
    it("are there for both as soon as one has granted them, and gone when one has revoked them", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      await using two = await openMysqlStore(url);
      for (let id = 1; id <= 10; id++) {
        const [mine, other] = id % 2 === 0 ? [one, two] : [two, one];
        const key = `k${id}`;
        await leasesOf(mine).grant({ id, ttlSeconds: 60 });
        await run(other, { kind: "put", key: k(key), value: k("v"), lease: id });
        for (const store of [one, two]) {
          deepEqual((await leasesOf(store).timeToLive(id))?.keys, [k(key)]);
          deepEqual(await leasesOf(store).list(), [{ id, ttlSeconds: 60 }]);
        }
        await rejects(leasesOf(other).grant({ id, ttlSeconds: 9 }), { reason: "leaseExists" });
        const head = await one.headRevision();
        equal(await leasesOf(other).revoke(id), head + 1);
        const late = run(mine, { kind: "put", key: k(key), value: k("v"), lease: id });
        await rejects(late, { reason: "leaseNotFound" });
        equal(await leasesOf(mine).keepAlive(id), undefined);
        equal((await mine.range(everything)).count, 0);
        await rejects(leasesOf(mine).revoke(id), { reason: "leaseNotFound" });
      }
    });

    it("end once, each with all its keys as one revision", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      await using two = await openMysqlStore(url);
      const watches = [one, two].map((store) => new RecordingWatch(store, everything));
      for (let id = 1; id <= 40; id++) {
        const [mine, other] = id % 2 === 0 ? [one, two] : [two, one];
        await leasesOf(mine).grant({ id, ttlSeconds: 2 });
        const keyOf = (part: string): Buffer => k(`${part}${id}`);
        await run(
          other,
          { kind: "put", key: keyOf("a"), value: k("v"), lease: id },
          { kind: "put", key: keyOf("b"), value: k("v"), lease: id },
        );
      }
      for (const watch of watches) await watch.until(({ events }) => events.length === 160);
      const ends = watches[0]?.events.filter(({ kind }) => kind === "delete") ?? [];
      const byRevision = Map.groupBy(ends, ({ kv }) => kv.modRevision);
      equal(byRevision.size, 40);
      for (const [first, second] of byRevision.values()) {
        equal(first?.kv.key.toString().slice(1), second?.kv.key.toString().slice(1));
      }
      equal(watches[0]?.text, watches[1]?.text);
      equal(await two.headRevision(), 81);
      deepEqual(await leasesOf(one).list(), []);
    });

    it("are kept alive by the hundred in a few statements", async () => {
      const url = await server().newDatabase();
      await using store = await openMysqlStore(url);
      const leases = leasesOf(store);
      for (let id = 1; id <= 20; id++) await leases.grant({ id, ttlSeconds: 60 });
      const updatesBefore = await countUpdates(url);
      const kept = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => leases.keepAlive((i % 25) + 1)),
      );
      ok((await countUpdates(url)) - updatesBefore < 20);
      equal(kept.filter((lease) => lease !== undefined).length, 800);
    });

    it("are ended by the other when the process that granted them is killed", async () => {
      const url = await server().newDatabase();
      await using store = await openMysqlStore(url);
      const watch = new RecordingWatch(store, everything);
      const child = spawn(process.execPath, ["--input-type=module", "-e", childProgram, url], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      try {
        await watch.until(({ events }) => events.length === 1);
      } finally {
        const exited = once(child, "exit");
        child.kill("SIGKILL");
        await exited;
      }
      ok((await leasesOf(store).timeToLive(5)) !== undefined);
      await watch.until(({ events }) => events.length === 2);
      equal(watch.text, "+mine=v@2 -mine@3");
    });
  });
}

/** Grants a lease of 3 seconds and keeps it alive until it is killed. */
const childProgram = `
  import { openMysqlStore } from ${JSON.stringify(import.meta.resolve("./open-mysql-store.ts"))};
  const store = await openMysqlStore(process.argv[1]);
  await store.leases.grant({ id: 5, ttlSeconds: 3 });
  const put = { kind: "put", key: Buffer.from("mine"), value: Buffer.from("v"), lease: 5 };
  await store.txn({ compare: [], success: [put], failure: [] });
  setInterval(() => store.leases.keepAlive(5), 200);
`;

function describeNobody(server: Given): void {
  describe("after a time in which nobody looked after them", () => {
    it("have as much time as they had before it", async () => {
      const url = await server().newDatabase();
      await using first = await openMysqlStore(url);
      await leasesOf(first).grant({ id: 1, ttlSeconds: 30 });
      await leasesOf(first).grant({ id: 2, ttlSeconds: 2 });
      await put(first, "long", "v", { lease: 1 });
      await run(first, { kind: "put", key: k("short"), value: k("v"), lease: 2 });
      await first[Symbol.asyncDispose]();
      const db = new URL(url).pathname.slice(1);
      // As if it had been an hour ago.
      await server().admin(
        `UPDATE ${db}.kv_lease_care SET looked = looked - 3600000`,
        `UPDATE ${db}.kv_lease SET expiry = expiry - 3600000`,
      );
      await using second = await openMysqlStore(url);
      const watch = new RecordingWatch(second, everything);
      await watch.until(({ events }) => events.length === 1);
      equal(watch.text, "-short@4");
      const { remainingSeconds = 0 } = (await leasesOf(second).timeToLive(1)) ?? {};
      ok(remainingSeconds > 15 && remainingSeconds <= 30, `${remainingSeconds}`);
      await leasesOf(second).keepAlive(1);
      equal((await leasesOf(second).timeToLive(1))?.remainingSeconds, 29);
    });

    it("are not ended by a clock of the database that has leapt forward or back", async () => {
      const url = await server().newDatabase();
      await using store = await openMysqlStore(url);
      await leasesOf(store).grant({ id: 1, ttlSeconds: 30 });
      const db = new URL(url).pathname.slice(1);
      for (const leapMs of [3_600_000, -3_600_000]) {
        // Everything that was written before is as much older, or newer, by the clock of now.
        await server().admin(
          `UPDATE ${db}.kv_lease_care SET looked = looked - ${leapMs}`,
          `UPDATE ${db}.kv_lease SET expiry = expiry - ${leapMs}`,
        );
        await put(store, "a", "v");
        const { remainingSeconds = 0 } = (await leasesOf(store).timeToLive(1)) ?? {};
        ok(remainingSeconds > 0, `${leapMs}`);
        await leasesOf(store).keepAlive(1);
      }
    });
  });
}

function describeUpgrade(server: Given): void {
  describe("in a database of schema 1", () => {
    it("are made of the numbers that keys were put with, by several processes at once", async () => {
      const url = await server().newDatabase();
      const old = await openMysqlStore(url);
      await put(old, "a", "v", { lease: 7 });
      await put(old, "b", "v");
      await old[Symbol.asyncDispose]();
      const db = new URL(url).pathname.slice(1);
      await server().admin(
        ...["kv_lease", "kv_lease_key", "kv_lease_care"].map(
          (table) => `DROP TABLE ${db}.${table}`,
        ),
        `UPDATE ${db}.kv_meta SET schema_version = 1`,
      );
      const stores = await Promise.all(Array.from({ length: 4 }, () => openMysqlStore(url)));
      const [one, two] = stores;
      if (!one || !two) throw new Error("There are four");
      deepEqual(await leasesOf(one).list(), [{ id: 7, ttlSeconds: 9_000_000_000 }]);
      deepEqual((await leasesOf(two).timeToLive(7))?.keys, [k("a")]);
      equal(await leasesOf(two).revoke(7), 4);
      equal((await one.range(everything)).count, 1);
      for (const store of stores) await store[Symbol.asyncDispose]();
    });
  });
}

function leasesOf({ leases }: MvccStore): LeaseStore {
  if (!leases) throw new Error("The store has no leases");
  return leases;
}

async function countUpdates(url: string): Promise<number> {
  const { port, pathname } = new URL(url);
  const where = { host: "127.0.0.1", port: Number(port), user: "tester", password: "s3cret-word" };
  await using session = await MysqlSession.open({ ...where, database: pathname.slice(1) }, []);
  const [rows = []] = await session.run(["SHOW GLOBAL STATUS LIKE 'Com_update'"], 5000);
  return Number(rows[0]?.[1]);
}
