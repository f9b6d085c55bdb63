import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  UnavailableError,
} from "./kv-error.ts";
import { describeModel } from "./mvcc-model.suite.ts";
import { describeTxn } from "./mvcc-txn.suite.ts";
import { describeWatch } from "./mvcc-watch.suite.ts";
import {
  k,
  put,
  putAll,
  remove,
  textOf,
  type OpenStore,
  type StoreTraits,
} from "./mvcc-testing.suite.ts";

export { describeLeases, type OpenLeaseStore } from "./mvcc-lease.suite.ts";

/** The contract of `MvccStore`: every implementation passes it, and what is not tested here is not part of it. */
export function describeMvccStore(name: string, open: OpenStore, traits: StoreTraits = {}): void {
  describe(`${name} as MvccStore`, () => {
    describeRange(open);
    describeHistory(open);
    describeTxn(open, traits);
    describeWatch(open, traits);
    describeModel(open, traits);
    describeLife(open);
  });
}

function describeRange(open: OpenStore): void {
  describe("range()", () => {
    it("is empty at revision 1 in a new store", async () => {
      await using store = await open();
      deepEqual(await store.range({ key: k("a") }), {
        revision: 1,
        kvs: [],
        count: 0,
        more: false,
      });
      equal(await store.headRevision(), 1);
    });

    it("reads one key with its revisions, version and lease", async () => {
      await using store = await open();
      await put(store, "a", "1");
      await put(store, "a", "2", { lease: 7 });
      const { kvs, revision, count } = await store.range({ key: k("a") });
      deepEqual({ revision, count }, { revision: 3, count: 1 });
      deepEqual(kvs, [
        { key: k("a"), value: k("2"), createRevision: 2, modRevision: 3, version: 2, lease: 7 },
      ]);
    });

    it("starts create revision and version anew after a deletion", async () => {
      await using store = await open();
      await putAll(store, ["a", "a"]);
      await remove(store, "a");
      await put(store, "a", "again");
      const [kv] = (await store.range({ key: k("a") })).kvs;
      deepEqual([kv?.createRevision, kv?.modRevision, kv?.version], [5, 5, 1]);
    });

    it("lists bytewise: uppercase before lowercase, high bytes last", async () => {
      await using store = await open();
      for (const key of ["b", "a", "B", "_", "a/", "a "]) await put(store, key, key);
      const high = Buffer.from([0x61, 0xff, 0x80]);
      await store.txn({
        compare: [],
        failure: [],
        success: [{ kind: "put", key: high, value: high }],
      });
      const { kvs } = await store.range({ key: k("\0"), end: k("\0") });
      deepEqual(
        kvs.map(({ key }) => key.toString("latin1")),
        ["B", "_", "a", "a ", "a/", "a\xff\x80", "b"],
      );
    });

    it("takes [key, end), an end of one zero byte as the last key, and an end not after key as nothing", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "c", "d"]);
      const list = async (key: string, end: string): Promise<string> =>
        textOf((await store.range({ key: k(key), end: k(end) })).kvs);
      equal(await list("b", "d"), "b c");
      equal(await list("b", "\0"), "b c d");
      equal(await list("\0", "\0"), "a b c d");
      equal(await list("c", "c"), "");
      equal(await list("d", "a"), "");
    });

    it("tells the count of the range whatever the limit, and whether the limit cut", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "c", "d", "x"]);
      const page = async (limit: number): Promise<unknown> => {
        const { kvs, count, more } = await store.range({ key: k("a"), end: k("e"), limit });
        return [textOf(kvs), count, more];
      };
      deepEqual(await page(0), ["a b c d", 4, false]);
      deepEqual(await page(3), ["a b c", 4, true]);
      deepEqual(await page(4), ["a b c d", 4, false]);
    });

    it("counts without keys, and lists keys without values", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      const range = { key: k("a"), end: k("z") };
      deepEqual(await store.range({ ...range, countOnly: true }), {
        revision: 3,
        kvs: [],
        count: 2,
        more: false,
      });
      const { kvs } = await store.range({ ...range, keysOnly: true });
      deepEqual(
        kvs.map(({ key, value }) => [key.toString(), value.length]),
        [
          ["a", 0],
          ["b", 0],
        ],
      );
    });

    it("filters by mod and create revision before the limit and after the count", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "c", "a"]);
      const filtered = async (filter: object): Promise<unknown> => {
        const { kvs, count } = await store.range({ key: k("a"), end: k("z"), ...filter });
        return [textOf(kvs), count];
      };
      deepEqual(await filtered({ minModRevision: 4 }), ["a c", 3]);
      deepEqual(await filtered({ maxModRevision: 3 }), ["b", 3]);
      deepEqual(await filtered({ minCreateRevision: 3, limit: 1 }), ["b", 3]);
      deepEqual(await filtered({ maxCreateRevision: 2 }), ["a", 3]);
    });

    it("pages through many keys by last key + a zero byte", async () => {
      await using store = await open();
      const keys = Array.from({ length: 1500 }, (_, i) => `k${String(i).padStart(5, "0")}`);
      for (let i = 0; i < keys.length; i += 100) {
        const some = keys.slice(i, i + 100);
        const success = some.map((key) => ({ kind: "put" as const, key: k(key), value: k(key) }));
        await store.txn({ compare: [], success, failure: [] });
      }
      const found: string[] = [];
      for (let key = k("k"), more = true; more;) {
        const page = await store.range({ key, end: k("l"), limit: 333 });
        found.push(...page.kvs.map((kv) => kv.value.toString()));
        ({ more } = page);
        key = k(`${found.at(-1)}\0`);
      }
      deepEqual(found, keys);
      equal(
        (await store.range({ key: k("k00100"), end: k("k01200"), countOnly: true })).count,
        1100,
      );
      equal((await store.range({ key: k("k"), end: k("l") })).kvs.length, 1500);
    });

    it("refuses an empty key and a key of more than 1,024 bytes", async () => {
      await using store = await open();
      await rejects(store.range({ key: Buffer.alloc(0) }), InvalidRequestError);
      await rejects(store.range({ key: Buffer.alloc(1025, 97) }), InvalidRequestError);
      throws(
        () => store.watch({ key: Buffer.alloc(0) }, { onBatch() {}, onEnd() {} }),
        InvalidRequestError,
      );
      await put(store, "x".repeat(1024), "long");
      equal((await store.range({ key: Buffer.alloc(1024, "x") })).count, 1);
    });
  });
}

