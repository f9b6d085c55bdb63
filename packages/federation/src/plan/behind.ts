import type { RenderTarget } from "../template/render-member-object.ts";
import type { Revision } from "./revision.ts";
import type { KnownStanding } from "./standing.ts";
import type { SyncContext } from "./sync-context.ts";

/**
 * How many revisions a topology is from the desired one, counting only those that would change
 * it: 0 exactly where the desired rendering is what stands there. At least 1 otherwise, as a
 * changed cell setting or renderer, too, is a change that has not arrived.
 */
export function computeBehind(
  standing: KnownStanding,
  target: RenderTarget,
  context: SyncContext,
): number {
  const { desired, all } = context.revisions;
  if (desired === undefined) return 0;
  const hashIn = (revision: Revision): string | undefined => {
    const rendering = context.renderer.render(revision, target);
    return rendering.kind === "rendered" ? rendering.hash : undefined;
  };
  if (standing.hash !== undefined && hashIn(desired) === standing.hash) return 0;
  const from = standing.revision ?? findByHash(standing, all, hashIn);
  const [low, high] = from > desired.number ? [desired.number, from] : [from, desired.number];
  let last = from < desired.number ? standing.hash : hashIn(desired);
  let steps = 0;
  for (const revision of all) {
    if (revision.number <= low || revision.number > high) continue;
    const hash = hashIn(revision);
    if (hash !== last) steps += 1;
    last = hash;
  }
  return Math.max(1, steps);
}

function findByHash(
  { hash }: KnownStanding,
  all: readonly Revision[],
  hashIn: (revision: Revision) => string | undefined,
): number {
  if (hash === undefined) return 0;
  return all.findLast((revision) => hashIn(revision) === hash)?.number ?? 0;
}
