import { equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch, remove } from "../store/mvcc-testing.suite.ts";
import { CuttingProxy } from "./cutting-proxy.suite.ts";
import { MysqlTestServer } from "./mysql-server.suite.ts";
import { openMysqlStore } from "./open-mysql-store.ts";

const everything = { key: k("\0"), end: k("\0") };

describe("a store that was cut off while others wrote and compacted", () => {
  let server: MysqlTestServer;
  before(async () => {
    server = await MysqlTestServer.start("mariadb");
  });
  after(() => server[Symbol.asyncDispose]());

  /** A store that is cut off at revision 3, with the keys a and b, and another one that is not. */
  async function openBoth(opened: AsyncDisposableStack): Promise<{
    readonly store: MvccStore;
    readonly other: MvccStore;
    readonly cutOff: (work: () => Promise<unknown>) => Promise<void>;
  }> {
    const url = await server.newDatabase();
    const proxy = opened.use(await CuttingProxy.open(server.port));
    const behindProxy = new URL(url);
    behindProxy.port = String(proxy.port);
    const other = opened.use(await openMysqlStore(url));
    const store = opened.use(await openMysqlStore(behindProxy.href));
    await put(store, "a", "1");
    await put(store, "b", "1");
    const cutOff = async (work: () => Promise<unknown>): Promise<void> => {
      proxy.goAway();
      await work();
      proxy.comeBack();
    };
    return { store, other, cutOff };
  }

  it("goes on by itself; only watches that may have missed something end, as compacted", async () => {
    await using opened = new AsyncDisposableStack();
    const { store, other, cutOff } = await openBoth(opened);
    const range = new RecordingWatch(store, everything);
    const changed = new RecordingWatch(store, { key: k("a") });
    const absent = new RecordingWatch(store, { key: k("c") });
    const untouched = new RecordingWatch(store, { key: k("b"), previous: true });
    const kept = new RecordingWatch(store, { ...everything, startRevision: 7 });
    const later = new RecordingWatch(store, { ...everything, startRevision: 9 });
    await cutOff(async () => {
      for (const value of ["2", "3", "4", "5"]) await put(other, "a", value);
      // Revision 8.
      await put(other, "d", "1");
      await other.compact(7);
    });
    for (const watch of [range, changed, absent]) {
      await watch.until(({ ended }) => ended !== undefined);
      ok(watch.ended?.error instanceof CompactedError, String(watch.ended?.error));
      equal(watch.ended.error.compacted, 7);
      equal(watch.text, "");
    }
    equal((await putSoon(store, "b")).revision, 9);
    await kept.until(({ text }) => text.includes("@9"));
    equal(kept.text, "+a=5@7 +d=1@8 +b=again@9");
    await later.until(({ text }) => text !== "");
    equal(later.text, "+b=again@9");
    await untouched.until(({ text }) => text !== "");
    equal(untouched.text, "+b=again@9(was 1)");
    equal((await store.range({ key: k("a") })).kvs[0]?.version, 5);
    const tooOld = new RecordingWatch(store, { ...everything, startRevision: 4 });
    await tooOld.until(({ ended }) => ended !== undefined);
    ok(tooOld.ended?.error instanceof CompactedError);
  });

  it("finds it out by a write, too, and tells nobody that the head is compacted", async () => {
    await using opened = new AsyncDisposableStack();
    const { store, other, cutOff } = await openBoth(opened);
    await cutOff(async () => {
      await remove(other, "b");
      for (const value of ["2", "3"]) await put(other, "a", value);
      await other.compact(6);
    });
    const [written] = await Promise.all([
      putSoon(store, "a"),
      rejectsOrReads(() => store.range({ key: k("a") })),
    ]);
    equal(written.revision, 7);
    const { kvs, count } = await store.range(everything);
    equal(count, 1);
    equal(kvs[0]?.version, 4);
  });
});

/** Reads at most once too early. */
async function rejectsOrReads(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    ok(error instanceof UnavailableError, String(error));
  }
}

/** Puts as soon as the store is back. */
async function putSoon(store: MvccStore, key: string): ReturnType<typeof put> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await put(store, key, "again");
    } catch (error) {
      if (!(error instanceof UnavailableError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
