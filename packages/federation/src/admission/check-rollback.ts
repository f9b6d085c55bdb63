import {
  type FieldError,
  forbiddenField,
  isJsonEqual,
  type KubernetesObject,
  notFoundField,
} from "@cellplane/apimachinery";
import { annotations } from "../api/names.ts";
import type { FederatedContext, FederatedWrite } from "./federated-context.ts";
import { type Selection, selectionIn, specOf } from "./view-words.ts";

/**
 * Checks `spec.revision`: it must be kept, and while it is set the mask may neither be removed
 * nor widened, for that would take further topologies back.
 */
export function checkRollback(
  { object, old }: FederatedWrite,
  { keptRevisions }: FederatedContext,
): readonly FieldError[] {
  const { revision } = specOf(object);
  if (typeof revision !== "number") return [];
  const before = old && specOf(old)["revision"];
  const errors: FieldError[] = [];
  if (before !== revision && !keptRevisions.has(revision)) {
    errors.push(notFoundField("spec.revision", revision));
  }
  if (object.metadata.annotations?.[annotations.rollbackAll] === "true") return errors;
  const held = before === undefined ? undefined : old;
  return [...errors, ...checkMask(object, held)];
}

/** `old` is absent where no revision was set before: then any mask will do. */
function checkMask(
  object: KubernetesObject,
  old: KubernetesObject | undefined,
): readonly FieldError[] {
  const mask = selectionIn(object, "placementMask");
  const before = old && selectionIn(old, "placementMask");
  const consent = `annotate the object with ${annotations.rollbackAll}: "true" to roll back more`;
  if (mask === undefined) {
    // Without a mask it takes everything back already: nothing is widened.
    if (old !== undefined && before === undefined) return [];
    const detail = `may not be absent while spec.revision is set, as every topology would be rolled back; ${consent}`;
    return [forbiddenField("spec.placementMask", detail)];
  }
  if (before === undefined || !isWider(mask, before)) return [];
  const detail = `may not be widened while spec.revision is set, as further topologies would be rolled back; ${consent}`;
  return [forbiddenField("spec.placementMask", detail)];
}

function isWider(mask: Selection, before: Selection): boolean {
  if (mask.names !== undefined) {
    if (mask.names.length === 0) return false;
    if (before.names === undefined) return true;
    return !new Set(mask.names).isSubsetOf(new Set(before.names));
  }
  if (before.names !== undefined) return mask.selector !== undefined;
  return !isJsonEqual(mask.selector, before.selector) && mask.selector !== undefined;
}
