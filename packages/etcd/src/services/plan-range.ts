import type { RangeRequest, RangeResponse, ResponseHeader } from "@cellplane/etcd-api";
import type { KeyValue, RangeRequest as StoreRange, RangeResult } from "@cellplane/kv";
import { etcdError } from "../context/etcd-error.ts";
import { toBuffer } from "../context/to-buffer.ts";

const order = { none: 0, ascending: 1, descending: 2 } as const;
const target = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;

const noValue = Buffer.alloc(0);

/**
 * What to ask the store for. It lists in key order only: where another one is wanted, everything
 * is read, and the limit applies after sorting.
 * @throws {GrpcError}
 */
export function planRange(wire: RangeRequest): StoreRange {
  checkSort(wire);
  const isSorted = needsSorting(wire);
  return {
    key: toBuffer(wire.key),
    end: toBuffer(wire.rangeEnd),
    limit: isSorted ? 0 : Math.max(0, wire.limit),
    revision: Math.max(0, wire.revision),
    // Values are looked at to sort by them.
    keysOnly: wire.keysOnly && !(isSorted && wire.sortTarget === target.value),
    countOnly: wire.countOnly,
    serializable: wire.serializable,
    minModRevision: wire.minModRevision,
    maxModRevision: wire.maxModRevision,
    minCreateRevision: wire.minCreateRevision,
    maxCreateRevision: wire.maxCreateRevision,
  };
}

/** The answer to a range, from what the store gave for its plan. */
export function tellRange(
  wire: RangeRequest,
  result: RangeResult,
  header: ResponseHeader,
): RangeResponse {
  const { kvs, more, count } = result;
  if (!needsSorting(wire)) return { header, kvs, more, count };
  const sorted = kvs.toSorted(comparison(wire));
  const isCut = wire.limit > 0 && sorted.length > wire.limit;
  const shown = isCut ? sorted.slice(0, wire.limit) : sorted;
  const bare = wire.keysOnly ? shown.map((kv) => ({ ...kv, value: noValue })) : shown;
  return { header, kvs: bare, more: isCut, count };
}

function needsSorting({ sortOrder, sortTarget, countOnly }: RangeRequest): boolean {
  if (countOnly) return false;
  return sortTarget !== target.key || sortOrder === order.descending;
}

function checkSort({ sortOrder, sortTarget }: RangeRequest): void {
  const isKnown = sortOrder >= 0 && sortOrder <= 2 && sortTarget >= 0 && sortTarget <= 4;
  if (!isKnown) throw etcdError("invalid sort option");
}

function comparison({ sortOrder, sortTarget }: RangeRequest): (a: KeyValue, b: KeyValue) => number {
  const compare = comparisonBy(sortTarget);
  return sortOrder === order.descending ? (a, b) => compare(b, a) : compare;
}

function comparisonBy(sortTarget: number): (a: KeyValue, b: KeyValue) => number {
  switch (sortTarget) {
    case target.version:
      return (a, b) => a.version - b.version;
    case target.create:
      return (a, b) => a.createRevision - b.createRevision;
    case target.mod:
      return (a, b) => a.modRevision - b.modRevision;
    case target.value:
      return (a, b) => Buffer.compare(a.value, b.value);
    default:
      return (a, b) => Buffer.compare(a.key, b.key);
  }
}
