import { checkRange, checkTxn } from "../store/check-txn.ts";
import { Committer } from "../store/committer.ts";
import { checkReadable, type DecidedOperation, type DecidedTxn } from "../store/decide-txn.ts";
import { KeyIndex } from "../store/key-index.ts";
import {
  CompactedError,
  FutureRevisionError,
  NoSpaceError,
  UnavailableError,
} from "../store/kv-error.ts";
import type { KeySpan } from "../store/key-text.ts";
import { LeaseBook } from "../store/lease-book.ts";
import type {
  LeaseStore,
  MvccStore,
  RangeRequest,
  RangeResult,
  Revision,
  StoreStatus,
  TxnRequest,
  TxnResult,
  Watch,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";
import { selectAt, type HistorySource } from "../store/read-at.ts";
import { LeaseKeys } from "../store/lease-keys.ts";
import type {
  LeaseRows,
  LogChange,
  RevisionLog,
  SharedHead,
  SharedLeases,
} from "../store/revision-log.ts";
import { RowValues } from "../store/row-values.ts";
import { selectLive } from "../store/select-range.ts";
import { historicReads, rowsToTell, tellRange, tellTxn } from "../store/tell-txn.ts";
import type { RingLimits } from "./change-ring.ts";
import { CompactedRemover } from "./compacted-remover.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { processClock, type LeaseClock } from "./lease-terms.ts";
import { LogFollower, type FollowerHost } from "./log-follower.ts";
import { SerialWork } from "./serial-work.ts";
import { SharedLeaseKeeper } from "./shared-lease-keeper.ts";
import { WatchHub } from "./watch-hub.ts";

/** Settings of the engine; each has a default. */
export interface EngineOptions {
  /** How much of the newest history stays in memory. Default: 50,000 changes and 64 MiB. */
  readonly ring?: RingLimits;
  /** Bytes beyond which puts are refused with `NoSpaceError`; reads and deletes go on. Default: none. */
  readonly quotaBytes?: number;
  /** Most compares, or operations of a branch, in one transaction. Default: 128, as in etcd. */
  readonly maxTxnOperations?: number;
  /** By what leases are measured; the clock of the process, or that of the database, unless given. */
  readonly leaseClock?: LeaseClock;
}

const defaultRing: RingLimits = { maxChanges: 50_000, maxBytes: 64 * 1024 * 1024 };

/** Opens the MVCC store over a log. Takes the log over: closing the store closes it. */
export async function openLogMvccStore(
  log: RevisionLog,
  options: EngineOptions = {},
): Promise<MvccStore> {
  return new LogMvccStore(log, await indexOf(log.liveKeys()), options);
}

async function indexOf(pages: ReturnType<RevisionLog["liveKeys"]>): Promise<KeyIndex> {
  const index = new KeyIndex();
  for await (const rows of pages) for (const row of rows) index.apply(row);
  return index;
}

/** The MVCC store over a revision log: etcd's semantics on an index of live keys, a committer and a hub. */
class LogMvccStore implements MvccStore {
  readonly #log: RevisionLog;
  readonly #index: KeyIndex;
  readonly #hub: WatchHub;
  readonly #committer: Committer;
  readonly #source: HistorySource;
  readonly #book: LeaseBook | undefined;
  /** The keys of leases, where the log keeps those. */
  readonly #leaseKeys: LeaseKeys | undefined;
  readonly #leases: LeaseKeeper | SharedLeaseKeeper | undefined;
  readonly #quotaBytes: number;
  readonly #maxTxnOperations: number | undefined;
  /** Present where other processes write to the log, too. */
  readonly #follower: LogFollower | undefined;
  readonly #serial = new SerialWork();
  readonly #closing = new AbortController();
  #closed = false;
  #head: Revision;
  #compacted: Revision;
  readonly #remover: CompactedRemover;

  constructor(log: RevisionLog, index: KeyIndex, options: EngineOptions) {
    this.#log = log;
    this.#index = index;
    this.#head = log.head.revision;
    this.#compacted = log.head.compacted;
    this.#hub = new WatchHub(log, {
      head: this.#head,
      compacted: this.#compacted,
      ring: options.ring ?? defaultRing,
    });
    this.#source = { index, log, recent: (from) => this.#hub.recent(from) };
    this.#quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY;
    this.#maxTxnOperations = options.maxTxnOperations;
    const clock = options.leaseClock ?? processClock;
    this.#book = log.leases && new LeaseBook(() => clock.nowMs());
    this.#leaseKeys = log.shared?.leases && leaseKeysOf(index);
    this.#committer = new Committer({
      index,
      log,
      leases: this.#book,
      leaseKeys: this.#leaseKeys,
      quotaBytes: this.#quotaBytes,
      revisions: () => ({ head: this.#head, compacted: this.#compacted }),
      broken: (error) => this.#break(error),
      committed: (changes, head) => this.#committed(changes, head),
      tell: (decided) => this.#tell(decided),
      ...(log.shared ? { exclusively: (work) => this.#serial.run(work) } : {}),
      catchUp: async () => this.#follower?.sync(),
    });
    this.#follower = log.shared && new LogFollower(log.shared, this.#followerHost());
    this.#leases = log.shared?.leases
      ? this.#openSharedLeases(log.shared.leases, clock)
      : log.leases && this.#book && this.#openLeases(log.leases, this.#book, clock);
    this.#remover = new CompactedRemover(() => log.compactStep(), this.#closing.signal);
    // What a process that was killed left behind.
    if (this.#compacted > 0) this.#remover.start();
  }

  get leases(): LeaseStore | undefined {
    return this.#leases;
  }

  async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    this.#checkOpen(signal);
    checkRange(request);
    for (let attempt = 0; ; attempt++) {
      if (this.#follower && (attempt > 0 || !request.serializable)) {
        await this.#follower.sync(signal);
      }
      const result = await this.#tryRange(request, signal);
      if (result) return result;
      // A row went away between the index and the log, so the range is read again as it is now.
      this.#checkOpen(signal);
    }
  }

  async txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    this.#checkOpen(signal);
    checkTxn(request, this.#maxTxnOperations);
    return this.#committer.run(request, signal);
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    this.#checkOpen(undefined);
    checkRange(request);
    return this.#hub.watch(request, listener);
  }

  async compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    this.#checkOpen(signal);
    await this.#follower?.sync(signal);
    if (revision <= this.#compacted) throw new CompactedError(revision, this.#compacted);
    if (revision > this.#head) throw new FutureRevisionError(revision, this.#head);
    await this.#log.raiseCompacted(revision);
    this.#noteCompacted(revision);
    // Only now: whoever misses a row finds that `compacted` has passed what it asked for.
    this.#remover.start();
  }

  async compactPhysically(revision: Revision, signal?: AbortSignal): Promise<void> {
    await this.compact(revision, signal);
    await this.#remover.done(signal);
  }

  headRevision(): Revision | Promise<Revision> {
    if (!this.#follower) return this.#head;
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    return this.#follower.sync().then(() => this.#head);
  }

  status(): Promise<StoreStatus> {
    const inUse = this.#log.sizeBytes();
    const files = this.#log.fileBytes?.();
    return Promise.resolve({
      revision: this.#head,
      compacted: this.#compacted,
      sizeBytes: files ?? inUse,
      ...(files === undefined ? {} : { sizeInUseBytes: inUse }),
      driver: this.#log.driver,
      clusterId: this.#log.head.clusterId,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = new UnavailableError("Cannot use the store as it is closed");
    this.#closing.abort(closed);
    await this.#leases?.close();
    await this.#committer.idle();
    await this.#follower?.close(closed);
    await this.#remover.idle();
    this.#hub.end(new UnavailableError("Cannot watch on as the store is closed"));
    await this.#log[Symbol.asyncDispose]();
  }

  /** Nothing is answered any more from a memory that the disk may contradict. */
  #break(error: Error): void {
    this.#closing.abort(error);
    this.#committer.break(error);
    this.#hub.end(error);
  }

  /** Leases as the log has them, each with its whole time. */
  #openLeases(rows: LeaseRows, book: LeaseBook, clock: LeaseClock): LeaseKeeper {
    for (const row of rows.all()) book.add(row);
    const all = this.#index.list({ start: "", single: false }, 0);
    for (const row of all) if (row.lease !== 0) book.apply(row, undefined);
    return new LeaseKeeper({
      book,
      rows,
      clock,
      run: (request) => this.#committer.run(request, undefined),
      checkOpen: () => this.#checkOpen(undefined),
      checkGrant: () => this.#checkGrant(),
    });
  }

  #openSharedLeases(rows: SharedLeases, clock: LeaseClock): SharedLeaseKeeper {
    return new SharedLeaseKeeper({
      rows,
      clock,
      run: (request) => this.#committer.run(request, undefined),
      checkOpen: () => this.#checkOpen(undefined),
      checkGrant: () => this.#checkGrant(),
    });
  }

  #checkGrant(): void {
    this.#checkOpen(undefined);
    if (this.#log.sizeBytes() <= this.#quotaBytes) return;
    throw new NoSpaceError(
      `Cannot grant a lease as the store is beyond its quota of ${this.#quotaBytes} bytes`,
    );
  }

  #followerHost(): FollowerHost {
    return {
      head: () => this.#head,
      settled: () => this.#serial.idle(),
      apply: (changes) =>
        this.#serial.run(async () => this.#committed(changes, changes.at(-1)?.revision ?? 0)),
      jump: async (snapshot) => {
        const index = await indexOf(snapshot.liveKeys());
        await this.#serial.run(async () => this.#jump(snapshot.head, index));
      },
      raiseCompacted: (compacted) => this.#noteCompacted(compacted),
      broken: (cause) => {
        this.#break(new UnavailableError(cause.message, { cause }));
      },
    };
  }

  /** Becomes a later state of the log at once, without the changes that lead there. */
  #jump({ revision, compacted }: SharedHead, index: KeyIndex): void {
    if (revision <= this.#head) return;
    this.#index.swapWith(index);
    this.#leaseKeys?.replaceWith(leaseKeysOf(this.#index));
    this.#head = revision;
    this.#compacted = Math.max(this.#compacted, compacted);
    const isUntouched = ({ start, single }: KeySpan): boolean => {
      // A key that is in neither, as any of a range, may have come and gone between.
      const before = single ? index.get(start) : undefined;
      return before !== undefined && before.revision === this.#index.get(start)?.revision;
    };
    this.#hub.jump({ head: revision, compacted: this.#compacted }, isUntouched);
  }

  #noteCompacted(compacted: Revision): void {
    if (compacted <= this.#compacted) return;
    this.#compacted = compacted;
    this.#hub.raiseCompacted(compacted);
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    this.#closing.signal.throwIfAborted();
    signal?.throwIfAborted();
  }

  async #tryRange(
    request: RangeRequest,
    signal: AbortSignal | undefined,
  ): Promise<RangeResult | undefined> {
    const revision = request.revision ?? 0;
    const head = this.#head;
    if (revision > 0) checkReadable(revision, { head, compacted: this.#compacted });
    const selection =
      revision > 0 && revision < head
        ? await selectAt({ ...request, revision }, this.#source)
        : selectLive(this.#index, request);
    if (!selection) return undefined;
    const values = new RowValues();
    if (!request.keysOnly) {
      const loaded = values.load(selection.rows, this.#log, signal);
      if (!(loaded instanceof Promise ? await loaded : loaded)) return undefined;
    }
    // Rows that are gone may have made the answer wrong: `compacted` was raised before they went.
    if (revision > 0 && revision < this.#compacted) {
      throw new CompactedError(revision, this.#compacted);
    }
    return { revision: head, ...tellRange({ request, selection }, values) };
  }

  #committed(all: readonly LogChange[], head: Revision): void | Promise<void> {
    // What others committed may come from the follower and from a turn.
    if (head <= this.#head) return;
    const isNew = (all[0]?.revision ?? 0) > this.#head;
    const changes = isNew ? all : all.filter(({ revision }) => revision > this.#head);
    for (const change of changes) {
      const before = this.#index.get(change.key);
      this.#book?.apply(change, before);
      this.#leaseKeys?.apply(change, before);
      this.#index.apply(change);
    }
    this.#head = head;
    return this.#hub.publish(changes, head);
  }

  #tell(decided: DecidedTxn): TxnResult | Promise<TxnResult> {
    const values = new RowValues();
    const historic = historicReads(decided);
    const loaded = values.load(rowsToTell(decided), this.#log);
    if (loaded === true && historic.length === 0) return tellTxn(decided, values, noReads);
    return this.#tellLater(decided, { values, historic, loaded });
  }

  async #tellLater(
    decided: DecidedTxn,
    {
      values,
      historic,
      loaded,
    }: {
      readonly values: RowValues;
      readonly historic: readonly DecidedOperation[];
      readonly loaded: boolean | Promise<boolean>;
    },
  ): Promise<TxnResult> {
    if (!(await loaded)) throw new UnavailableError("Cannot read rows that the log should have");
    const reads = new Map<DecidedOperation, RangeResult>();
    for (const operation of historic) {
      if (operation.kind === "historic") reads.set(operation, await this.range(operation.request));
    }
    return tellTxn(decided, values, reads);
  }
}

function leaseKeysOf(index: KeyIndex): LeaseKeys {
  const keys = new LeaseKeys();
  for (const row of index.list({ start: "", single: false }, 0)) keys.apply(row, undefined);
  return keys;
}

const noReads: ReadonlyMap<DecidedOperation, RangeResult> = new Map();
