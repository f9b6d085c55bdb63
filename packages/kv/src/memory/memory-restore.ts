import { randomBytes } from "node:crypto";
import { keyTextOf } from "../store/key-text.ts";
import type { MvccStore } from "../store/mvcc-store.ts";
import type { LeaseRow, LogChange } from "../store/revision-log.ts";
import {
  RestoredPlaces,
  type RestoreOptions,
  type RestoreOutcome,
  type RestoreTarget,
  type StoreImage,
} from "../store/store-image.ts";
import { openLogMvccStore, type EngineOptions } from "../watch/log-mvcc-store.ts";
import { MemoryRevisionLog } from "./memory-revision-log.ts";

/** A store in memory that begins with an image. */
export interface RestoredMemory {
  readonly outcome: Omit<RestoreOutcome, "replaced">;
  readonly open: (options?: EngineOptions) => Promise<MvccStore>;
}

/**
 * Takes an image in, to become a store in memory.
 * @param target The store that it takes the place of.
 */
export async function readImageIntoMemory(
  image: StoreImage,
  target: RestoreTarget,
  options: Pick<RestoreOptions, "acknowledged" | "revisions" | "onProgress"> = {},
): Promise<RestoredMemory> {
  const places = new RestoredPlaces(target, image.header, options);
  const rows: LogChange[] = [];
  const leases: LeaseRow[] = [];
  for await (const part of image.parts) {
    if (part.kind === "leases") {
      leases.push(...part.leases);
      continue;
    }
    for (const kv of part.kvs) {
      rows.push({
        kind: "put",
        key: keyTextOf(kv.key),
        ...places.next(kv),
        createRevision: kv.createRevision,
        version: kv.version,
        lease: kv.lease,
        previousRevision: 0,
        previousSub: 0,
        // A view would keep the whole page in memory.
        value: Buffer.from(kv.value),
        previous: undefined,
      });
    }
    options.onProgress?.(places.keys);
  }
  const revision = places.head;
  const clusterId = image.header.clusterId || randomBytes(8).toString("hex");
  const head = { revision, compacted: revision, clusterId };
  const { epoch, keys } = places;
  return {
    outcome: { epoch, revision, keys, leases: leases.length, from: target.revision },
    open: (engine) => openLogMvccStore(new MemoryRevisionLog({ head, rows, leases }), engine),
  };
}
