import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { CompactedError, FutureRevisionError, InvalidRequestError } from "./kv-error.ts";
import type { Compare, MvccStore, Operation, TxnRequest, TxnResult } from "./mvcc-store.ts";
import {
  ensureLease,
  k,
  put,
  putAll,
  RecordingWatch,
  remove,
  run,
  textOf,
  type OpenStore,
  type StoreTraits,
} from "./mvcc-testing.suite.ts";

const putOf = (key: string, value = "v"): Operation => ({
  kind: "put",
  key: k(key),
  value: k(value),
});
const readOf = (key: string): Operation => ({ kind: "range", key: k(key) });
const deleteOf = (key: string, end?: string): Operation => ({
  kind: "delete",
  key: k(key),
  ...(end === undefined ? {} : { end: k(end) }),
});

/** What the contract says of transactions. */
export function describeTxn(open: OpenStore, traits: StoreTraits): void {
  describeRevisions(open, traits);
  describeOperations(open, traits);
  describeCompares(open, traits);
  describeNested(open);
  describeRules(open);
}

function describeRevisions(open: OpenStore, { order = "arrival" }: StoreTraits): void {
  describe("txn() and revisions", () => {
    it("gives each transaction that changes something the next revision, and no other", async () => {
      await using store = await open();
      equal((await put(store, "a", "1")).revision, 2);
      equal((await run(store, putOf("b"), putOf("c"))).revision, 3);
      equal((await run(store, readOf("a"))).revision, 3);
      equal((await remove(store, "absent")).revision, 3);
      equal((await store.txn({ compare: [], success: [], failure: [] })).revision, 3);
      equal((await remove(store, "a")).revision, 4);
      equal(await store.headRevision(), 4);
    });

    it("does not deduplicate equal values", async () => {
      await using store = await open();
      await put(store, "a", "1");
      equal((await put(store, "a", "1")).revision, 3);
    });

    it("gives 200 concurrent writers 200 revisions without a gap", async () => {
      await using store = await open();
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, i) => put(store, `k${i % 7}`, `${i}`)),
      );
      const revisions = results.map(({ revision }) => revision).sort((a, b) => a - b);
      deepEqual(
        revisions,
        Array.from({ length: 200 }, (_, i) => i + 2),
      );
    });

    it("lets one of many concurrent creators win, and shows the others its value", async () => {
      await using store = await open();
      const create = (i: number): TxnRequest => ({
        compare: [{ key: k("a"), target: "mod", result: "equal", operand: 0 }],
        success: [putOf("a", `${i}`)],
        failure: [readOf("a")],
      });
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, i) => store.txn(create(i))),
      );
      equal(results.filter(({ succeeded }) => succeeded).length, 1);
      const winner = results.findIndex(({ succeeded }) => succeeded);
      if (order === "arrival") equal(winner, 0);
      for (const {
        succeeded,
        results: [read],
      } of results) {
        if (succeeded || read?.kind !== "range") continue;
        deepEqual(
          read.kvs.map(({ value, version }) => [value.toString(), version]),
          [[`${winner}`, 1]],
        );
      }
      equal(await store.headRevision(), 2);
    });

    it("tells a lost compare the state of then, at no revision", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      const result = await store.txn({
        compare: [{ key: k("a"), target: "mod", result: "equal", operand: 3 }],
        success: [putOf("a", "no")],
        failure: [readOf("a")],
      });
      deepEqual([result.succeeded, result.revision], [false, 3]);
      const [read] = result.results;
      equal(read?.kind === "range" ? textOf(read.kvs) : "", "a");
    });
  });
}

