/** What the store may refuse with: a closed set. */
export abstract class KvError extends Error {}

/** The revision asked for is no longer kept. `compacted` is the oldest that can be read. */
export class CompactedError extends KvError {
  override readonly name = "CompactedError";
  readonly requested: number;
  readonly compacted: number;

  constructor(requested: number, compacted: number) {
    super(`Cannot read revision ${requested} as history is kept from ${compacted} on`);
    this.requested = requested;
    this.compacted = compacted;
  }
}

/** The revision asked for has not been written yet. */
export class FutureRevisionError extends KvError {
  override readonly name = "FutureRevisionError";
  readonly requested: number;
  readonly current: number;

  constructor(requested: number, current: number) {
    super(`Cannot read revision ${requested} as the newest is ${current}`);
    this.requested = requested;
    this.current = current;
  }
}

/** Which rule a request breaks, where etcd has a text of its own for it. */
export type InvalidRequestReason =
  | "keyMissing"
  | "keyNotFound"
  | "duplicateKey"
  | "tooManyOperations"
  | "valueProvided"
  | "leaseProvided"
  | "leaseNotFound"
  | "leaseExists"
  | "leaseTooLong"
  | "tooLarge";

/** The request breaks a rule of the store (key length, duplicate key in a transaction, size, …). */
export class InvalidRequestError extends KvError {
  override readonly name = "InvalidRequestError";
  readonly reason: InvalidRequestReason | undefined;

  constructor(message: string, reason?: InvalidRequestReason) {
    super(message);
    this.reason = reason;
  }
}

/** The disk or the quota is full: writes are refused, reads and deletes go on. Nothing was written. */
export class NoSpaceError extends KvError {
  override readonly name = "NoSpaceError";
}

/** The database cannot be reached or refuses. Nothing was written; the caller may try again. */
export class UnavailableError extends KvError {
  override readonly name = "UnavailableError";
}

/** The connection was lost before the answer to the commit: written or not, read to find out. */
export class OutcomeUnknownError extends KvError {
  override readonly name = "OutcomeUnknownError";
}

/**
 * The database has gone back: revisions that were acknowledged or shown are no longer there, or are
 * others. Nothing is served any more until an operator has looked (`design/store.md` §8).
 */
export class RevisionsLostError extends KvError {
  override readonly name = "RevisionsLostError";
  /** The newest revision that was acknowledged or shown. */
  readonly from: number;
  /** Where the database stands. */
  readonly to: number;

  constructor({
    from,
    to,
    why,
  }: {
    readonly from: number;
    readonly to: number;
    readonly why: string;
  }) {
    super(
      `Cannot serve the store as acknowledged writes are gone: revision ${from} was acknowledged, and the database is at ${to} (${why}); bring the right database back, or accept the loss`,
    );
    this.from = from;
    this.to = to;
  }
}

/** That revisions were lost, where that is why something failed. */
export function findLostRevisions(error: unknown): RevisionsLostError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof RevisionsLostError) return each;
  }
  return undefined;
}

/** Another process holds the data directory. */
export class LockedError extends KvError {
  override readonly name = "LockedError";
}
