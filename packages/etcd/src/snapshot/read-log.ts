import { type KeyValue, type MvccStore, replayEvents, type WatchEvent } from "@cellplane/kv";
import type { BoltItem } from "../bolt/tree-writer.ts";
import { encodeKeyValue, encodePlace } from "./etcd-records.ts";
import { LogPlaces } from "./log-place.ts";
import { readPages } from "./read-pages.ts";
import type { SnapshotLeases } from "./snapshot-leases.ts";
import { SortedSpool } from "./sorted-spool.ts";

/** What of the log is read. */
export interface LogRequest {
  /** The state as of this revision comes first, then every later change; 0: there was nothing yet. */
  readonly base: number;
  /** The last revision. */
  readonly head: number;
  /** Told of all changes. */
  readonly leases: SnapshotLeases;
  /** Where temporary files go. */
  readonly folder: string;
}

/**
 * The bucket of keys: the state at a revision as the changes that made it, and all changes after
 * it, in the order of their revisions.
 *
 * @throws {CompactedError} `base` was compacted meanwhile.
 */
export async function* readLog(
  store: MvccStore,
  { base, head, leases, folder }: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly BoltItem[]> {
  const places = new LogPlaces();
  // A store that has no leases keeps their numbers without any effect, and they would have one in an etcd.
  const keep = (kv: KeyValue): KeyValue => (store.leases ? kv : { ...kv, lease: 0 });
  if (base > 0) {
    await using spool = new SortedSpool(folder);
    for await (const kvs of readPages(store, { revision: base, signal })) {
      for (const kv of kvs) leases.note(keep(kv));
      await spool.add(
        kvs.map((kv) => ({ order: kv.modRevision, bytes: encodeKeyValue(keep(kv)) })),
      );
    }
    for await (const rows of spool.sorted()) {
      signal.throwIfAborted();
      yield rows.map(({ order, bytes }) => ({
        key: encodePlace(places.next(order)),
        value: bytes,
      }));
    }
  }
  if (base >= head) return;
  const later = { after: base, through: head, previous: false };
  for await (const events of replayEvents(store, later, signal)) {
    const wanted = events.filter(({ kv }) => kv.modRevision <= head);
    for (const { kv } of wanted) leases.note(keep(kv));
    yield wanted.map((event) => itemOf({ ...event, kv: keep(event.kv) }, places));
    // Others write on, and there may always be something more.
    if (wanted.length < events.length) break;
  }
  signal.throwIfAborted();
}

function itemOf({ kind, kv }: WatchEvent, places: LogPlaces): BoltItem {
  const key = encodePlace(places.next(kv.modRevision), kind);
  if (kind === "put") return { key, value: encodeKeyValue(kv) };
  const nothing = { createRevision: 0, modRevision: 0, version: 0, lease: 0 };
  return { key, value: encodeKeyValue({ ...nothing, key: kv.key, value: Buffer.alloc(0) }) };
}
