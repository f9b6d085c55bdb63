import type { WatchCreateRequest } from "@cellplane/etcd-api";
import type { WatchRequest as StoreWatch } from "@cellplane/kv";
import { toBuffer } from "../context/to-buffer.ts";

const filter = { noPut: 0, noDelete: 1 } as const;

/** The longest key that the store has; nothing longer can ever change. */
const maxKeyBytes = 1024;

/** The smallest key. */
const firstKey = Buffer.of(0);

/** A watch as the store takes it. Without a start revision it begins after `head`. */
export function planWatch(request: WatchCreateRequest, head: number): StoreWatch {
  return {
    key: keyOf(request),
    end: toBuffer(request.rangeEnd),
    startRevision: request.startRevision || head + 1,
    previous: request.prevKv,
    noPut: request.filters.includes(filter.noPut),
    noDelete: request.filters.includes(filter.noDelete),
  };
}

/** Why a watch is refused, in etcd's words; `undefined` where it is not. */
export function refuseWatch(
  request: WatchCreateRequest,
  isTaken: (id: number) => boolean,
): string | undefined {
  if (request.startRevision < 0) return "etcdserver: mvcc: required revision has been compacted";
  const end = toBuffer(request.rangeEnd);
  if (Math.max(request.key.length, end.length) > maxKeyBytes) {
    return "etcdserver: request is too large";
  }
  const isToTheEnd = end.length === 1 && end[0] === 0;
  if (end.length > 0 && !isToTheEnd && keyOf(request).compare(end) >= 0) {
    return "mvcc: watcher range is empty";
  }
  if (request.watchId !== 0 && isTaken(request.watchId)) {
    return "mvcc: duplicate watch ID provided on the WatchStream";
  }
  return undefined;
}

function keyOf({ key }: WatchCreateRequest): Buffer {
  return key.length === 0 ? firstKey : toBuffer(key);
}
