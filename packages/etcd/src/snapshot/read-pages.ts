import type { Key, KeyValue, MvccStore, RangeRequest } from "@cellplane/kv";

/** About how many bytes of keys and values a page should have, and its most and first keys. */
const pageBytes = 1024 * 1024;
const mostKeys = 2000;
const firstKeys = 100;

const zero = Buffer.of(0);

/**
 * All keys as they were at one revision, in pages. Each is asked for by its own range of keys, so
 * that an older revision costs what has changed there, and not in all the rest as well.
 *
 * @throws {CompactedError} The revision was compacted meanwhile.
 */
export async function* readPages(
  store: MvccStore,
  { revision, signal }: { readonly revision: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly KeyValue[]> {
  let key: Key = zero;
  let limit = firstKeys;
  for (;;) {
    const ahead = await store.range({ key, end: zero, limit: limit + 1, keysOnly: true }, signal);
    const next = ahead.kvs[limit]?.key;
    for await (const kvs of readRange(store, { key, end: next ?? zero, limit, revision }, signal)) {
      yield kvs;
      limit = nextLimit(kvs);
    }
    if (!next) return;
    key = next;
  }
}

async function* readRange(
  store: MvccStore,
  request: RangeRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly KeyValue[]> {
  for (let { key } = request; ;) {
    const { kvs, more } = await store.range({ ...request, key }, signal);
    if (kvs.length > 0) yield kvs;
    const last = kvs.at(-1);
    if (!more || !last) return;
    key = Buffer.concat([last.key, zero]);
  }
}

function nextLimit(kvs: readonly KeyValue[]): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return Math.max(1, Math.min(mostKeys, Math.floor((pageBytes * kvs.length) / Math.max(1, bytes))));
}