function describeHistory(open: OpenStore): void {
  describe("range() at an older revision, and compact()", () => {
    it("reads every revision as it was", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "a"]);
      await remove(store, "b");
      await putAll(store, ["b", "c"]);
      const at = async (revision: number): Promise<string> => {
        const { kvs } = await store.range({ key: k("a"), end: k("z"), revision });
        return kvs.map((kv) => `${kv.value.toString()}@${kv.modRevision}v${kv.version}`).join(" ");
      };
      equal(await at(1), "");
      equal(await at(2), "a1@2v1");
      equal(await at(3), "a1@2v1 b2@3v1");
      equal(await at(4), "a3@4v2 b2@3v1");
      equal(await at(5), "a3@4v2");
      equal(await at(6), "a3@4v2 b5@6v1");
      equal(await at(7), "a3@4v2 b5@6v1 c6@7v1");
    });

    it("tells the head as the answer's revision, and the count of then", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "c"]);
      const old = { key: k("a"), end: k("z"), revision: 3 };
      deepEqual(
        { ...(await store.range({ ...old, limit: 1 })), kvs: [] },
        { revision: 4, kvs: [], count: 2, more: true },
      );
      equal((await store.range({ ...old, countOnly: true })).count, 2);
    });

    it("refuses a future revision and a compacted one, and reads the compacted revision itself", async () => {
      await using store = await open();
      await putAll(store, ["a", "a", "b"]);
      await rejects(store.range({ key: k("a"), revision: 5 }), new FutureRevisionError(5, 4));
      await store.compact(3);
      await rejects(store.range({ key: k("a"), revision: 2 }), new CompactedError(2, 3));
      equal((await store.range({ key: k("a"), revision: 3 })).kvs[0]?.value.toString(), "a2");
      equal((await store.status()).compacted, 3);
    });

    it("refuses to compact what is compacted and what is not written", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      await store.compact(2);
      await rejects(store.compact(2), CompactedError);
      await rejects(store.compact(1), CompactedError);
      await rejects(store.compact(4), FutureRevisionError);
      await store.compact(3);
    });

    it("keeps what lives after compactions of everything, in steps", async () => {
      await using store = await open();
      const keys = Array.from({ length: 2400 }, (_, n) => `k${n % 20}`);
      await Promise.all(keys.map((key, n) => put(store, key, `${n}`)));
      await remove(store, "k3");
      const head = await store.headRevision();
      await store.compact(head - 1);
      const before = await store.range({ key: k("k"), end: k("l"), revision: head - 1 });
      const after = await store.range({ key: k("k"), end: k("l") });
      deepEqual([before.count, after.count], [20, 19]);
      await store.compact(head);
      deepEqual((await store.range({ key: k("k"), end: k("l"), revision: head })).kvs, after.kvs);
    });
  });
}

function describeLife(open: OpenStore): void {
  describe("a store", () => {
    it("knows its driver and a cluster id of 16 hex digits", async () => {
      await using store = await open();
      const status = await store.status();
      ok(/^[0-9a-f]{16}$/.test(status.clusterId));
      ok(status.driver.length > 0);
      equal(status.revision, 1);
    });

    it("refuses everything once it is closed, and ends its watches", async () => {
      const store = await open();
      await put(store, "a", "1");
      const ended = Promise.withResolvers<Error | undefined>();
      store.watch({ key: k("a") }, { onBatch() {}, onEnd: ended.resolve });
      const last = put(store, "a", "2");
      await store[Symbol.asyncDispose]();
      equal((await last).revision, 3);
      ok((await ended.promise) instanceof UnavailableError);
      await rejects(store.range({ key: k("a") }), UnavailableError);
      await rejects(put(store, "a", "3"), UnavailableError);
      await rejects(store.compact(3), UnavailableError);
      throws(() => store.watch({ key: k("a") }, { onBatch() {}, onEnd() {} }), UnavailableError);
      await store[Symbol.asyncDispose]();
    });

    it("does not begin what was aborted before", async () => {
      await using store = await open();
      const gone = AbortSignal.abort(new Error("gone"));
      await rejects(store.range({ key: k("a") }, gone), /gone/);
      await rejects(store.txn({ compare: [], success: [], failure: [] }, gone), /gone/);
      equal(await store.headRevision(), 1);
    });
  });
}
