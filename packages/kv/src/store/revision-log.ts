import type { KeySpan, KeyText } from "./key-text.ts";
import type { Revision } from "./mvcc-store.ts";

/** A value at once where the driver has it, else later. */
export type MaybePromise<T> = T | Promise<T>;

/** Most changes of one transaction. */
export const maxChanges: number = 2 ** 20;

/** Where a change stands in the log: the transaction's revision, and its place among that transaction's changes. */
export interface LogPosition {
  readonly revision: Revision;
  /** From 0, below `maxChanges`. */
  readonly sub: number;
}

/** One change of one key: a row of the log. */
export interface LogChange extends LogPosition {
  readonly kind: "put" | "delete";
  readonly key: KeyText;
  /** 0 for a delete, as `version` and `lease`. */
  readonly createRevision: Revision;
  readonly version: number;
  readonly lease: number;
  /** Where the key's row before this one stands; 0 where the key was absent. */
  readonly previousRevision: Revision;
  readonly previousSub: number;
  /** Absent: no longer in memory, to be read from the log. Empty for a delete. */
  value: Buffer | undefined;
  /** The row before, while it is in memory. */
  previous: LogChange | undefined;
}

/** What the log says of itself when it is opened. */
export interface LogHead {
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly clusterId: string;
}

/** The right to write the next batch, until `commit` or `abandon`. */
export interface LogTurn {
  /** What other processes committed since the revision that the turn was asked for. */
  readonly foreign: readonly LogChange[];
  /** The leases that were asked for, as they are under the lock; present where the log keeps them itself. */
  readonly leases?: TurnLeases | undefined;
  /**
   * Appends changes, in order and durably, and removes the leases that they end: all or none. The
   * revisions go on from the head; there may be none where only leases end.
   * @throws {NoSpaceError | UnavailableError} Nothing was written.
   * @throws {TurnLostError} Nothing was written, and the lock is gone: decide again in a new turn.
   * @throws {OutcomeUnknownError} Written or not. A log that is not `shared` refuses further turns.
   */
  commit(changes: readonly LogChange[], endedLeases?: ReadonlySet<number>): MaybePromise<void>;
  /** Gives the turn back without a write. */
  abandon(): MaybePromise<void>;
  /**
   * Present where the turn relies on a head that was known before: resolves, instead of `abandon`,
   * when that was the head after the turn had begun, so that what was only read may be told.
   * @throws {HeadMovedError | UnavailableError | RevisionsLostError}
   */
  confirm?(): Promise<void>;
}

/** Which leases a batch is about. */
export interface LeaseNeeds {
  /** Put with: must they be there? */
  readonly named: ReadonlySet<number>;
  /** About to end: nobody may keep them alive meanwhile. */
  readonly ending: ReadonlySet<number>;
}

/** The leases of a batch, as they are while it is decided. */
export interface TurnLeases {
  has(id: number): boolean;
  isDue(id: number): boolean;
}

/** The turn ended before anything was written, as after a deadlock: the same may be tried in a new one. */
export class TurnLostError extends Error {
  override readonly name = "TurnLostError";
}

/** The turn relied on a head that was no longer the head: decide again at once. */
export class HeadMovedError extends TurnLostError {}

/** Others have committed more than may be read under the lock: read on first, then try again. */
export class BehindError extends Error {
  override readonly name = "BehindError";
}

/** Where the head of a shared log stands, and how far history is compacted. */
export interface SharedHead {
  readonly revision: Revision;
  readonly compacted: Revision;
}

/**
 * What a log offers to which several processes write. Both calls find out whether acknowledged
 * revisions are gone (`design/store.md` §8) and fail with `RevisionsLostError` then, for good.
 */
export interface SharedLog {
  /** Reads where the head is at some moment after the call. */
  readHead(): Promise<SharedHead>;
  /**
   * A page of whole revisions after one that was shown, durable by the time they are handed over.
   * @throws {CompactedError} They are no longer all there.
   */
  changesAfter(after: Revision): Promise<ChangesPage>;
  /** Everything live at one head, for whom history is no longer kept: durable by the time it is told. */
  snapshot(): Promise<LogSnapshot>;
  /** Present where the log keeps leases. */
  readonly leases?: SharedLeases;
}

/** The live keys at one head. To be disposed of, read or not. */
export interface LogSnapshot extends AsyncDisposable {
  readonly head: SharedHead;
  /** The newest row of each live key in key order, without values. */
  liveKeys(): AsyncIterable<readonly LogChange[]>;
}

