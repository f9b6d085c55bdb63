import type { BoltWriter } from "../bolt/bolt-writer.ts";
import type { BoltItem } from "../bolt/tree-writer.ts";
import type { EtcdContext } from "../context/etcd-context.ts";
import { encodeLease, encodeNumber, encodePlace } from "./etcd-records.ts";
import type { SnapshotLease } from "./snapshot-leases.ts";

/**
 * The version of etcd that can read the file, and every later one: 3.6 takes a database that names
 * no version of its own for one of 3.5.
 */
export const snapshotVersion = "3.5.0";

/** What is told beside the keys. */
export interface SnapshotMetadata {
  /** History at or below this is gone. */
  readonly base: number;
  readonly head: number;
  readonly leases: readonly SnapshotLease[];
}

const leasesOfPage = 1000;
const authRevision = 1;

/** Writes all buckets but that of the keys, as an etcd of one member has them. */
export async function writeMetadata(
  bolt: BoltWriter,
  context: EtcdContext,
  metadata: SnapshotMetadata,
): Promise<void> {
  await bolt.writeBucket("lease", leasePages(metadata.leases));
  await bolt.writeBucket("meta", [metaItems(context, metadata)]);
  await bolt.writeBucket("members", [[memberItem(context)]]);
  await bolt.writeBucket("cluster", [
    [{ key: Buffer.from("clusterVersion"), value: Buffer.from(snapshotVersion) }],
  ]);
  await bolt.writeBucket("auth", [
    [{ key: Buffer.from("authRevision"), value: encodeNumber(authRevision) }],
  ]);
  for (const name of ["alarm", "authRoles", "authUsers", "members_removed"]) {
    await bolt.writeBucket(name, []);
  }
}

function* leasePages(leases: readonly SnapshotLease[]): Generator<readonly BoltItem[]> {
  for (let at = 0; at < leases.length; at += leasesOfPage) {
    const page = leases.slice(at, at + leasesOfPage);
    yield page.map((lease) => ({ key: encodeNumber(lease.id), value: encodeLease(lease) }));
  }
}

/** In the order of their keys. */
function metaItems(
  { memberId, raftTerm }: EtcdContext,
  { base, head }: SnapshotMetadata,
): readonly BoltItem[] {
  const compacted = encodePlace({ revision: base, sub: 0 });
  const item = (key: string, value: Buffer): BoltItem => ({ key: Buffer.from(key), value });
  return [
    item("confState", Buffer.from(`{"voters":[${memberId}],"auto_leave":false}`)),
    item("consistent_index", encodeNumber(head)),
    ...(base > 0
      ? [item("finishedCompactRev", compacted), item("scheduledCompactRev", compacted)]
      : []),
    item("term", encodeNumber(raftTerm)),
  ];
}

/** An id is written as a number of 64 bits, which JSON has and JavaScript has not. */
function memberItem({ memberId, clientUrls }: EtcdContext): BoltItem {
  const urls = JSON.stringify(clientUrls);
  return {
    key: Buffer.from(memberId.toString(16)),
    value: Buffer.from(`{"id":${memberId},"peerURLs":[],"name":"cellplane","clientURLs":${urls}}`),
  };
}
