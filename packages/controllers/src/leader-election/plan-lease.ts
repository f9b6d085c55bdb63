import type { LeaderRecord } from "./leader-record.ts";

/** What a candidate knows. Milliseconds of a clock that never jumps, but for `wallTime`. */
export interface LeaseView {
  readonly identity: string;
  readonly record: LeaderRecord | undefined;
  /** When this candidate first saw the record as it is now. */
  readonly observedAtMs: number;
  readonly nowMs: number;
  /** What is written as the time of day, RFC 3339. */
  readonly wallTime: string;
  readonly leaseDurationMs: number;
}

/** What a candidate does next. */
export type LeasePlan =
  | { readonly kind: "take"; readonly record: LeaderRecord }
  | { readonly kind: "renew"; readonly record: LeaderRecord }
  | { readonly kind: "wait"; readonly holder: string; readonly untilMs: number };

/**
 * Whether to take, renew or wait for the lease: client-go's rule. A lease has ended when its record
 * has not changed for its duration as this candidate saw it, so no two clocks are ever compared.
 */
export function planLease(view: LeaseView): LeasePlan {
  const { identity, record, wallTime } = view;
  const own = {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(view.leaseDurationMs / 1000)),
    renewTime: wallTime,
  };
  if (record?.holderIdentity === identity) {
    const { acquireTime, leaderTransitions } = record;
    return { kind: "renew", record: { ...own, acquireTime, leaderTransitions } };
  }
  if (record && record.holderIdentity !== "") {
    const untilMs = view.observedAtMs + record.leaseDurationSeconds * 1000;
    if (view.nowMs < untilMs) return { kind: "wait", holder: record.holderIdentity, untilMs };
  }
  const leaderTransitions = record ? record.leaderTransitions + 1 : 0;
  return { kind: "take", record: { ...own, acquireTime: wallTime, leaderTransitions } };
}

/** The record that lets the next candidate in at once. */
export function releasedRecord(record: LeaderRecord, wallTime: string): LeaderRecord {
  return { ...record, holderIdentity: "", leaseDurationSeconds: 1, renewTime: wallTime };
}
