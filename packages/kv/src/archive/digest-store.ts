import { createHash } from "node:crypto";
import type { MvccStore, Revision } from "../store/mvcc-store.ts";
import { readPages } from "./take-image.ts";
import { unfinishedKey } from "./restore-through-store.ts";

/** What two stores with the same keys and values have in common. */
export interface StoreDigest {
  readonly keys: number;
  /** Of keys and values, hexadecimal. */
  readonly sha256: string;
}

/** Reads all keys and values as of a revision. */
export async function digestStore(
  store: MvccStore,
  revision: Revision,
  signal?: AbortSignal,
): Promise<StoreDigest> {
  const hash = createHash("sha256");
  let keys = 0;
  for await (const kvs of readPages(store, revision, signal)) {
    for (const { key, value } of kvs) {
      if (key.equals(unfinishedKey)) continue;
      const head = Buffer.alloc(8);
      head.writeUInt32BE(key.length, 0);
      head.writeUInt32BE(value.length, 4);
      hash.update(head).update(key).update(value);
      keys++;
    }
  }
  return { keys, sha256: hash.digest("hex") };
}
