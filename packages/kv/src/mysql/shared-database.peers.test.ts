import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch, remove } from "../store/mvcc-testing.suite.ts";
import { acceptMysqlLoss } from "./accept-mysql-loss.ts";
import { CuttingProxy } from "./cutting-proxy.suite.ts";
import { hasServer, MysqlTestServer, type ServerKind } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };
const folder = mkdtempSync(join(tmpdir(), "cellplane-kv-"));
after(() => rmSync(folder, { recursive: true }));

for (const kind of ["mariadb", "mysql"] satisfies ServerKind[]) {
  describe(`on ${kind}`, { skip: !hasServer(kind) && "the server is not installed" }, () => {
    let server: MysqlTestServer;
    before(async () => {
      server = await MysqlTestServer.start(kind);
    });
    after(() => server[Symbol.asyncDispose]());
    describeShared(() => server);
    describeCuts(() => server);
    describeRefusals(() => server);
    describeBackwards(() => server);
    // Last, for it ends the server and starts it again.
    describeKill(() => server);
  });
}

type Given = () => MysqlTestServer;

function describeShared(server: Given): void {
  describe("two stores on one database", () => {
    it("read each other's writes at once, and show them to each other's watches in order", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      await using two = await openMysqlStore(url);
      const watch = new RecordingWatch(two, { ...everything, previous: true });
      for (let i = 1; i <= 20; i++) {
        const [writer, reader] = i % 2 === 0 ? [one, two] : [two, one];
        const { revision } = await put(writer, "a", `${i}`);
        equal(revision, i + 1);
        equal(await reader.headRevision(), revision);
        const { kvs } = await reader.range({ key: k("a") });
        equal(kvs[0]?.value.toString(), `${i}`);
      }
      await remove(one, "a");
      await watch.until(({ events }) => events.length === 21);
      ok(watch.text.startsWith("+a=1@2 +a=2@3(was 1) +a=3@4(was 2)"), watch.text);
      ok(watch.text.endsWith("-a@22(was 20)"), watch.text);
    });

    it("let one of two win each race, at revisions without a gap", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      await using two = await openMysqlStore(url);
      const watches = [one, two].map((store) => new RecordingWatch(store, everything));
      const won = await Promise.all(
        Array.from({ length: 16 }, (_, i) => increment(i % 2 === 0 ? one : two, 10)),
      );
      const revisions = won.flat().sort((a, b) => a - b);
      deepEqual(
        revisions,
        Array.from({ length: 160 }, (_, i) => i + 2),
      );
      equal((await two.range({ key: k("n") })).kvs[0]?.value.toString(), "160");
      for (const watch of watches) await watch.until(({ events }) => events.length === 160);
      equal(watches[0]?.text, watches[1]?.text);
    });

    it("notice each other's compaction, tombstones included", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      // With nothing in memory, so that history comes from the database.
      await using two = await openMysqlStore(url, { ring: { maxChanges: 1, maxBytes: 1 } });
      for (const value of ["1", "2"]) await put(one, "a", value);
      await remove(one, "a");
      await put(one, "b", "3");
      await two.headRevision();
      await one.compact(5);
      await rejects(two.range({ ...everything, revision: 3 }), CompactedError);
      const watch = new RecordingWatch(two, { ...everything, startRevision: 2 });
      await watch.until(({ ended }) => ended !== undefined);
      ok(watch.ended?.error instanceof CompactedError);
      equal((await two.status()).compacted, 5);
    });

    it("open again with everything that was there", async () => {
      const url = await server().newDatabase();
      const first = await openMysqlStore(url);
      for (const key of ["a", "b", "a"]) await put(first, key, "1", {});
      const before = await first.range(everything);
      await first[Symbol.asyncDispose]();
      await using second = await openMysqlStore(url);
      deepEqual(await second.range(everything), before);
      equal((await put(second, "a", "2")).revision, 5);
    });
  });
}

