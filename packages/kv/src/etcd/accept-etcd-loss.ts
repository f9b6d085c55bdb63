import { UnavailableError } from "../store/kv-error.ts";
import type { MvccStore, Revision } from "../store/mvcc-store.ts";
import { readHead, writeHead } from "./head-guard.ts";
import { openEtcdStore } from "./open-etcd-store.ts";

/**
 * How far beyond the newest remembered revision the cluster goes on: more than can have been
 * acknowledged in the seconds that a file may lag behind. Each takes a write.
 */
const defaultMargin: Revision = 100_000;

/** Most revisions that are written one by one; what takes more is for etcdutl. */
const maxWrites = 5_000_000;

/** Writes under way at once. */
const writers = 128;

/** Written to move the revision on, and deleted then. No key of Kubernetes begins so. */
const fillerKey: Buffer = Buffer.from("\0accept-loss");

/** What an accepted loss has made of a cluster. */
export interface AcceptedEtcdLoss {
  readonly from: Revision;
  readonly to: Revision;
  readonly clusterId: string;
}

/** What is known of a cluster that has lost revisions. */
export interface AcceptEtcdLossOptions {
  /** The file that remembers the newest acknowledged revision: as for `openEtcdStore`. No process may have it open. */
  readonly headMemoryPath?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly margin?: Revision;
  /** Told how many revisions have been written, of how many. */
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * Accepts that a cluster has lost acknowledged revisions, or is another one, after an operator has
 * looked: its revision is moved beyond any that was ever told, by writes, for its API has no other way,
 * and history before it is compacted, so that every client lists anew. A cluster that was restored
 * with `--bump-revision --mark-compacted` takes no writes.
 *
 * @throws {UnavailableError}
 */
export async function acceptEtcdLoss(
  url: string,
  options: AcceptEtcdLossOptions = {},
): Promise<AcceptedEtcdLoss> {
  const { headMemoryPath, environment = {}, margin = defaultMargin } = options;
  const known = headMemoryPath === undefined ? undefined : readHead(headMemoryPath);
  await using store = await openEtcdStore(url, { environment });
  const from = await store.headRevision();
  const wanted = (known?.revision ?? from) + margin;
  if (wanted - from > maxWrites) {
    throw new UnavailableError(
      `Cannot move the cluster from revision ${from} to ${wanted} by writes; restore it with etcdutl and --bump-revision ${wanted - from} --mark-compacted, and accept the loss then`,
    );
  }
  await writeUpTo(store, { from, to: wanted }, options.onProgress);
  const to = await store.headRevision();
  await compactAt(store, to);
  const { clusterId } = await store.status();
  if (headMemoryPath !== undefined) {
    writeHead(headMemoryPath, { clusterId: BigInt(`0x${clusterId}`), revision: to });
  }
  return { from, to, clusterId };
}

async function writeUpTo(
  store: MvccStore,
  { from, to }: { readonly from: Revision; readonly to: Revision },
  onProgress: AcceptEtcdLossOptions["onProgress"],
): Promise<void> {
  let begun = from;
  let done = 0;
  const value = Buffer.alloc(0);
  const write = async (): Promise<void> => {
    while (begun < to) {
      begun++;
      await store.txn({
        compare: [],
        success: [{ kind: "put", key: fillerKey, value }],
        failure: [],
      });
      done++;
      if (done % 1000 === 0) onProgress?.(done, to - from);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  if (done === 0) return;
  await store.txn({ compare: [], success: [{ kind: "delete", key: fillerKey }], failure: [] });
}

/** Compacts unless the restore has. */
async function compactAt(store: MvccStore, revision: Revision): Promise<void> {
  const { compacted } = await store.status();
  if (compacted >= revision) return;
  await store.compact(revision);
}
