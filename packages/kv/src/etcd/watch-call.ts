import type {
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
  WireEvent,
} from "@cellplane/etcd-api";
import type { ClientCall, GrpcError } from "@cellplane/grpc";
import type { Revision } from "../store/mvcc-store.ts";

/** What a watch at etcd says. */
export interface WatchCallListener {
  /** Whose answer it is; throws where it is not the cluster that it was. */
  checkCluster(clusterId: bigint): void;
  onCreated(): void;
  /** All changes of one or more whole revisions. */
  onEvents(events: readonly WireEvent[]): void;
  /** Everything up to `revision` has been told. */
  onProgress(revision: Revision): void;
  onCompacted(compacted: Revision): void;
  /** Once, last: etcd ended it, for this reason if it gave any, or the stream is lost. */
  onLost(why: { readonly error?: GrpcError | undefined; readonly reason?: string }): void;
}

/** How often progress is asked for until it is told, in milliseconds: etcd does not answer while a watch catches up. */
const askEveryMs = 100;

/**
 * One watch at etcd, on a stream of its own. etcd could carry many on one stream, but progress is told
 * of a whole stream, only when all its watches are in step and have begun: one that catches
 * up, or begins in the future, would keep it from all others. A stream for each costs a few kilobytes,
 * and HTTP/2 holds back each by itself.
 */
export class WatchCall {
  readonly #call: ClientCall<WatchRequest, WatchResponse>;
  readonly #listener: WatchCallListener;
  #isCreated = false;
  #isOver = false;
  #fragments: WireEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isProgressWanted: () => boolean = () => false;

  constructor(
    call: ClientCall<WatchRequest, WatchResponse>,
    create: WatchCreateRequest,
    listener: WatchCallListener,
  ) {
    this.#call = call;
    this.#listener = listener;
    call.send({ request: { kind: "create", value: create } });
    call.consume({
      onMessage: (response) => this.#receive(response),
      onEnd: (error) => this.#lose({ error }),
    });
  }

  /** Asks for progress, again and again, as long as it is wanted. */
  askProgress(isWanted: () => boolean): void {
    this.#isProgressWanted = isWanted;
    if (this.#isCreated && !this.#timer) this.#ask();
  }

  /** Ends it; nothing is told any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#over();
    this.#call.cancel();
  }

  #receive(response: WatchResponse): void {
    if (this.#isOver) return;
    try {
      if (response.header) this.#listener.checkCluster(response.header.clusterId);
    } catch {
      return this.cancel();
    }
    if (response.canceled) return this.#receiveEnd(response);
    if (response.created) {
      this.#isCreated = true;
      this.#listener.onCreated();
      if (!this.#isOver && this.#isProgressWanted()) this.#ask();
      return;
    }
    if (response.events.length > 0) return this.#receiveEvents(response);
    const revision = response.header?.revision ?? 0;
    // Only now is all of it surely told: what comes after belongs to later revisions.
    if (this.#isCreated && revision > 0) this.#listener.onProgress(revision);
  }

  #receiveEvents({ events, fragment }: WatchResponse): void {
    if (fragment || this.#fragments.length > 0) {
      for (const event of events) this.#fragments.push(event);
      if (fragment) return;
      const all = this.#fragments;
      this.#fragments = [];
      return this.#listener.onEvents(all);
    }
    this.#listener.onEvents(events);
  }

  #receiveEnd({ compactRevision, cancelReason }: WatchResponse): void {
    if (compactRevision === 0) return this.#lose({ reason: cancelReason });
    this.cancel();
    this.#listener.onCompacted(compactRevision);
  }

  #lose(why: { readonly error?: GrpcError | undefined; readonly reason?: string }): void {
    if (this.#isOver) return;
    this.cancel();
    this.#listener.onLost(why);
  }

  #ask(): void {
    this.#call.send({ request: { kind: "progress", value: {} } });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isProgressWanted()) this.#ask();
    }, askEveryMs);
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#fragments = [];
  }
}