function describeCuts(server: Given): void {
  describe("a connection that is cut", () => {
    for (const cut of ["before-commit", "before-answer"] as const) {
      it(`${cut}: the write takes effect once, and is told with its revision`, async () => {
        const url = new URL(await server().newDatabase());
        await using proxy = await CuttingProxy.open(server().port);
        url.port = String(proxy.port);
        await using store = await openMysqlStore(url.href);
        await put(store, "a", "1");
        const watch = new RecordingWatch(store, { ...everything, startRevision: 2 });
        for (let i = 2; i <= 5; i++) {
          proxy.cutNext(cut);
          equal((await put(store, "a", `${i}`)).revision, i + 1);
        }
        equal(proxy.cuts, 4);
        await watch.until(({ events }) => events.length === 5);
        equal(watch.text, "+a=1@2 +a=2@3 +a=3@4 +a=4@5 +a=5@6");
        equal((await store.range({ key: k("a") })).kvs[0]?.version, 5);
      });
    }

    it("and stays away: requests fail as unavailable or when their time is up, and go on by themselves", async () => {
      const url = new URL(await server().newDatabase());
      await using proxy = await CuttingProxy.open(server().port);
      url.port = String(proxy.port);
      await using store = await openMysqlStore(url.href);
      await put(store, "a", "1");
      proxy.goAway();
      await rejects(store.range({ key: k("a") }), UnavailableError);
      await rejects(put(store, "a", "2"), UnavailableError);
      const first = put(store, "a", "3");
      first.catch(() => undefined);
      const late = store.txn(
        { compare: [], success: [{ kind: "put", key: k("b"), value: k("never") }], failure: [] },
        AbortSignal.timeout(200),
      );
      await rejects(late, { name: "TimeoutError" });
      proxy.comeBack();
      equal((await first).revision, 3);
      equal((await store.range(everything)).count, 1);
    });
  });
}

function describeRefusals(server: Given): void {
  describe("openMysqlStore() refuses, without the password in its message", () => {
    const refusal = async (url: string): Promise<string> => {
      let message = "";
      await rejects(openMysqlStore(url), (error: Error) => {
        ok(error instanceof UnavailableError, String(error));
        ok(!/s3cret/.test(`${error.message} ${error.stack} ${JSON.stringify(error.cause)}`));
        ({ message } = error);
        return true;
      });
      return message;
    };

    it("a wrong password, an unknown database and a port where nothing is", async () => {
      const url = await server().newDatabase();
      ok(/Access denied/.test(await refusal(url.replace("s3cret-word", "s3cret-wrong"))));
      ok(/create it: CREATE DATABASE nowhere/.test(await refusal(server().urlOf("nowhere"))));
      ok(/ECONNREFUSED/.test(await refusal(server().urlOf("nowhere", 1))));
    });

    it("relaxed flushing and a read-only server, and stops writing when they are set later", async () => {
      const url = await server().newDatabase();
      await using store = await openMysqlStore(url);
      await put(store, "a", "1");
      const set = (sql: string): Promise<void> => server().admin(`SET GLOBAL ${sql}`);
      await set("innodb_flush_log_at_trx_commit = 2");
      ok(/set it to 1/.test(await refusal(url)));
      await set("innodb_flush_log_at_trx_commit = 1");
      await set("read_only = 1");
      try {
        ok(/read_only=ON.*give the primary/.test(await refusal(url)));
      } finally {
        await set("read_only = 0");
      }
      equal((await put(store, "a", "2")).revision, 3);
    });
  });
}

