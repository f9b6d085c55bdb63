import { wireKeyValue } from "@cellplane/etcd-api";
import { type BoltEntry, BoltError, type BoltReader } from "../bolt/bolt-reader.ts";
import { placeBytes } from "./etcd-records.ts";

/** Where a value stands in a file. */
export interface ValuePlace {
  readonly at: number;
  readonly lengthBytes: number;
}

/** The keys that are live at the newest revision of a database of etcd. */
export interface LiveKeys {
  readonly revision: number;
  /** By the key in Latin-1. */
  readonly places: ReadonlyMap<string, ValuePlace>;
}

/** Reads the log of a database of etcd. @throws {BoltError} */
export async function findLiveKeys(bolt: BoltReader): Promise<LiveKeys> {
  const places = new Map<string, ValuePlace>();
  let revision = await compactedOf(bolt);
  for await (const entries of bolt.items("key")) {
    for (const { key: place, value, valueAt } of entries) {
      if (place.length < placeBytes) throw new BoltError("a revision of its log is cut off");
      revision = Math.max(revision, revisionOf(place));
      const key = Buffer.from(wireKeyValue.decode(value).key).toString("latin1");
      if (place.length > placeBytes) places.delete(key);
      else places.set(key, { at: valueAt, lengthBytes: value.length });
    }
  }
  return { revision, places };
}

/** All may be gone below: the newest change may have been a delete that was compacted. */
async function compactedOf(bolt: BoltReader): Promise<number> {
  let compacted = 1;
  for await (const entries of bolt.items("meta")) {
    for (const { value } of entries.filter(isCompaction)) {
      compacted = Math.max(compacted, revisionOf(value));
    }
  }
  return compacted;
}

function isCompaction({ key, value }: BoltEntry): boolean {
  const name = key.toString("latin1");
  return value.length >= 8 && /^(finished|scheduled)CompactRev$/.test(name);
}

function revisionOf(place: Buffer): number {
  return Number(place.readBigUInt64BE(0));
}
