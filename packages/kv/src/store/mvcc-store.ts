/**
 * One committed transaction that changed something. 1 is the empty store; revisions are gapless.
 * A safe integer, not a bigint: 2⁵³ revisions are 28,000 years at 10,000 a second
 * (`docs/decisions/0002-revision-is-a-number.md`).
 */
export type Revision = number;

/** A key: raw bytes, ordered bytewise, 1 to 1,024 of them. */
export type Key = Buffer;

/** A live key at one revision, as etcd's `mvccpb.KeyValue`. */
export interface KeyValue {
  readonly key: Key;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Number of writes since the key was created, from 1. */
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

/** One key (`end` absent), or all keys in [key, end). An `end` of one zero byte means "to the last key". */
export interface KeyRange {
  readonly key: Key;
  readonly end?: Key;
}

/** What to read. */
export interface RangeRequest extends KeyRange {
  /** At most so many; 0 or absent: all. */
  readonly limit?: number;
  /** Absent or 0: the head. */
  readonly revision?: Revision;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  /** May be answered from what this process has seen; the answer's revision says how far that was. */
  readonly serializable?: boolean;
  readonly minModRevision?: Revision;
  readonly maxModRevision?: Revision;
  readonly minCreateRevision?: Revision;
  readonly maxCreateRevision?: Revision;
}

/** What was read. */
export interface RangeResult {
  /** The head when it was read, also for a read of an older revision. */
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  /** Keys in the range, whatever the limit. */
  readonly count: number;
  /** Whether the limit cut the answer. */
  readonly more: boolean;
}

/** A condition over one key, or over every key of a range. A missing key has revision, version and lease 0. */
export interface Compare extends KeyRange {
  readonly target: "version" | "create" | "mod" | "lease" | "value";
  readonly result: "equal" | "notEqual" | "greater" | "less";
  readonly operand: number | Buffer;
}

/** One operation of a transaction. */
export type Operation =
  | ({ readonly kind: "range" } & RangeRequest)
  | {
      readonly kind: "put";
      readonly key: Key;
      readonly value: Buffer;
      readonly lease?: number;
      readonly previous?: boolean;
      /** Keep the value (lease) that the key has; `KeyNotFound` where it has none. */
      readonly ignoreValue?: boolean;
      readonly ignoreLease?: boolean;
    }
  | ({ readonly kind: "delete"; readonly previous?: boolean } & KeyRange)
  | ({ readonly kind: "txn" } & TxnRequest);

/** If all of `compare` hold then `success`, else `failure`; atomically. */
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

/** What one operation did. */
export type OperationResult =
  | ({ readonly kind: "range" } & RangeResult)
  | { readonly kind: "put"; readonly previous?: KeyValue }
  | { readonly kind: "delete"; readonly deleted: number; readonly previous: readonly KeyValue[] }
  | ({ readonly kind: "txn" } & TxnResult);

/** What a transaction did. A lost compare is an outcome: its `failure` operations tell the current state. */
export interface TxnResult {
  readonly succeeded: boolean;
  /** The transaction's own revision where it changed something, else the head. */
  readonly revision: Revision;
  readonly results: readonly OperationResult[];
}

/** One change of one key. A delete has an empty value and the delete's revision as `modRevision`. */
export interface WatchEvent {
  readonly kind: "put" | "delete";
  readonly kv: KeyValue;
  /** The key before the change; always there where the request asked and the key existed. */
  readonly previous?: KeyValue;
}

/** Which changes to watch. */
export interface WatchRequest extends KeyRange {
  /** The first revision wanted; absent or 0: changes after now. */
  readonly startRevision?: Revision;
  readonly previous?: boolean;
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
}

/** All changes of one or more whole revisions, in order. `revision` is the last of them. */
export interface WatchBatch {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
}

/** Who watches. Called synchronously, in revision order; a batch comes before the outcome of the write that made it. */
export interface WatchListener {
  onBatch(batch: WatchBatch): void;
  /** Everything up to `revision` has been handed over, though nothing of the range changed. */
  onProgress?(revision: Revision): void;
  /** Once, last. `error` is `CompactedError` or what broke; absent after `close()`. */
  onEnd(error?: Error): void;
}

/** An open watch. */
export interface Watch {
  /** Asks for `onProgress` as soon as everything up to the present head has been handed over. */
  requestProgress(): void;
  /** Stops deliveries; what comes meanwhile is not queued but read again from the log on `resume()`. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A lease: the keys put with it go when it ends. */
export interface Lease {
  /** A positive safe integer. */
  readonly id: number;
  /** As granted: at least `minLeaseSeconds`. */
  readonly ttlSeconds: number;
}

/** A lease as it stands. */
export interface LeaseState extends Lease {
  /** Whole seconds that it still has; 0 once it is due. */
  readonly remainingSeconds: number;
  /** The keys attached to it, in order. */
  readonly keys: readonly Key[];
}

/**
 * Leases, as in etcd: a put names one, and all keys of a lease that ends are deleted as one
 * revision. A lease never ends early; after a restart it has its whole time again.
 */
export interface LeaseStore {
  /**
   * Makes a lease; id 0 has the store choose one.
   * @throws {InvalidRequestError} `leaseExists`, or `leaseTooLong`.
   * @throws {NoSpaceError | UnavailableError}
   */
  grant(wanted: Lease): Promise<Lease>;
  /**
   * Ends a lease: its keys go in key order, as one revision, or none if it has none.
   * @throws {InvalidRequestError} `leaseNotFound`.
   */
  revoke(id: number): Promise<Revision>;
  /** Gives a lease its whole time again; `undefined` if there is none, or none any more. */
  keepAlive(id: number): Promise<Lease | undefined>;
  timeToLive(id: number): Promise<LeaseState | undefined>;
  /** Those that end first come first. */
  list(): Promise<readonly Lease[]>;
}

/** What the store says of itself. */
export interface StoreStatus {
  readonly revision: Revision;
  /** History at or below this is gone; reads of exactly this revision still work. */
  readonly compacted: Revision;
  readonly sizeBytes: number;
  /** Bytes that hold something, where they are told apart from those that are free within the files. */
  readonly sizeInUseBytes?: number;
  readonly driver: string;
  /** 16 hex digits; made once per store, kept by backups. */
  readonly clusterId: string;
}

/**
 * A revisioned key-value store with etcd's semantics (`design/store.md` §1–2). Every
 * implementation passes `describeMvccStore()` in `mvcc-store.suite.ts`.
 *
 * Guarantees: one gapless order of revisions; an acknowledged write is durable and was shown to
 * nobody before; transactions and reads are linearizable; watch = history, once and in order.
 *
 * Buffers are shared, not copied: nobody may write to one that was handed in or out.
 */
export interface MvccStore extends AsyncDisposable {
  /** Where the driver has leases; without it a put's lease is a number that the store only keeps. */
  readonly leases?: LeaseStore | undefined;
  /** @throws {CompactedError | FutureRevisionError} */
  range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult>;
  /** @throws {InvalidRequestError | NoSpaceError | OutcomeUnknownError | UnavailableError} */
  txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult>;
  watch(request: WatchRequest, listener: WatchListener): Watch;
  /**
   * Makes history below `revision` unreadable at once; rows go later in bounded steps.
   * @throws {CompactedError | FutureRevisionError}
   */
  compact(revision: Revision, signal?: AbortSignal): Promise<void>;
  /**
   * As `compact`, and waits until the rows are removed, whichever process does it; absent where
   * nobody can tell.
   * @throws {CompactedError | FutureRevisionError | UnavailableError}
   */
  compactPhysically?(revision: Revision, signal?: AbortSignal): Promise<void>;
  /** The head, linearizable; a plain number where this process knows it without asking. */
  headRevision(): Revision | Promise<Revision>;
  status(signal?: AbortSignal): Promise<StoreStatus>;
}
