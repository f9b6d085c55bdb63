import { equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import { k, put, RecordingWatch } from "../store/mvcc-testing.suite.ts";
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

  it("lists anew by itself; watches that miss something end, and reads and writes go on", async () => {
    const url = await server.newDatabase();
    await using proxy = await CuttingProxy.open(server.port);
    const behindProxy = new URL(url);
    behindProxy.port = String(proxy.port);
    await using other = await openMysqlStore(url);
    await using store = await openMysqlStore(behindProxy.href);
    await put(store, "a", "1");
    const watch = new RecordingWatch(store, everything);
    proxy.goAway();
    for (const value of ["2", "3", "4"]) await put(other, "a", value);
    await other.compact(5);
    proxy.comeBack();
    // The head is not compacted, whoever is behind; so nobody may be told that it is.
    await rejectsOrReads(() => store.range({ key: k("a") }));
    await watch.until(({ ended }) => ended !== undefined);
    equal(watch.text, "");
    equal((await putSoon(store)).revision, 6);
    equal((await store.range({ key: k("a") })).kvs[0]?.version, 5);
    const tooOld = new RecordingWatch(store, { ...everything, startRevision: 3 });
    await tooOld.until(({ ended }) => ended !== undefined);
    ok(tooOld.ended?.error instanceof CompactedError);
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
async function putSoon(store: MvccStore): ReturnType<typeof put> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await put(store, "a", "5");
    } catch (error) {
      if (!(error instanceof UnavailableError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
