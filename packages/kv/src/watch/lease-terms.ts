import type { RevokeRequest } from "../store/decide-revoke.ts";
import { InvalidRequestError } from "../store/kv-error.ts";
import { maxLeaseSeconds, minLeaseSeconds } from "../store/lease-book.ts";

/** Time, as leases use it: monotonic, and with one alarm. */
export interface LeaseClock {
  nowMs(): number;
  /** Calls `ring` after `ms`, unless what it returns is called before. */
  after(ms: number, ring: () => void): () => void;
}

/** The clock of this process. */
export const processClock: LeaseClock = {
  nowMs: () => performance.now(),
  after: (ms, ring) => {
    const timer = setTimeout(ring, Math.min(ms, 0x7fff_ffff)).unref();
    return () => clearTimeout(timer);
  },
};

/** Leases ended at once: a batch of the committer. */
export const leasesPerStep: number = 64;

/** Pause between two steps, and after one that failed, in milliseconds. */
export const stepPauseMs: number = 100;
export const failedPauseMs: number = 1000;

/**
 * The time that a lease gets which is asked for with so much.
 * @throws {InvalidRequestError}
 */
export function grantedSeconds(ttlSeconds: number): number {
  if (ttlSeconds <= maxLeaseSeconds) return Math.max(ttlSeconds, minLeaseSeconds);
  throw new InvalidRequestError(
    `Cannot grant a lease of more than ${maxLeaseSeconds} seconds: it is ${ttlSeconds}`,
    "leaseTooLong",
  );
}

/** The error for a lease that there is already. */
export function leaseExists(id: number): InvalidRequestError {
  return new InvalidRequestError(`Cannot grant lease ${id} as there is one`, "leaseExists");
}

/** The request that ends a lease. */
export function revokeRequest(revoke: RevokeRequest["revoke"]): RevokeRequest {
  return { compare: [], success: [], failure: [], revoke };
}

/** Throws the first reason for which a lease could not be ended; that somebody has ended it is none. */
export function throwFailure(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of outcomes) {
    if (outcome.status === "rejected" && !isNotFound(outcome.reason)) throw outcome.reason;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof InvalidRequestError && error.reason === "leaseNotFound";
}