function describeOperations(open: OpenStore, { order = "arrival" }: StoreTraits): void {
  describe("txn() and operations", () => {
    it("runs them in order, each seeing those before it", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      const range: Operation = { kind: "range", key: k("a"), end: k("z") };
      const { results, revision } = await run(
        store,
        range,
        deleteOf("a"),
        range,
        putOf("c"),
        range,
      );
      const seen = results.map((result) =>
        result.kind === "range"
          ? `${textOf(result.kvs)} ${result.count}@${result.revision}`
          : result.kind,
      );
      deepEqual(seen, ["a b 2@3", "delete", "b 1@4", "put", "b c 2@4"]);
      equal(revision, 4);
    });

    it("tells previous values where asked", async () => {
      await using store = await open();
      await putAll(store, ["a", "b"]);
      const { results } = await run(
        store,
        { kind: "put", key: k("a"), value: k("new"), previous: true },
        { kind: "delete", key: k("b"), end: k("c"), previous: true },
        { kind: "put", key: k("x"), value: k(""), previous: true },
      );
      const [first, second, third] = results;
      equal(first?.kind === "put" && first.previous?.value.toString(), "a1");
      equal(second?.kind === "delete" && second.deleted, 1);
      deepEqual(second?.kind === "delete" && second.previous.map(({ value }) => value.toString()), [
        "b2",
      ]);
      deepEqual(third, { kind: "put" });
    });

    it("deletes a range, and counts what it deleted", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "c", "d"]);
      const { results, revision } = await run(store, deleteOf("b", "d"), deleteOf("a", "\0"));
      deepEqual(results, [
        { kind: "delete", deleted: 2, previous: [] },
        { kind: "delete", deleted: 2, previous: [] },
      ]);
      equal(revision, 6);
      equal((await store.range({ key: k("\0"), end: k("\0") })).count, 0);
    });

    it("keeps the value or the lease where asked, and refuses that for an absent key", async () => {
      await using store = await open();
      await put(store, "a", "1", { lease: 5 });
      await ensureLease(store, 6);
      await run(store, { kind: "put", key: k("a"), value: k(""), ignoreValue: true, lease: 6 });
      await run(store, { kind: "put", key: k("a"), value: k("2"), ignoreLease: true });
      const [kv] = (await store.range({ key: k("a") })).kvs;
      deepEqual([kv?.value.toString(), kv?.lease, kv?.version], ["2", 6, 3]);
      await put(store, "a", "3");
      equal((await store.range({ key: k("a") })).kvs[0]?.lease, 0);
      const absent: Operation = { kind: "put", key: k("x"), value: k(""), ignoreValue: true };
      await rejects(run(store, absent), InvalidRequestError);
      await rejects(
        run(store, { ...absent, ignoreValue: false, ignoreLease: true }),
        InvalidRequestError,
      );
    });

    it("changes nothing where one operation fails, and spoils no neighbour of its batch", async () => {
      await using store = await open();
      await put(store, "a", "1");
      const failing = run(store, putOf("b"), {
        kind: "put",
        key: k("x"),
        value: k(""),
        ignoreValue: true,
      });
      const fine = [put(store, "c", "1"), put(store, "a", "2")];
      await rejects(failing, InvalidRequestError);
      const revisions = (await Promise.all(fine)).map(({ revision }) => revision);
      deepEqual(order === "arrival" ? revisions : revisions.sort(), [3, 4]);
      equal(textOf((await store.range({ key: k("a"), end: k("z") })).kvs), "a c");
    });

    it("reads older revisions, and fails whole on a compacted or future one", async () => {
      await using store = await open();
      await putAll(store, ["a", "a", "a"]);
      const at = (revision: number): Operation => ({ kind: "range", key: k("a"), revision });
      const { results } = await run(store, putOf("a", "new"), at(3), readOf("a"));
      const values = results.map((result) =>
        result.kind === "range" ? result.kvs[0]?.value.toString() : "",
      );
      deepEqual(values, ["", "a2", "new"]);
      await store.compact(4);
      await rejects(run(store, putOf("a"), at(3)), CompactedError);
      await rejects(run(store, putOf("a"), at(6)), FutureRevisionError);
      equal(await store.headRevision(), 5);
    });

    it("takes values of a megabyte and empty ones", async () => {
      await using store = await open();
      const large = Buffer.alloc(1024 * 1024, "x");
      await run(store, { kind: "put", key: k("a"), value: large });
      await put(store, "b", "");
      const { kvs } = await store.range({ key: k("a"), end: k("c") });
      deepEqual(
        kvs.map(({ value }) => value.length),
        [large.length, 0],
      );
      equal(Buffer.compare(kvs[0]?.value ?? Buffer.alloc(0), large), 0);
    });
  });
}

const compareOf = (
  target: Compare["target"],
  result: Compare["result"],
  operand: number | Buffer,
  range: { readonly key: string; readonly end?: string } = { key: "a" },
): Compare => ({
  target,
  result,
  operand,
  key: k(range.key),
  ...(range.end === undefined ? {} : { end: k(range.end) }),
});

