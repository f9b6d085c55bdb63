import { k, put, remove, run } from "../store/mvcc-testing.suite.ts";
import type { KeyValue, MvccStore } from "../store/mvcc-store.ts";
import type { StoreImage } from "../store/store-image.ts";
import { openBackup } from "./read-backup.ts";
import { takeImage } from "./take-image.ts";
import { encodeBackup } from "./write-backup.ts";

/** What is known of a source in these tests. */
export const testSource = { epoch: 1, schema: 1, nowMs: 1_700_000_000_000 };

/** All keys of a store, as of a revision or now. */
export async function allKeys(store: MvccStore, revision = 0): Promise<readonly KeyValue[]> {
  return (await store.range({ key: k("\0"), end: k("\0"), revision })).kvs;
}

/** What a restore keeps of a key. */
export function keptOf(kvs: readonly KeyValue[]): readonly object[] {
  return kvs.map(({ key, value, createRevision, version, lease }) => ({
    key: key.toString("latin1"),
    value: value.toString("latin1"),
    createRevision,
    version,
    lease,
  }));
}

/** Keys with several versions, deletions, a lease, binary keys and an empty value. */
export async function fill(store: MvccStore): Promise<void> {
  await store.leases?.grant({ id: 77, ttlSeconds: 600 });
  await store.leases?.grant({ id: 78, ttlSeconds: 60 });
  for (let i = 0; i < 25; i++) await put(store, `a/${i % 10}`, `value ${i}`);
  await remove(store, "a/3");
  await put(store, "a/5", "of a lease", { lease: 77 });
  await run(
    store,
    { kind: "put", key: Buffer.from([0xff, 0x00, 0x80]), value: Buffer.from([0, 1, 2, 255]) },
    { kind: "put", key: k("empty"), value: Buffer.alloc(0) },
  );
  await put(store, "gone", "soon");
  await remove(store, "gone");
}

/** The bytes of a backup of a store. */
export async function backupOf(store: MvccStore): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of encodeBackup(await takeImage(store, testSource))) blocks.push(block);
  return Buffer.concat(blocks);
}

/** An image from the bytes of a backup, which come in odd pieces. */
export function imageOf(backup: Buffer): Promise<StoreImage> {
  return openBackup(inPieces(backup));
}

/** A stream of pieces whose length is none of the format's. */
export async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 97) yield bytes.subarray(at, at + 97);
}