/** A lease as a shared log keeps it. */
export interface SharedLeaseState extends LeaseRow {
  readonly remainingMs: number;
  readonly keys: readonly KeyText[];
}

/** Which leases are due, and when to look again at the latest. */
export interface DueLeases {
  readonly ids: readonly number[];
  /** When the first of the others is due, in milliseconds from now; absent where there is none. */
  readonly nextMs: number | undefined;
}

/**
 * Where a log of several processes keeps leases: their time is that of the log, and every process
 * may look after all of them. Time in which nobody did is not counted.
 *
 * @throws {UnavailableError} from every call.
 */
export interface SharedLeases {
  /** Keeps a lease durably; usable by puts of all processes once it is answered. */
  grant(row: LeaseRow): Promise<"granted" | "exists">;
  /** Gives leases their whole time again, durably; tells those that there are. */
  keepAlive(ids: readonly number[]): Promise<ReadonlyMap<number, LeaseRow>>;
  state(id: number): Promise<SharedLeaseState | undefined>;
  /** Those that end first come first. */
  list(): Promise<readonly LeaseRow[]>;
  /** Notes that somebody looks after the leases, and tells at most `limit` that are due. */
  due(limit: number): Promise<DueLeases>;
}

/** Which changes to read, and how many at most. */
export interface ChangesRequest {
  readonly from: Revision;
  /** The last revision wanted. */
  readonly to: Revision;
  /** A page ends with the revision that reaches one of these; it never splits a revision. */
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** A page of the log: whole revisions, in order. */
export interface ChangesPage {
  readonly changes: readonly LogChange[];
  /** Everything up to here is in this page or before it. */
  readonly through: Revision;
}

/** A lease as the log keeps it. */
export interface LeaseRow {
  readonly id: number;
  readonly ttlSeconds: number;
}

/** Where a log of one process keeps leases; their time is kept in that process's memory. */
export interface LeaseRows {
  /** As they were when the log was opened. */
  all(): readonly LeaseRow[];
  /** Keeps a lease durably. Calls take effect in their order. @throws {NoSpaceError | UnavailableError} */
  put(row: LeaseRow): MaybePromise<void>;
  /** @throws {UnavailableError} */
  remove(id: number): MaybePromise<void>;
}

/** What a step of compaction came to. */
export type CompactStep = "done" | "more" | "busy";

/**
 * The append-only log under the MVCC store: what a storage driver does. It knows keys, revisions
 * and rows, and nothing of etcd's transactions. Every driver proves itself by passing
 * `describeMvccStore()` under `LogMvccStore`.
 *
 * Rows are immutable; a row goes only by compaction, after `raiseCompacted` was acknowledged.
 */
export interface RevisionLog extends AsyncDisposable {
  /** The driver's name for `status`. */
  readonly driver: string;
  /** As the log was when it was opened. */
  readonly head: LogHead;
  /** Present where other processes may write, too. */
  readonly shared?: SharedLog;
  /** Present where the driver can keep leases. */
  readonly leases?: LeaseRows;
  /** Whether changes keep their values for good, so that nobody need drop or read them. */
  readonly keepsValues: boolean;
  /** The newest row of each live key in key order, without values. */
  liveKeys(): AsyncIterable<readonly LogChange[]> | Iterable<readonly LogChange[]>;
  /**
   * Takes the only write lock, and tells what others committed after `after`, and what leases there are.
   * @throws {BehindError} A shared log only.
   */
  begin(after: Revision, leases?: LeaseNeeds): MaybePromise<LogTurn>;
  /** Rows with their values; absent where compaction has removed one. */
  rows(positions: readonly LogPosition[]): MaybePromise<readonly (LogChange | undefined)[]>;
  /** The log in order, with values. */
  changes(request: ChangesRequest): MaybePromise<ChangesPage>;
  /** For each key of the span that changed after `revision`, its first such change, in key order, without value. */
  firstChangesAfter(span: KeySpan, revision: Revision): MaybePromise<readonly LogChange[]>;
  /** Notes durably that history below `revision` may go. */
  raiseCompacted(revision: Revision): MaybePromise<void>;
  /**
   * Removes a bounded number of rows that compaction has made unreachable: `done` when none is left,
   * `busy` while another process does it.
   */
  compactStep(): MaybePromise<CompactStep>;
  /** Bytes in use by rows, as far as known: what a quota goes by. */
  sizeBytes(): number;
  /** Bytes of the files, what is free in them included; absent where nobody knows better than `sizeBytes`. */
  fileBytes?(): number;
}