async function holds(store: MvccStore, ...compare: readonly Compare[]): Promise<boolean> {
  return (await store.txn({ compare, success: [], failure: [] })).succeeded;
}

function describeCompares(open: OpenStore, { order = "arrival" }: StoreTraits): void {
  describe("txn() and compares", () => {
    it("compares every target in every way", async () => {
      await using store = await open();
      await put(store, "x", "");
      await put(store, "a", "m", { lease: 9 });
      await put(store, "a", "m", { lease: 9 });
      const actual = { version: 2, create: 3, mod: 4, lease: 9 } as const;
      for (const target of ["version", "create", "mod", "lease"] as const) {
        for (const difference of [-1, 0, 1]) {
          const operand = actual[target] + difference;
          deepEqual(
            await allResults(store, target, operand),
            expected(-difference),
            `${target} ${operand}`,
          );
        }
      }
      deepEqual(await allResults(store, "value", k("l")), expected(1));
      deepEqual(await allResults(store, "value", k("m")), expected(0));
      deepEqual(await allResults(store, "value", k("ma")), expected(-1));
    });

    it("takes a missing key as all zeros, and as having no value at all", async () => {
      await using store = await open();
      for (const target of ["version", "create", "mod", "lease"] as const) {
        deepEqual(await allResults(store, target, 0), expected(0));
        deepEqual(await allResults(store, target, 1), expected(-1));
      }
      deepEqual(await allResults(store, "value", k("")), [false, false, false, false]);
    });

    it("compares all keys of a range, and takes an empty range as one missing key", async () => {
      await using store = await open();
      await putAll(store, ["a", "b", "b"]);
      const range = { key: "a", end: "c" };
      equal(await holds(store, compareOf("version", "greater", 0, range)), true);
      equal(await holds(store, compareOf("version", "equal", 1, range)), false);
      equal(await holds(store, compareOf("mod", "less", 5, range)), true);
      equal(await holds(store, compareOf("value", "greater", k("a"), range)), true);
      const empty = { key: "x", end: "\0" };
      equal(await holds(store, compareOf("version", "equal", 0, empty)), true);
      equal(await holds(store, compareOf("version", "greater", 0, empty)), false);
      equal(await holds(store, compareOf("value", "notEqual", k("a"), empty)), false);
    });

    it("joins compares by and; none holds", async () => {
      await using store = await open();
      await put(store, "a", "1");
      equal(await holds(store), true);
      equal(
        await holds(store, compareOf("mod", "equal", 2), compareOf("version", "equal", 1)),
        true,
      );
      equal(
        await holds(store, compareOf("mod", "equal", 2), compareOf("version", "equal", 2)),
        false,
      );
    });

    it("sees the writes of neighbours in the same batch, values too", async () => {
      await using store = await open();
      await put(store, "a", "0");
      const step = (from: number): Promise<TxnResult> =>
        store.txn({
          compare: [compareOf("value", "equal", k(`${from}`))],
          success: [putOf("a", `${from + 1}`)],
          failure: [],
        });
      const steps = await Promise.all(Array.from({ length: 50 }, (_, i) => step(i)));
      const taken = steps.filter(({ succeeded }) => succeeded).length;
      if (order === "arrival") equal(taken, 50);
      equal((await store.range({ key: k("a") })).kvs[0]?.value.toString(), `${taken}`);
    });
  });
}

async function allResults(
  store: MvccStore,
  target: Compare["target"],
  operand: number | Buffer,
): Promise<readonly boolean[]> {
  const found: boolean[] = [];
  for (const result of ["equal", "notEqual", "greater", "less"] as const) {
    found.push(await holds(store, compareOf(target, result, operand)));
  }
  return found;
}

const expected = (difference: number): readonly boolean[] => [
  difference === 0,
  difference !== 0,
  difference > 0,
  difference < 0,
];

