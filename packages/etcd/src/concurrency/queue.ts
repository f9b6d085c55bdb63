import { GrpcError } from "@cellplane/grpc";
import type { KeyRange, KeyValue, MvccStore, Revision } from "@cellplane/kv";
import type { EtcdContext } from "../context/etcd-context.ts";
import { leaseNumber } from "../context/lease-number.ts";
import { nextChange } from "./next-change.ts";

/** How long a lease lasts that a caller has not brought along, as in etcd. */
const ownLeaseSeconds = 60;

/** A place in the queue for a lock or an election: the key that was made first is at its head. */
export interface Place {
  readonly key: Buffer;
  readonly lease: number;
  /** The revision that made the key. */
  readonly createRevision: Revision;
  /** The store when the place was taken, or found. */
  readonly revision: Revision;
  /** What it holds: another value than was asked for where the place was taken before. */
  readonly value: Buffer;
}

/** All places of a name. */
export function placesOf(name: Uint8Array): { readonly key: Buffer; readonly end: Buffer } {
  // The byte after the slash that ends the prefix.
  return { key: Buffer.concat([name, slash]), end: Buffer.concat([name, afterSlash]) };
}

const slash = Buffer.from("/");
const afterSlash = Buffer.from("0");

/** Takes the place of a lease, or finds that it has one. @throws {GrpcError} There is no such lease. */
export async function takePlace(
  context: EtcdContext,
  wanted: { readonly name: Uint8Array; readonly lease: number | bigint; readonly value: Buffer },
  signal: AbortSignal,
): Promise<Place> {
  const lease = await leaseFor(context, wanted.lease);
  const key = Buffer.concat([placesOf(wanted.name).key, Buffer.from(lease.toString(16))]);
  const { value } = wanted;
  const request = {
    compare: [{ key, target: "create", result: "equal", operand: 0 }],
    success: [{ kind: "put", key, value, lease }],
    failure: [{ kind: "range", key }],
  } as const;
  const run = (): ReturnType<MvccStore["txn"]> => context.store.txn(request, signal);
  const { revision, results } = await context.alarm.guard(run);
  const [result] = results;
  if (result?.kind !== "range") return { key, lease, createRevision: revision, revision, value };
  const [kv] = result.kvs;
  if (!kv) throw new Error("A key that exists was not found");
  return { key, lease, createRevision: kv.createRevision, revision, value: kv.value };
}

async function leaseFor(context: EtcdContext, id: number | bigint): Promise<number> {
  if (id !== 0) return leaseNumber(id);
  const granted = await context.alarm.guard(() =>
    context.leases().grant({ id: 0, ttlSeconds: ownLeaseSeconds }),
  );
  return granted.id;
}

/** Waits until nobody is ahead; gives the revision at which that was so. */
export async function waitForTurn(
  store: MvccStore,
  { name, place }: { readonly name: Uint8Array; readonly place: Place },
  signal: AbortSignal,
): Promise<Revision> {
  for (;;) {
    const { kvs, revision } = await store.range({ ...placesOf(name), keysOnly: true }, signal);
    const ahead = lastBefore(kvs, place.createRevision);
    if (!ahead) return revision;
    const gone = { key: ahead.key, startRevision: revision + 1, noPut: true };
    await nextChange(store, gone, signal);
  }
}

/** Gives a place back. */
export async function leavePlace(
  store: MvccStore,
  { key }: KeyRange,
  signal?: AbortSignal,
): Promise<Revision> {
  const request = { compare: [], success: [{ kind: "delete", key } as const], failure: [] };
  return (await store.txn(request, signal)).revision;
}

/** Who is at the head of the queue. */
export function firstOf(kvs: readonly KeyValue[]): KeyValue | undefined {
  return kvs.reduce<KeyValue | undefined>(
    (first, kv) => (first && first.createRevision < kv.createRevision ? first : kv),
    undefined,
  );
}

/** @throws {GrpcError} The place was lost with its lease while it waited. */
export async function checkPlace(store: MvccStore, { key }: Place): Promise<void> {
  const { count } = await store.range({ key, countOnly: true });
  if (count === 0) throw new GrpcError("UNKNOWN", "mutex: session is expired");
}

function lastBefore(kvs: readonly KeyValue[], revision: Revision): KeyValue | undefined {
  return kvs
    .filter(({ createRevision }) => createRevision < revision)
    .toSorted((a, b) => a.createRevision - b.createRevision)
    .at(-1);
}
