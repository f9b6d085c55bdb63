import { CompactedError } from "../store/kv-error.ts";
import { minLeaseSeconds } from "../store/lease-book.ts";
import type { Key, KeyValue, Lease, MvccStore } from "../store/mvcc-store.ts";
import type { ImagePart, StoreImage } from "../store/store-image.ts";
import { ArchiveError } from "./archive-error.ts";

/** What is known of the source beside its status. */
export interface ImageSource {
  readonly epoch: number;
  readonly schema: number;
  readonly nowMs: number;
}

const firstKey: Key = Buffer.from([0]);
const toLastKey: Key = Buffer.from([0]);

/** About how many bytes of values a page should have, and its most and first keys. */
const pageBytes = 2 * 1024 * 1024;
const maxPageKeys = 5000;
const firstPageKeys = 200;

/**
 * Takes the image of a store at its present head, page by page while others write.
 *
 * @throws {ArchiveError} The revision was compacted meanwhile: try again, or compact more rarely.
 * @throws {UnavailableError}
 */
export async function takeImage(
  store: MvccStore,
  source: ImageSource,
  signal?: AbortSignal,
): Promise<StoreImage> {
  // Before the revision is chosen: a key of then may belong to a lease that has ended since.
  const before = (await store.leases?.list()) ?? [];
  const { revision, count } = await store.range(
    { key: firstKey, end: toLastKey, countOnly: true },
    signal,
  );
  const { driver, clusterId } = await store.status(signal);
  const header = {
    driver,
    clusterId: /^[0-9a-f]{16}$/.test(clusterId) ? clusterId : "",
    epoch: source.epoch,
    revision,
    schema: source.schema,
    keys: count,
    takenAtMs: source.nowMs,
  };
  return { header, parts: readParts(store, { revision, before }, signal) };
}

async function* readParts(
  store: MvccStore,
  pin: { readonly revision: number; readonly before: readonly Lease[] },
  signal: AbortSignal | undefined,
): AsyncGenerator<ImagePart> {
  const known = new Set(pin.before.map(({ id }) => id));
  const attached = new Set<number>();
  yield { kind: "leases", leases: pin.before.map(plainLease) };
  for await (const kvs of readPages(store, pin.revision, signal)) {
    for (const { lease } of kvs) if (lease !== 0 && !known.has(lease)) attached.add(lease);
    yield { kind: "keys", kvs };
  }
  if (attached.size === 0) return;
  // One that ended while its key was read: the key is not to stay for ever.
  const later = new Map([...attached].map((id) => [id, { id, ttlSeconds: minLeaseSeconds }]));
  for (const lease of (await store.leases?.list()) ?? []) {
    if (attached.has(lease.id)) later.set(lease.id, plainLease(lease));
  }
  yield { kind: "leases", leases: [...later.values()] };
}

/** All keys as of a revision, page by page. @throws {ArchiveError} It was compacted meanwhile. */
export async function* readPages(
  store: MvccStore,
  revision: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly KeyValue[]> {
  let key = firstKey;
  let limit = firstPageKeys;
  for (;;) {
    const page = await readPage(store, { key, limit, revision }, signal);
    if (page.kvs.length > 0) yield withoutStrayLeases(store, page.kvs);
    const last = page.kvs.at(-1);
    if (!page.more || !last) return;
    key = Buffer.concat([last.key, Buffer.from([0])]);
    limit = nextLimit(page.kvs);
  }
}

async function readPage(
  store: MvccStore,
  {
    key,
    limit,
    revision,
  }: { readonly key: Key; readonly limit: number; readonly revision: number },
  signal: AbortSignal | undefined,
): Promise<{ readonly kvs: readonly KeyValue[]; readonly more: boolean }> {
  try {
    return await store.range({ key, end: toLastKey, limit, revision }, signal);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw new ArchiveError(
      `Cannot go on with the backup as its revision ${revision} was compacted meanwhile: history is kept from ${error.compacted} on; start it again, or compact less often while it runs`,
      { cause: error },
    );
  }
}

/** A store that has no leases keeps their numbers without any effect, and they would have one elsewhere. */
function withoutStrayLeases(store: MvccStore, kvs: readonly KeyValue[]): readonly KeyValue[] {
  if (store.leases) return kvs;
  return kvs.map((kv) => (kv.lease === 0 ? kv : { ...kv, lease: 0 }));
}

function nextLimit(kvs: readonly KeyValue[]): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const perKey = Math.max(1, bytes / kvs.length);
  return Math.max(1, Math.min(maxPageKeys, Math.floor(pageBytes / perKey)));
}

function plainLease({ id, ttlSeconds }: Lease): Lease {
  return { id, ttlSeconds };
}
