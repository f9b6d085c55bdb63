import type { TopologyPreference } from "../api/replica-scheduling-preference.ts";
import { fnv1Hash } from "./fnv1.ts";

/** What replicas are spread by (reference §2.16). Counts are non-negative integers. */
export interface ReplicaView {
  /** `namespace/name`; breaks ties, so that not every object favours the same candidate. */
  readonly key: string;
  readonly totalReplicas: number;
  /** `move`: replicas that run may be moved. `keep`: they stay where they are if they can. */
  readonly running: "move" | "keep";
  /** By candidate; `*` is every other. A candidate with neither gets nothing. */
  readonly preferences: Readonly<Record<string, TopologyPreference>>;
  readonly candidates: readonly string[];
  /** Replicas that run now; absent where the object is not there. */
  readonly current: ReadonlyMap<string, number>;
  /** How many a candidate can run at most; absent where that is not known. */
  readonly capacity: ReadonlyMap<string, number>;
}

/** Where replicas go. What fits nowhere is in neither map. */
export interface ReplicaPlan {
  /** By candidate; their sum never exceeds the total. */
  readonly plan: ReadonlyMap<string, number>;
  /** What a candidate was due beyond its capacity: asked for there, too, should room come up. */
  readonly overflow: ReadonlyMap<string, number>;
}

interface Candidate {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly capacity: number;
  readonly weight: number;
  readonly hash: number;
}

/** What is handed out so far. */
interface Allotment {
  readonly plan: Map<string, number>;
  /** Handed out as it runs there already: counted against later shares. */
  readonly preallocated: Map<string, number>;
  readonly overflow: Map<string, number>;
  remaining: number;
}

/** Spreads replicas over candidates: minimums first, then what runs already, then by weight. */
export function planReplicas(view: ReplicaView): ReplicaPlan {
  const candidates = rank(view);
  const allotment: Allotment = {
    plan: new Map(view.candidates.map((name) => [name, 0])),
    preallocated: new Map(),
    overflow: new Map(),
    remaining: view.totalReplicas,
  };
  giveMinimums(candidates, allotment);
  if (view.running === "keep") keepRunning(candidates, view.current, allotment);
  let active: readonly Candidate[] | undefined = candidates;
  while (active && allotment.remaining > 0) active = shareOut(active, allotment);
  const { plan, overflow, remaining } = allotment;
  return { plan, overflow: view.running === "move" ? overflow : trim(overflow, remaining) };
}

function rank({ preferences, candidates, capacity, key }: ReplicaView): readonly Candidate[] {
  const ranked = candidates.flatMap((name): readonly Candidate[] => {
    const own = Object.hasOwn(preferences, name) ? preferences[name] : preferences["*"];
    if (own === undefined) return [];
    const { minReplicas = 0, maxReplicas = Infinity, weight = 0 } = own;
    const limits = { min: minReplicas, max: maxReplicas, capacity: capacity.get(name) ?? Infinity };
    return [{ name, weight, hash: fnv1Hash(name + key), ...limits }];
  });
  return ranked.sort((a, b) => b.weight - a.weight || a.hash - b.hash);
}

function giveMinimums(candidates: readonly Candidate[], allotment: Allotment): void {
  for (const { name, min, capacity } of candidates) {
    const given = Math.min(min, allotment.remaining, capacity);
    allotment.remaining -= given;
    allotment.plan.set(name, given);
  }
}

function keepRunning(
  candidates: readonly Candidate[],
  current: ReplicaView["current"],
  allotment: Allotment,
): void {
  for (const { name, max, capacity } of candidates) {
    const planned = allotment.plan.get(name) ?? 0;
    const target = Math.min(current.get(name) ?? 0, max, capacity);
    const extra = Math.min(target - planned, allotment.remaining);
    if (extra <= 0) continue;
    allotment.remaining -= extra;
    allotment.preallocated.set(name, extra);
    allotment.plan.set(name, planned + extra);
  }
}

/** One round of shares by weight: those that are not full yet, or nothing where none got any. */
function shareOut(
  candidates: readonly Candidate[],
  allotment: Allotment,
): readonly Candidate[] | undefined {
  const pool = allotment.remaining;
  const weightSum = candidates.reduce((sum, { weight }) => sum + weight, 0);
  if (weightSum === 0) return undefined;
  const active: Candidate[] = [];
  let hasChanged = false;
  for (const candidate of candidates) {
    const share = Math.min(shareOf(pool, candidate.weight, weightSum), allotment.remaining);
    const outcome = give(candidate, share, allotment);
    hasChanged ||= outcome.changed;
    if (!outcome.full) active.push(candidate);
  }
  return hasChanged ? active : undefined;
}

function give(
  { name, max, capacity }: Candidate,
  share: number,
  allotment: Allotment,
): { readonly changed: boolean; readonly full: boolean } {
  const { plan, preallocated, overflow } = allotment;
  const start = plan.get(name) ?? 0;
  const ready = preallocated.get(name) ?? 0;
  const used = Math.min(share, ready);
  preallocated.set(name, ready - used);
  const due = start + share - used;
  const allowed = Math.min(due, max);
  const total = Math.min(allowed, capacity);
  if (allowed > capacity) overflow.set(name, allowed - capacity);
  allotment.remaining -= total - start;
  plan.set(name, total);
  return { changed: used > 0 || total > start, full: total < due };
}

// In integers, for weights may be any of 63 bits: rounding up is what makes rounds end.
function shareOf(pool: number, weight: number, weightSum: number): number {
  const sum = BigInt(weightSum);
  return Number((BigInt(pool) * BigInt(weight) + sum - 1n) / sum);
}

function trim(overflow: ReadonlyMap<string, number>, remaining: number): Map<string, number> {
  const trimmed = Array.from(
    overflow,
    ([name, count]) => [name, Math.min(count, remaining)] as const,
  );
  return new Map(trimmed.filter(([, count]) => count > 0));
}
