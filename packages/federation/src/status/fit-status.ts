import { stringifyJson } from "@cellplane/apimachinery";
import type { ClusterStatus, FederatedObject, FederatedStatus } from "../api/federated-object.ts";

/** The size that a federated object must not outgrow, in bytes of JSON. */
export const maxFederatedObjectBytes: number = 1024 * 1024;

const utf8 = new TextEncoder();

/**
 * The status, with the largest remote statuses left out until the object is small enough; how many
 * were left out stands in `omittedRemoteStatuses`.
 */
export function fitStatus(
  object: FederatedObject,
  status: FederatedStatus,
  maxBytes: number = maxFederatedObjectBytes,
): FederatedStatus {
  let bytes = sizeOf({ ...object, status });
  if (bytes <= maxBytes) return status;
  const { clusters = [] } = status;
  const sizes = clusters
    .map(({ remoteStatus }, index) => ({ index, bytes: sizeOf(remoteStatus ?? null) }))
    .sort((left, right) => right.bytes - left.bytes);
  const omitted = new Set<number>();
  for (const size of sizes) {
    // A kilobyte for the note.
    if (bytes + 1024 <= maxBytes) break;
    if (clusters[size.index]?.remoteStatus === undefined) continue;
    omitted.add(size.index);
    bytes -= size.bytes;
  }
  return withNote(
    status,
    clusters.map((entry, index) => (omitted.has(index) ? bare(entry) : entry)),
    {
      count: omitted.size,
      maxBytes,
    },
  );
}

function withNote(
  status: FederatedStatus,
  clusters: readonly ClusterStatus[],
  { count, maxBytes }: { readonly count: number; readonly maxBytes: number },
): FederatedStatus {
  const message = `${count} remote statuses are left out, the largest first, as the object would exceed ${maxBytes} bytes`;
  return { ...status, clusters, omittedRemoteStatuses: { count, message } };
}

function bare(entry: ClusterStatus): ClusterStatus {
  const { remoteStatus: _, ...rest } = entry;
  return rest;
}

function sizeOf(value: unknown): number {
  return utf8.encode(stringifyJson(value)).byteLength;
}
