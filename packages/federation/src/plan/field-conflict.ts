import type { FieldConflict } from "./sync-view.ts";

/** Repairs of one object in one member, newest last; times in milliseconds. */
export interface RepairHistory {
  /** Of the rendering that was written each time. */
  readonly hash: string;
  /** The field that was found changed last. */
  readonly field: string;
  readonly timesMs: readonly number[];
}

// A person who edits a member by hand is undone each time; a controller that never gives up is not
// argued with for longer than this.
const maxRepairs = 5;
const withinMs = 60_000;
const restMs = 300_000;

/** The history with one more repair. */
export function noteRepair(
  history: RepairHistory | undefined,
  { hash, field, nowMs }: { readonly hash: string; readonly field: string; readonly nowMs: number },
): RepairHistory {
  const before = history?.hash === hash ? history.timesMs : [];
  const timesMs = [...before.filter((time) => nowMs - time < withinMs), nowMs].slice(-maxRepairs);
  return { hash, field, timesMs };
}

/**
 * The conflict that a history amounts to: five repairs within a minute. After five minutes' rest
 * one more attempt is made.
 */
export function conflictOf(
  history: RepairHistory | undefined,
  nowMs: number,
): FieldConflict | undefined {
  if (history === undefined || history.timesMs.length < maxRepairs) return undefined;
  const newest = history.timesMs.at(-1) ?? 0;
  return nowMs - newest < restMs ? { hash: history.hash, field: history.field } : undefined;
}