function describeNested(open: OpenStore): void {
  describe("txn() nested", () => {
    it("shares the revision, and gives each level its own results", async () => {
      await using store = await open();
      const result = await run(store, putOf("a"), {
        kind: "txn",
        compare: [compareOf("version", "equal", 0, { key: "z" })],
        success: [putOf("b"), { kind: "txn", compare: [], success: [readOf("b")], failure: [] }],
        failure: [],
      });
      equal(result.revision, 2);
      const [, nested] = result.results;
      if (nested?.kind !== "txn") throw new Error("no nested result");
      deepEqual([nested.succeeded, nested.revision, nested.results.length], [true, 2, 2]);
      const [, inner] = nested.results;
      const [read] = inner?.kind === "txn" ? inner.results : [];
      equal(read?.kind === "range" ? textOf(read.kvs) : "", "b");
    });

    it("evaluates all compares against the state before the transaction", async () => {
      await using store = await open();
      const { results } = await run(store, putOf("a"), {
        kind: "txn",
        compare: [compareOf("version", "equal", 0)],
        success: [putOf("b", "absent")],
        failure: [putOf("b", "present")],
      });
      equal(results[1]?.kind === "txn" && results[1].succeeded, true);
      equal((await store.range({ key: k("b") })).kvs[0]?.value.toString(), "absent");
    });
  });
}

function describeRules(open: OpenStore): void {
  describe("txn() and etcd's rules", () => {
    const nested = (
      success: readonly Operation[],
      failure: readonly Operation[] = [],
    ): Operation => ({
      kind: "txn",
      compare: [],
      success,
      failure,
    });

    it("refuses a key that is put twice, or put and deleted, in one branch", async () => {
      await using store = await open();
      const refused: readonly (readonly Operation[])[] = [
        [putOf("a"), putOf("a")],
        [putOf("b"), deleteOf("a", "c")],
        [deleteOf("a", "\0"), putOf("b")],
        [putOf("a"), nested([putOf("a")])],
        [nested([putOf("a")]), nested([], [putOf("a")])],
        [nested([nested([deleteOf("a")])]), putOf("a")],
      ];
      for (const operations of refused) {
        await rejects(run(store, ...operations), {
          name: "InvalidRequestError",
          reason: "duplicateKey",
        });
        await rejects(
          store.txn({ compare: [], success: [], failure: operations }),
          InvalidRequestError,
        );
      }
      equal(await store.headRevision(), 1);
    });

    it("allows overlapping deletes, and the same key in branches that exclude each other", async () => {
      await using store = await open();
      await run(store, deleteOf("a", "c"), deleteOf("b", "d"));
      await store.txn({ compare: [], success: [putOf("a")], failure: [putOf("a")] });
      await run(store, nested([putOf("b")], [putOf("b")]));
      equal(await store.headRevision(), 3);
    });

    it("refuses more than 128 compares or operations, nested ones counted with their parents", async () => {
      await using store = await open();
      const many = Array.from({ length: 128 }, (_, i) => putOf(`k${i}`));
      await run(store, ...many);
      const tooMany = { name: "InvalidRequestError", reason: "tooManyOperations" };
      await rejects(run(store, ...many, putOf("x")), tooMany);
      await rejects(run(store, nested(many)), tooMany);
      const compare = Array.from({ length: 129 }, () => compareOf("mod", "equal", 0));
      await rejects(store.txn({ compare, success: [], failure: [] }), tooMany);
    });

    it("refuses empty and long keys, huge values, and a value beside ignoreValue", async () => {
      await using store = await open();
      await rejects(run(store, putOf("")), { reason: "keyMissing" });
      await rejects(run(store, putOf("x".repeat(1025))), { reason: "tooLarge" });
      await rejects(holds(store, compareOf("mod", "equal", 0, { key: "" })), {
        reason: "keyMissing",
      });
      const huge = Buffer.alloc(3 * 1024 * 1024 + 1);
      await rejects(run(store, { kind: "put", key: k("a"), value: huge }), { reason: "tooLarge" });
      const put = { kind: "put", key: k("a"), value: k("v"), lease: 1 } as const;
      await rejects(run(store, { ...put, ignoreValue: true }), { reason: "valueProvided" });
      await rejects(run(store, { ...put, ignoreLease: true }), { reason: "leaseProvided" });
      await rejects(holds(store, compareOf("value", "equal", 1)), InvalidRequestError);
      await rejects(holds(store, compareOf("mod", "equal", k("1"))), InvalidRequestError);
    });

    it("shows all changes of one transaction together, in the order of its operations", async () => {
      await using store = await open();
      await put(store, "c", "1");
      const watch = new RecordingWatch(store, { key: k("\0"), end: k("\0") });
      await run(store, putOf("b", "1"), deleteOf("c"), putOf("a", "1"));
      deepEqual(watch.batches.length, 1);
      equal(watch.text, "+b=1@3 -c@3 +a=1@3");
    });
  });
}
