import type { MvccStore, Operation, Revision, WatchEvent } from "../store/mvcc-store.ts";
import { LeaseMirror } from "./lease-mirror.ts";
import { replayEvents } from "./replay-events.ts";

/** etcd's own limits are 128 operations and 1.5 MiB of one transaction. */
const maxOperations = 100;

/** What to follow, and until when. */
export interface FollowRequest {
  readonly from: MvccStore;
  readonly to: MvccStore;
  /** The revision of the source that the target has. */
  readonly after: Revision;
  /** Stops following; what the source has acknowledged by then is still taken over. */
  readonly stop: AbortSignal;
  readonly onProgress?: (progress: FollowProgress) => void;
}

/** How far the target is behind. */
export interface FollowProgress {
  readonly applied: Revision;
  readonly changes: number;
}

/**
 * Takes over each change of a store into another, a transaction of the source as one of the
 * target where its limits allow. Returns the revision of the source that the target has.
 *
 * @throws {CompactedError} The source has compacted what was not taken over: begin anew.
 */
export async function followStore(request: FollowRequest): Promise<Revision> {
  await using leases = new LeaseMirror(request);
  await leases.adopt();
  const follower = new Follower(request, leases);
  await follower.take(replayEvents(request.from, { after: request.after }, request.stop));
  const through = await request.from.headRevision();
  if (follower.applied < through) {
    await follower.take(replayEvents(request.from, { after: follower.applied, through }));
  }
  return Math.max(follower.applied, through);
}

class Follower {
  readonly #request: FollowRequest;
  readonly #leases: LeaseMirror;
  #changes = 0;
  applied: Revision;

  constructor(request: FollowRequest, leases: LeaseMirror) {
    this.#request = request;
    this.#leases = leases;
    this.applied = request.after;
  }

  async take(batches: AsyncIterable<readonly WatchEvent[]>): Promise<void> {
    for await (const events of batches) {
      for (const [revision, same] of Map.groupBy(events, ({ kv }) => kv.modRevision)) {
        await this.#apply(same);
        this.applied = revision;
        this.#changes += same.length;
        this.#request.onProgress?.({ applied: this.applied, changes: this.#changes });
      }
    }
  }

  async #apply(events: readonly WatchEvent[]): Promise<void> {
    const operations: Operation[] = [];
    for (const { kind, kv } of events) {
      if (kind === "delete") operations.push({ kind: "delete", key: kv.key });
      else operations.push(await this.#putOf(kv));
    }
    for (let i = 0; i < operations.length; i += maxOperations) {
      const success = operations.slice(i, i + maxOperations);
      await this.#request.to.txn({ compare: [], success, failure: [] });
    }
  }

  async #putOf({ key, value, lease }: WatchEvent["kv"]): Promise<Operation> {
    const put = { kind: "put", key, value } as const;
    if (lease === 0 || !this.#request.to.leases) return put;
    await this.#leases.ensure(lease);
    return { ...put, lease };
  }
}
