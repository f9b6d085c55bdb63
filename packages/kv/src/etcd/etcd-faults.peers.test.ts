import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import {
  CompactedError,
  OutcomeUnknownError,
  RevisionsLostError,
  UnavailableError,
} from "../store/kv-error.ts";
import type { RangeResult, WatchEvent } from "../store/mvcc-store.ts";
import { k, put, putAll, RecordingWatch, remove } from "../store/mvcc-testing.suite.ts";
import { acceptEtcdLoss } from "./accept-etcd-loss.ts";
import { CuttingProxy } from "./cutting-proxy.suite.ts";
import { EtcdTestServer, type EtcdServerSettings, hasEtcd } from "./etcd-server.suite.ts";
import { writeHead } from "./head-guard.ts";
import { openEtcdStore } from "./open-etcd-store.ts";

const everything = { key: k("\0"), end: k("\0") };
const folder = mkdtempSync(join(tmpdir(), "cellplane-kv-etcd-"));
after(() => rmSync(folder, { recursive: true }));

describe("openEtcdStore()", { skip: !hasEtcd() && "etcd is not installed" }, () => {
  const servers: EtcdTestServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });
  const start = async (settings?: EtcdServerSettings): Promise<EtcdTestServer> => {
    const server = await EtcdTestServer.start(settings);
    servers.push(server);
    return server;
  };
  describeCuts(start);
  describeKill(start);
  describeBackwards(start);
});

type Start = (settings?: EtcdServerSettings) => Promise<EtcdTestServer>;

function describeCuts(start: Start): void {
  describe("under cuts", () => {
    it("does not know what became of a write whose answer was lost, and goes on", async () => {
      const server = await start();
      await using proxy = await CuttingProxy.open(server.port);
      await using store = await openEtcdStore(proxy.url);
      await put(store, "a", "1");
      proxy.cutNext("before-answer", "lost-answer");
      await rejects(put(store, "lost-answer", "2"), OutcomeUnknownError);
      proxy.cutNext("before-request", "lost-request");
      await rejects(put(store, "lost-request", "3"), OutcomeUnknownError);
      equal((await store.range({ key: k("lost-answer") })).count, 1);
      equal((await store.range({ key: k("lost-request") })).count, 0);
      equal((await put(store, "a", "4")).revision, 4);
    });

    it("repeats a read whose answer was lost", async () => {
      const server = await start();
      await using proxy = await CuttingProxy.open(server.port);
      await using store = await openEtcdStore(proxy.url);
      await put(store, "key-to-read", "1");
      proxy.cutNext("before-answer", "key-to-read");
      equal((await store.range({ key: k("key-to-read") })).kvs[0]?.value.toString(), "1");
    });

    it("writes surely not while nobody can be reached, within the caller's time", async () => {
      const server = await start();
      await using proxy = await CuttingProxy.open(server.port);
      await using store = await openEtcdStore(proxy.url);
      await proxy.goAway();
      // From here on it is known that the connection is gone.
      await rejects(store.range({ key: k("a") }, AbortSignal.timeout(200)));
      const late = new Error("too late");
      const stop = new AbortController();
      setTimeout(() => stop.abort(late), 300);
      const write = { kind: "put" as const, key: k("a"), value: k("1") };
      const txn = { compare: [], success: [write], failure: [] };
      await rejects(store.txn(txn, stop.signal), late);
      const waiting = put(store, "b", "1");
      await proxy.comeBack();
      await waiting;
      equal((await store.range({ key: k("a") })).count, 0);
    });

    it("goes on with watches from where they were, without gap or repeat", async () => {
      const server = await start();
      await using proxy = await CuttingProxy.open(server.port);
      await using watching = await openEtcdStore(proxy.url);
      await using writing = await openEtcdStore(server.url);
      const watches = Array.from(
        { length: 5 },
        () => new RecordingWatch(watching, { ...everything, previous: true }),
      );
      const cutting = setInterval(() => proxy.cutAll(), 100);
      for (let i = 0; i < 500; i++) await put(writing, `k${i % 10}`, `${i}`);
      clearInterval(cutting);
      for (const watch of watches) {
        await watch.until(({ events }) => events.length >= 500);
        deepEqual(revisionsOf(watch.events), range(2, 501));
        ok(watch.events.slice(10).every(({ previous }) => previous));
      }
    });
  });
}

