import { type JsonMessage, type JsonValue, textOf } from "./json-codec.ts";

// Each server's own; only that they are there, and not 0, is the same.
const ownIds: ReadonlySet<string> = new Set(["cluster_id", "member_id", "raft_term", "leader"]);
const leaseIds: ReadonlySet<string> = new Set(["lease", "ID"]);
const ownFigures: ReadonlySet<string> = new Set([
  "version",
  "raftIndex",
  "raftTerm",
  "raftAppliedIndex",
]);
// Sizes, which an empty store in memory does not have; and what etcd 3.6 says more than 3.5, which was recorded.
const leftOut: ReadonlySet<string> = new Set([
  "dbSize",
  "dbSizeInUse",
  "storageVersion",
  "dbSizeQuota",
]);

/** Names leases by the order in which they were granted, for ids are each server's own. */
export class LeaseNames {
  readonly #ids: string[] = [];

  /** Learns a lease. */
  grant(id: string): void {
    this.#ids.push(id);
  }

  nameOf(id: string): string {
    return `lease ${this.#ids.indexOf(id)}`;
  }

  idOf(name: string): string {
    return this.#ids[Number(name.replace("lease ", ""))] ?? "0";
  }
}

/** An answer without what may differ between servers. */
export function comparable(answer: JsonMessage, leases: LeaseNames): JsonMessage {
  const fields = Object.entries(answer)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, value]) => [name, comparableField(name, value, leases)] as const);
  return Object.fromEntries(fields);
}

function comparableField(
  name: string,
  value: JsonValue | undefined,
  leases: LeaseNames,
): JsonValue | undefined {
  if (ownIds.has(name)) return value === "0" ? "0" : "an id";
  if (leaseIds.has(name)) return leases.nameOf(textOf(value));
  if (ownFigures.has(name)) return "a figure";
  return comparableValue(value, leases);
}

function comparableValue(value: JsonValue | undefined, leases: LeaseNames): JsonValue | undefined {
  if (typeof value !== "object") return value;
  if (!Array.isArray(value)) return comparable(value as JsonMessage, leases);
  return value.map((item: JsonValue) => comparableValue(item, leases) ?? "");
}
