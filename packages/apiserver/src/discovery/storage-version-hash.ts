import { createHash } from "node:crypto";

/** What discovery shows of a storage version: it changes when the storage version does. */
export function computeStorageVersionHash(of: {
  readonly group: string;
  readonly storageVersion: string;
  readonly kind: string;
}): string {
  const text = `${of.group}/${of.storageVersion}/${of.kind}`;
  return createHash("sha256").update(text).digest().subarray(0, 8).toString("base64");
}
