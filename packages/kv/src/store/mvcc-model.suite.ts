import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { KeyValue, MvccStore, Operation } from "./mvcc-store.ts";
import { k, RecordingWatch, type OpenStore, type StoreTraits } from "./mvcc-testing.suite.ts";

/** One random step against the store. */
type Step =
  | { readonly kind: "write"; readonly operations: readonly Write[] }
  | {
      readonly kind: "swap";
      readonly key: string;
      readonly modRevision: number;
      readonly value: string;
    }
  | { readonly kind: "compact"; readonly part: number };

type Write =
  | { readonly kind: "put"; readonly key: string; readonly value: string }
  | { readonly kind: "delete"; readonly from: string; readonly to: string };

const keys = ["a", "a/b", "a/c", "b", "b/a", "c"];
const key = fc.constantFrom(...keys);
const value = fc.string({ maxLength: 6 });
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("put" as const), key, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), from: key, to: key }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      operations: fc.array(write, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("swap" as const),
      key,
      modRevision: fc.nat(30),
      value,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact" as const), part: fc.nat(100) }) },
);

/** The store in its most naive form: a copy of everything for each revision. */
class Model {
  readonly snapshots = new Map<number, ReadonlyMap<string, KeyValue>>([[1, new Map()]]);
  readonly events: string[] = [];
  head = 1;
  compacted = 0;

  get now(): ReadonlyMap<string, KeyValue> {
    return this.snapshots.get(this.head) ?? new Map();
  }

  write(operations: readonly Write[]): void {
    const next = new Map(this.now);
    const events: string[] = [];
    const revision = this.head + 1;
    for (const operation of operations) {
      if (operation.kind === "put") events.push(putIn(next, operation, revision));
      else events.push(...deleteIn(next, operation, revision));
    }
    if (events.length === 0) return;
    this.events.push(...events);
    this.head = revision;
    this.snapshots.set(revision, next);
  }
}

function putIn(
  map: Map<string, KeyValue>,
  { key, value }: { readonly key: string; readonly value: string },
  revision: number,
): string {
  const before = map.get(key);
  map.set(key, {
    key: k(key),
    value: Buffer.from(value),
    createRevision: before?.createRevision ?? revision,
    modRevision: revision,
    version: (before?.version ?? 0) + 1,
    lease: 0,
  });
  return `put ${key} ${revision} ${value} was ${before?.value.toString()}`;
}

function deleteIn(
  map: Map<string, KeyValue>,
  { from, to }: { readonly from: string; readonly to: string },
  revision: number,
): string[] {
  const gone = [...map.keys()].filter((key) => key >= from && key < to).sort();
  return gone.map((key) => {
    const before = map.get(key);
    map.delete(key);
    return `delete ${key} ${revision}  was ${before?.value.toString()}`;
  });
}

/** Whether etcd's rules allow these operations in one transaction. */
function isAllowed(operations: readonly Write[]): boolean {
  const puts = operations.filter((operation) => operation.kind === "put").map(({ key }) => key);
  if (new Set(puts).size < puts.length) return false;
  return !operations.some(
    (operation) =>
      operation.kind === "delete" &&
      puts.some((key) => key >= operation.from && key < operation.to),
  );
}

function operationOf(operation: Write): Operation {
  return operation.kind === "put"
    ? { kind: "put", key: k(operation.key), value: Buffer.from(operation.value) }
    : { kind: "delete", key: k(operation.from), end: k(operation.to) };
}

async function runStep(store: MvccStore, model: Model, step: Step): Promise<void> {
  if (step.kind === "write" && isAllowed(step.operations)) {
    await store.txn({ compare: [], success: step.operations.map(operationOf), failure: [] });
    model.write(step.operations);
  }
  if (step.kind === "swap") {
    const { key, modRevision, value } = step;
    const { succeeded } = await store.txn({
      compare: [{ key: k(key), target: "mod", result: "equal", operand: modRevision }],
      success: [operationOf({ kind: "put", key, value })],
      failure: [],
    });
    deepEqual(succeeded, (model.now.get(key)?.modRevision ?? 0) === modRevision);
    if (succeeded) model.write([{ kind: "put", key, value }]);
  }
  if (step.kind === "compact") {
    const revision =
      model.compacted + 1 + Math.floor((step.part / 101) * (model.head - model.compacted));
    if (revision > model.head) return;
    await store.compact(revision);
    model.compacted = revision;
  }
}

async function checkHistory(store: MvccStore, model: Model): Promise<void> {
  for (let revision = Math.max(1, model.compacted); revision <= model.head; revision++) {
    const expected = [...(model.snapshots.get(revision)?.values() ?? [])].sort((a, b) =>
      Buffer.compare(a.key, b.key),
    );
    const { kvs } = await store.range({ key: k("\0"), end: k("\0"), revision });
    deepEqual(kvs, expected, `revision ${revision}`);
    for (const limit of [1, 2]) {
      const page = await store.range({ key: k("\0"), end: k("\0"), revision, limit });
      deepEqual(page.kvs, expected.slice(0, limit), `revision ${revision}, a page of ${limit}`);
      deepEqual([page.count, page.more], [expected.length, expected.length > limit]);
    }
    const prefix = await store.range({ key: k("a/"), end: k("a0"), revision, countOnly: true });
    deepEqual(prefix.count, expected.filter((kv) => kv.key.toString().startsWith("a/")).length);
  }
}

/** Random histories against the naive model: every revision, every event. */
export function describeModel(open: OpenStore, { histories: numRuns = 25 }: StoreTraits): void {
  describe("random histories", () => {
    it("agree with a model that copies everything for each revision", async () => {
      const histories = fc.array(step, { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(histories, async (steps) => {
          await using store = await open();
          const model = new Model();
          const watch = new RecordingWatch(store, { key: k("\0"), end: k("\0"), previous: true });
          for (const step of steps) await runStep(store, model, step);
          deepEqual(await store.headRevision(), model.head);
          deepEqual(eventsOf(watch), model.events);
          await checkHistory(store, model);
        }),
        { numRuns },
      );
    });
  });
}

function eventsOf(watch: RecordingWatch): readonly string[] {
  return watch.events.map(({ kind, kv, previous }) => {
    const was = previous?.value.toString();
    return `${kind} ${kv.key.toString()} ${kv.modRevision} ${kv.value.toString()} was ${was}`;
  });
}