function describeBackwards(server: Given): void {
  describe("a database that went back", () => {
    it("is refused by who had seen more, now and after a restart, until the loss is accepted", async () => {
      const url = await server().newDatabase();
      const headMemoryPath = join(folder, `${server().kind}-head.json`);
      await using store = await openMysqlStore(url, { headMemoryPath });
      for (const value of ["1", "2", "3"]) await put(store, "a", value);
      const watch = new RecordingWatch(store, everything);
      const db = new URL(url).pathname.slice(1);
      // As an older backup has it.
      await server().admin(
        `DELETE FROM ${db}.kv_log WHERE revision > 2`,
        `UPDATE ${db}.kv_current SET revision = 2, version = 1`,
        `UPDATE ${db}.kv_meta m SET revision = 2, token = (SELECT token FROM ${db}.kv_log l WHERE l.revision = 2)`,
      );
      const gone =
        /acknowledged writes are gone: revision 4 was acknowledged, and the database is at 2/;
      await watch.until(({ ended }) => ended !== undefined);
      await rejects(store.range(everything), gone);
      await rejects(put(store, "a", "4"), gone);
      await store[Symbol.asyncDispose]();

      // Overtaken meanwhile by somebody who remembers nothing.
      const stranger = await openMysqlStore(url);
      for (const value of ["x", "y", "z"]) await put(stranger, "a", value);
      await stranger[Symbol.asyncDispose]();
      await rejects(openMysqlStore(url, { headMemoryPath }), /revision 4 is another one there/);

      const loss = await acceptMysqlLoss(url, { acknowledged: 4 });
      deepEqual(loss, { epoch: 2, from: 5, to: 1_000_005 });
      await using next = await openMysqlStore(url, { headMemoryPath });
      const { revision, kvs } = await next.range(everything);
      deepEqual([revision, kvs[0]?.value.toString()], [1_000_005, "z"]);
      equal((await put(next, "a", "on")).revision, 1_000_006);
      const fromOld = new RecordingWatch(next, { ...everything, startRevision: 6 });
      await fromOld.until(({ ended }) => ended !== undefined);
      ok(fromOld.ended?.error instanceof CompactedError);
    });
  });
}

function describeKill(server: Given): void {
  describe("SIGKILL of the database under load", () => {
    it("loses nothing that was acknowledged or shown, and writes go on by themselves", async () => {
      const url = await server().newDatabase();
      await using one = await openMysqlStore(url);
      await using two = await openMysqlStore(url);
      const watch = new RecordingWatch(two, everything);
      const acknowledged = new Map<string, number>();
      const stop = new AbortController();
      const writers = Array.from({ length: 8 }, (_, i) =>
        writeUntil(stop.signal, { store: i % 2 === 0 ? one : two, key: `w${i}`, acknowledged }),
      );
      for (let round = 0; round < 3; round++) {
        const seen = watch.events.length;
        await watch.until(({ events }) => events.length > seen + 100);
        await server().kill();
        await server().run();
      }
      const seen = watch.events.length;
      await watch.until(({ events }) => events.length > seen + 50);
      stop.abort();
      await Promise.all(writers);

      await using fresh = await openMysqlStore(url);
      const { kvs, revision } = await fresh.range(everything);
      for (const kv of kvs) {
        const least = acknowledged.get(kv.key.toString()) ?? 0;
        ok(Number(kv.value.toString()) >= least, `${kv.key.toString()} lost ${least}`);
      }
      equal(kvs.length, 8);
      // What was shown is what is there, each revision once.
      await watch.until(({ batches }) => batches.at(-1)?.revision === revision);
      const history = new RecordingWatch(fresh, { ...everything, startRevision: 2 });
      await history.until(({ batches }) => batches.at(-1)?.revision === revision);
      equal(watch.text, history.text);
    });
  });
}

/** Adds one to the number under `n` so many times, by conditional updates; tells the revisions. */
async function increment(store: MvccStore, times: number): Promise<number[]> {
  const revisions: number[] = [];
  const key = k("n");
  while (revisions.length < times) {
    const [current] = (await store.range({ key, serializable: true })).kvs;
    const value = k(String(Number(current?.value.toString() ?? 0) + 1));
    const { succeeded, revision } = await store.txn({
      compare: [{ key, target: "mod", result: "equal", operand: current?.modRevision ?? 0 }],
      success: [{ kind: "put", key, value }],
      failure: [],
    });
    if (succeeded) revisions.push(revision);
  }
  return revisions;
}

/** Puts rising numbers to a key; what fails is tried again with the next number. */
async function writeUntil(
  signal: AbortSignal,
  {
    store,
    key,
    acknowledged,
  }: {
    readonly store: MvccStore;
    readonly key: string;
    readonly acknowledged: Map<string, number>;
  },
): Promise<void> {
  for (let i = 1; !signal.aborted; i++) {
    try {
      await put(store, key, String(i));
      acknowledged.set(key, i);
    } catch {
      // Not acknowledged: it may be there or not.
    }
  }
}