function describeKill(start: Start): void {
  it("goes on over kills of etcd: no acknowledged write is lost, and watches tell each once", async () => {
    const server = await start({ isDurable: true });
    await using store = await openEtcdStore(server.url);
    const watch = new RecordingWatch(store, { ...everything, previous: true });
    const acknowledged = new Map<string, number>();
    const over = new AbortController();
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; !over.signal.aborted; i++) {
        const value = `${writer}-${i}`;
        const written = await put(store, `k${writer}`, value).catch((error: unknown) => {
          const isKnown = error instanceof OutcomeUnknownError || error instanceof UnavailableError;
          if (!isKnown) throw error;
        });
        if (written) acknowledged.set(value, written.revision);
      }
    };
    const writers = [write(0), write(1), write(2), write(3)];
    for (let kill = 0; kill < 3; kill++) {
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 100);
      await server.kill();
      server.restart();
    }
    const before = acknowledged.size;
    await until(() => acknowledged.size > before + 100);
    over.abort();
    await Promise.all(writers);
    const head = await store.headRevision();
    watch.watch.requestProgress();
    await watch.until(({ progress }) => progress.length > 0);
    deepEqual(revisionsOf(watch.events), range(2, head));
    const told = new Map(
      watch.events.map(({ kv }) => [kv.value.toString(), kv.modRevision] as const),
    );
    for (const [value, revision] of acknowledged) equal(told.get(value), revision, value);
  });
}

function describeBackwards(start: Start): void {
  it("serves nothing any more from a cluster that was set back, also after a restart", async () => {
    const server = await start({ isDurable: true });
    const headMemoryPath = join(folder, "etcd-head.json");
    const store = await openEtcdStore(server.url, { headMemoryPath });
    const watch = new RecordingWatch(store, everything);
    await putAll(store, ["a", "b"]);
    await server.kill();
    const backup = join(folder, "backup");
    cpSync(server.folder, backup, { recursive: true });
    server.restart();
    await retry(() => putAll(store, ["c", "d", "e"]));
    await server.kill();
    rmSync(server.folder, { recursive: true });
    cpSync(backup, server.folder, { recursive: true });
    server.restart();
    await watch.until(({ ended }) => ended !== undefined);
    ok(watch.ended?.error instanceof RevisionsLostError);
    await rejects(store.range({ key: k("a") }), RevisionsLostError);
    await rejects(put(store, "a", "x"), RevisionsLostError);
    await store[Symbol.asyncDispose]();
    await rejects(openEtcdStore(server.url, { headMemoryPath }), {
      name: "UnavailableError",
      message: /acknowledged writes are gone: revision 6 .*accept the loss/,
    });
    const loss = await acceptEtcdLoss(server.url, { headMemoryPath, margin: 500 });
    ok(loss.from < 6);
    ok(loss.to >= 506, `revision ${loss.to}`);
    await using accepted = await openEtcdStore(server.url, { headMemoryPath });
    equal(await accepted.headRevision(), loss.to);
    deepEqual(keysOf(await accepted.range(everything)), ["a", "b"]);
    // Whoever remembers a revision of before lists anew.
    const old = new RecordingWatch(accepted, { ...everything, startRevision: 7 });
    await old.until(({ ended }) => ended !== undefined);
    ok(old.ended?.error instanceof CompactedError, `${old.ended?.error?.message}`);
    // Again there is nothing to write.
    const again = await acceptEtcdLoss(server.url, { margin: 0 });
    equal(again.to, loss.to);
  });

  it("takes another cluster at the same address for what it is", async () => {
    const first = await start();
    await using store = await openEtcdStore(first.url);
    const watch = new RecordingWatch(store, everything);
    await putAll(store, ["a", "b"]);
    await first.kill();
    const other = await start({ port: first.port, args: ["--initial-cluster-token", "other"] });
    equal(other.port, first.port);
    await watch.until(({ ended }) => ended !== undefined);
    ok(watch.ended?.error instanceof RevisionsLostError, `${watch.ended?.error?.message}`);
    await rejects(remove(store, "a"), RevisionsLostError);
    const headMemoryPath = join(folder, "other-head.json");
    writeHead(headMemoryPath, { clusterId: 7n, revision: 100 });
    await rejects(openEtcdStore(first.url, { headMemoryPath }), /it is another cluster/);
    const loss = await acceptEtcdLoss(first.url, { headMemoryPath, margin: 100 });
    ok(loss.to >= 200, `revision ${loss.to}`);
    await using accepted = await openEtcdStore(first.url, { headMemoryPath });
    equal(await accepted.headRevision(), loss.to);
  });
}

function keysOf({ kvs }: RangeResult): readonly string[] {
  return kvs.map(({ key }) => key.toString());
}

function revisionsOf(events: readonly WatchEvent[]): readonly number[] {
  return events.map(({ kv }) => kv.modRevision);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Until the condition holds, within a minute. */
async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error("It did not come to that in a minute");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The server was away a moment ago. */
async function retry(what: () => Promise<void>): Promise<void> {
  try {
    await what();
  } catch {
    await what();
  }
}
