import { type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import type { ModelObject, Selection, Spec } from "./model-state.ts";

/** Whether admission refuses an edit while a revision is asked for (§4, rollback). */
export function refusesRollback(before: ModelObject, after: Spec): boolean {
  if (after.revision === undefined) return false;
  const { spec, revisions } = before;
  if (
    spec.revision !== after.revision &&
    !revisions.some((each) => each.number === after.revision)
  ) {
    return true;
  }
  const wasSet = spec.revision !== undefined;
  if (after.mask === undefined) return !(wasSet && spec.mask === undefined);
  return wasSet && spec.mask !== undefined && isWider(after.mask, spec.mask);
}

function isWider(mask: Selection, before: Selection): boolean {
  if ("names" in mask && mask.names.length === 0) return false;
  if (!("names" in mask) || !("names" in before)) {
    return JSON.stringify(mask) !== JSON.stringify(before);
  }
  return mask.names.some((name) => !before.names.includes(name));
}

/** Waits for a request that must be refused, or must not be; `undefined` where it was refused. */
export async function expectRefusal(
  request: Promise<KubernetesObject>,
  isRefused: boolean,
  what: string,
): Promise<KubernetesObject | undefined> {
  try {
    const answer = await request;
    if (!isRefused) return answer;
  } catch (error) {
    if (isRefused && error instanceof StatusError) return undefined;
    throw error;
  }
  throw new Error(`${what} shall be refused, and was not`);
}
