import type { WatchRequest as WireWatch, WatchResponse, WireEvent } from "@cellplane/etcd-api";
import { type ClientCall, GrpcError } from "@cellplane/grpc";
import { keySpanOf, type KeySpan } from "../store/key-text.ts";
import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type {
  Revision,
  Watch,
  WatchEvent,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";
import { BatchWaiters, maxBehindMs } from "./batch-waiters.ts";
import { readEtcdFailure } from "./etcd-failure.ts";
import type { EtcdWire } from "./etcd-wire.ts";
import type { HeadGuard } from "./head-guard.ts";
import { ProgressAsks } from "./progress-asks.ts";
import { WatchCall, type WatchCallListener } from "./watch-call.ts";

/** What a watch needs of its store. */
export interface WatchHost {
  readonly wire: EtcdWire;
  readonly guard: HeadGuard;
  /** Resolves as soon as a member answers; `undefined` where none is in doubt. */
  ready(): Promise<void> | undefined;
  /** A stream broke: its member may be gone. */
  doubt(isToken: boolean): void;
  openStream():
    | ClientCall<WireWatch, WatchResponse>
    | Promise<ClientCall<WireWatch, WatchResponse>>;
  readHead(): Promise<Revision>;
  checkCluster(clusterId: bigint): void;
  /** Whether it waits for the head to move. */
  asks(watch: EtcdWatch, isAsking: boolean): void;
  ended(watch: EtcdWatch): void;
}

const retryHeadMs = 500;

/**
 * A watch over etcd's: it goes on over broken streams from the next revision that it has not handed
 * over, and over pauses, in which it drops what comes.
 */
export class EtcdWatch implements Watch, WatchCallListener {
  readonly span: KeySpan;
  readonly request: WatchRequest;
  readonly #listener: WatchListener;
  readonly #host: WatchHost;
  readonly #isEmpty: boolean;
  #next: Revision;
  /** In step with the head from here on: who writes waits for it. */
  #liveFrom: Revision;
  #isLive: boolean;
  /** It began at whatever the head was, and nothing was handed over yet. */
  #isFresh: boolean;
  #isPaused = false;
  #isEnded = false;
  #call: WatchCall | undefined;
  #opening = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #asks = new ProgressAsks();
  readonly #waiters: BatchWaiters = new BatchWaiters(
    () => this.settle(),
    () => this.#giveUp(),
  );

  constructor(request: WatchRequest, listener: WatchListener, host: WatchHost) {
    this.request = request;
    this.span = keySpanOf(request);
    this.#listener = listener;
    this.#host = host;
    const { start, end } = this.span;
    this.#isEmpty = end !== undefined && end <= start;
    this.#liveFrom = host.guard.revision;
    this.#next = request.startRevision || this.#liveFrom + 1;
    this.#isLive = this.#next > this.#liveFrom;
    this.#isFresh = !request.startRevision && !host.ready();
    this.#open();
  }

  requestProgress(): void {
    if (this.#isEnded) return;
    this.#asks.add(this.#host.guard.lastCall);
    this.#host.asks(this, true);
    this.#readHead();
  }

  pause(): void {
    if (this.#isEnded || this.#isPaused) return;
    this.#isPaused = true;
    this.#isFresh = false;
    this.#waiters.release();
  }

  resume(): void {
    if (this.#isEnded || !this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#call) {
      this.#liveFrom = this.#host.guard.revision;
      this.#isLive = this.#next > this.#liveFrom;
      this.#open();
    }
    if (this.#asks.isEmpty) return;
    // What is asked for is what is written now.
    this.#asks.renew(this.#host.guard.lastCall);
    this.#readHead();
  }

  close(): void {
    this.end();
  }

  /** Ends it, with what broke. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#drop();
    clearTimeout(this.#timer);
    this.#waiters.release();
    this.#asks.clear();
    this.#host.ended(this);
    this.#listener.onEnd(error);
  }

  /** Resolves once everything up to `revision` has been handed over; `undefined` where nobody has to wait for it. */
  passed(revision: Revision): Promise<void> | undefined {
    const isDone = this.#next > revision || this.#isEnded || this.#isEmpty;
    if (isDone || !this.#isLive || this.#isPaused) return undefined;
    return this.#waiters.wait(revision);
  }

  /** The head was `revision` while a call was under way; `call` is its number. */
  headFound(revision: Revision, call: number): void {
    this.#asks.headFound(revision, call);
    if (this.#isEmpty) this.#next = Math.max(this.#next, revision + 1);
    this.settle();
  }

  /** Looks at what became possible: a revision was handed over, or the head moved. */
  settle(): void {
    if (this.#isEnded) return;
    if (this.#next > this.#liveFrom) this.#isLive = true;
    this.#waiters.passed(this.#next);
    this.#tellProgress();
    if (this.#isProgressWanted()) this.#call?.askProgress(() => this.#isProgressWanted());
  }

  checkCluster(clusterId: bigint): void {
    this.#host.checkCluster(clusterId);
  }

  onCreated(): void {
    this.#failures = 0;
    this.settle();
  }

  onEvents(wire: readonly WireEvent[]): void {
    // Memory stays bounded: what is missed here is read again from the next revision on.
    if (this.#isPaused) return this.#drop();
    const events: WatchEvent[] = [];
    for (const event of wire) {
      if ((event.kv?.modRevision ?? 0) < this.#next) continue;
      const told = this.#tellEvent(event);
      // etcd leaves out what it has compacted.
      if (!told) return this.#endCompacted(event.kv?.modRevision ?? 0);
      events.push(told);
    }
    const revision = events.at(-1)?.kv.modRevision;
    if (revision === undefined) return;
    this.#next = revision + 1;
    this.#isFresh = false;
    if (this.#tell(() => this.#listener.onBatch({ revision, events })))
      this.#host.guard.show(revision);
    this.settle();
  }

  onProgress(revision: Revision): void {
    if (revision < this.#next) return;
    this.#next = revision + 1;
    this.#isFresh = false;
    this.#host.guard.show(revision);
    this.settle();
  }

  onCompacted(compacted: Revision): void {
    this.#call = undefined;
    // The head that was known at its start was an old one.
    if (this.#isFresh) {
      this.#isFresh = false;
      this.#next = compacted;
      return this.#open();
    }
    this.end(new CompactedError(this.#next, compacted));
  }

  onLost({
    error,
    reason,
  }: {
    readonly error?: GrpcError | undefined;
    readonly reason?: string;
  }): void {
    this.#call = undefined;
    const failure = readEtcdFailure(error ?? new GrpcError("UNAVAILABLE", reason ?? ""));
    if (failure.kind === "refused") return this.end(failure.error);
    if (reason?.includes("permission denied")) {
      return this.end(new UnavailableError(`Cannot watch as etcd refuses: ${reason}`));
    }
    this.#host.doubt(failure.kind === "token");
    const delayMs = this.#failures === 0 ? 0 : Math.min(1000, 25 * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), delayMs);
  }

  #open(): void {
    if (this.#isEmpty) return;
    this.#opening += 1;
    const opening = this.#opening;
    const ready = this.#host.ready();
    if (!ready) return this.#start(opening);
    // Where it never gets ready the store has ended its watches.
    ready.then(
      () => this.#start(opening),
      () => {},
    );
  }

  #start(opening: number): void {
    if (!this.#isWanted(opening)) return;
    try {
      const call = this.#host.openStream();
      if (!(call instanceof Promise)) return this.#begin(call);
      call.then(
        (opened) => (this.#isWanted(opening) ? this.#begin(opened) : opened.cancel()),
        (error: unknown) => this.#lose(opening, error),
      );
    } catch (error) {
      this.#lose(opening, error);
    }
  }

  #isWanted(opening: number): boolean {
    return opening === this.#opening && !this.#isEnded && !this.#isPaused;
  }

  #begin(call: ClientCall<WireWatch, WatchResponse>): void {
    const create = this.#host.wire.planWatch(this.request, this.#next);
    this.#call = new WatchCall(call, create, this);
  }

  #lose(opening: number, error: unknown): void {
    if (!this.#isWanted(opening)) return;
    this.onLost(error instanceof GrpcError ? { error } : { reason: String(error) });
  }

  #drop(): void {
    this.#opening += 1;
    this.#call?.cancel();
    this.#call = undefined;
  }

  #tellEvent({ type, kv, prevKv }: WireEvent): WatchEvent | undefined {
    if (!kv) return undefined;
    const isPut = type === 0;
    if (this.request.previous && !prevKv && !(isPut && kv.createRevision === kv.modRevision)) {
      return undefined;
    }
    const { wire } = this.#host;
    const event = { kind: isPut ? "put" : "delete", kv: wire.tellKeyValue(kv) } as const;
    return prevKv ? { ...event, previous: wire.tellKeyValue(prevKv) } : event;
  }

  #endCompacted(revision: Revision): void {
    this.end(new CompactedError(this.#next, revision));
  }

  /** Tells the listener; one that throws has its watch ended. */
  #tell(what: () => void): boolean {
    try {
      what();
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
    return !this.#isEnded;
  }

  #tellProgress(): void {
    const reached = this.#next - 1;
    // A watch that begins in the future is there once the head is.
    if (this.#isPaused || reached > this.#host.guard.revision) return;
    if (!this.#asks.answer(reached)) return;
    if (this.#asks.isEmpty) this.#host.asks(this, false);
    this.#tell(() => this.#listener.onProgress?.(reached));
  }

  #isProgressWanted(): boolean {
    if (this.#isEnded || this.#isPaused) return false;
    return !this.#isLive || this.#waiters.isOverdue || this.#asks.wants(this.#next);
  }

  /** `headFound` is told the answer. */
  #readHead(): void {
    this.#host.readHead().catch(() => {
      setTimeout(() => {
        if (!this.#isEnded && this.#asks.isHeadMissing) this.#readHead();
      }, retryHeadMs).unref();
    });
  }

  #giveUp(): void {
    const why = `Cannot watch on as etcd does not tell within ${maxBehindMs} ms what was written`;
    this.end(new UnavailableError(why));
  }
}
