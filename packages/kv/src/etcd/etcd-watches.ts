import { setTimeout as sleep } from "node:timers/promises";
import type { WatchRequest as WireWatch, WatchResponse } from "@cellplane/etcd-api";
import type { ClientCall } from "@cellplane/grpc";
import { RevisionsLostError } from "../store/kv-error.ts";
import type { Revision, Watch, WatchListener, WatchRequest } from "../store/mvcc-store.ts";
import type { EtcdMembers } from "./etcd-members.ts";
import { etcdMethods } from "./etcd-methods.ts";
import { EtcdWatch, type WatchHost } from "./etcd-watch.ts";
import type { EtcdWire } from "./etcd-wire.ts";
import type { HeadGuard } from "./head-guard.ts";
import { concerns, type TxnWrites } from "./txn-writes.ts";

const refusedPauseMs = 500;

/** What the watches of a store stand on. */
export interface EtcdWatchesDependencies {
  readonly wire: EtcdWire;
  readonly guard: HeadGuard;
  readonly members: EtcdMembers;
  /** After it has aborted nothing is opened any more. */
  readonly closing: AbortSignal;
  readonly readHead: () => Promise<Revision>;
  /** The cluster is another one. */
  readonly onLost: (error: RevisionsLostError) => void;
}

/** The watches of one process. */
export class EtcdWatches implements WatchHost {
  readonly wire: EtcdWire;
  readonly guard: HeadGuard;
  readonly #deps: EtcdWatchesDependencies;
  readonly #all = new Set<EtcdWatch>();
  readonly #asking = new Set<EtcdWatch>();
  /** While a stream broke, and no member has answered since. */
  #recovering: Promise<void> | undefined;

  constructor(deps: EtcdWatchesDependencies) {
    this.#deps = deps;
    this.wire = deps.wire;
    this.guard = deps.guard;
  }

  open(request: WatchRequest, listener: WatchListener): Watch {
    const watch = new EtcdWatch(request, listener, this);
    this.#all.add(watch);
    return watch;
  }

  /** Resolves once the watches that a write concerns have been handed it. */
  async settle(writes: TxnWrites, revision: Revision): Promise<void> {
    const waits: Promise<void>[] = [];
    for (const watch of this.#all) {
      if (!concerns(writes, watch.span, watch.request)) continue;
      const wait = watch.passed(revision);
      if (wait) waits.push(wait);
    }
    if (waits.length > 0) await Promise.all(waits);
  }

  /** The head was found; `call` is the number of the call that did, or 0. */
  headFound(revision: Revision, call: number): void {
    if (this.#asking.size === 0) return;
    for (const watch of [...this.#asking]) watch.headFound(revision, call);
  }

  /** Ends all, with what broke. */
  end(error: Error): void {
    for (const watch of [...this.#all]) watch.end(error);
  }

  ready(): Promise<void> | undefined {
    return this.#recovering;
  }

  doubt(isToken: boolean): void {
    if (isToken) this.#deps.members.forgetToken();
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
    });
    this.#recovering.catch(() => {});
  }

  openStream():
    | ClientCall<WireWatch, WatchResponse>
    | Promise<ClientCall<WireWatch, WatchResponse>> {
    return this.#deps.members.openStream(etcdMethods.watch);
  }

  readHead(): Promise<Revision> {
    return this.#deps.readHead();
  }

  checkCluster(clusterId: bigint): void {
    try {
      this.guard.checkCluster(clusterId);
    } catch (error) {
      if (error instanceof RevisionsLostError) this.#deps.onLost(error);
      throw error;
    }
  }

  asks(watch: EtcdWatch, isAsking: boolean): void {
    if (isAsking) this.#asking.add(watch);
    else this.#asking.delete(watch);
  }

  ended(watch: EtcdWatch): void {
    this.#all.delete(watch);
    this.#asking.delete(watch);
  }

  /**
   * Before a watch goes on, a linearizable read finds a member that answers, and a cluster that went
   * back: there a watch would wait in silence until its revision comes again.
   */
  async #recover(): Promise<void> {
    const { closing } = this.#deps;
    for (;;) {
      try {
        await this.#deps.readHead();
        return;
      } catch (error) {
        if (closing.aborted || error instanceof RevisionsLostError) throw error;
        // Being refused takes no time.
        await sleep(refusedPauseMs, undefined, { signal: closing });
      }
    }
  }
}
