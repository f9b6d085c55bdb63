import type { History, Op } from "../record/history.ts";

/** What the clients did with one lease. */
export interface LeaseStory {
  readonly id: number;
  readonly ttlSeconds: number;
  /** When it was granted or kept alive, with success: since then it has its whole time. */
  readonly renewals: readonly Op[];
  /** Those that did end it, or may have. */
  readonly revokes: readonly Op[];
}

/** Reads what was done with each lease. */
export function readLeases({ ops }: History): ReadonlyMap<number, LeaseStory> {
  const ofLeases = ops.flatMap((op) =>
    "lease" in op.request ? [{ op, id: op.request.lease }] : [],
  );
  return new Map(
    Array.from(
      Map.groupBy(ofLeases, ({ id }) => id),
      ([id, some]) => [
        id,
        storyOf(
          id,
          some.map(({ op }) => op),
        ),
      ],
    ),
  );
}

function storyOf(id: number, ops: readonly Op[]): LeaseStory {
  const ttls = ops.map(({ request }) => (request.do === "grant" ? request.ttlSeconds : 0));
  return {
    id,
    ttlSeconds: Math.max(0, ...ttls),
    renewals: ops.filter(
      ({ request, outcome }) =>
        (request.do === "grant" || request.do === "keepAlive") && outcome.is === "done",
    ),
    revokes: ops.filter(
      ({ request, outcome }) =>
        request.do === "revoke" && (outcome.is === "revision" || outcome.is === "unknown"),
    ),
  };
}

/** The time until which a lease surely lives, by the renewals that were called before a time. */
export function livesUntilUs({ ttlSeconds, renewals }: LeaseStory, beforeUs: number): number {
  const called = renewals.map(({ calledUs }) => calledUs).filter((atUs) => atUs < beforeUs);
  return called.length === 0 ? 0 : Math.max(...called) + ttlSeconds * 1e6;
}
