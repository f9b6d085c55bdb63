import type { JsonValue, KubernetesObject } from "@cellplane/apimachinery";
import { gatherFacts, liveOf } from "../plan/member-facts.ts";
import { ownershipOf } from "../plan/ownership.ts";
import { renderingOf, standingOf } from "../plan/standing.ts";
import { sourceIn, type SyncContext } from "../plan/sync-context.ts";
import type { TopologyDecision } from "../plan/sync-plan.ts";
import type { MemberView } from "../plan/sync-view.ts";
import { copyField, parseFieldPath, removeField } from "../template/field-path.ts";
import { findUncovered, retainFields } from "../template/retain-fields.ts";
import { isSameQuantity } from "./same-quantity.ts";

/**
 * JSON pointer of a field that the member has otherwise than it was written, though nobody changed
 * it since: something there, such as a webhook, changes it within the write. `null`: none.
 */
export function storedOtherwise(
  member: MemberView,
  decision: TopologyDecision,
  context: SyncContext,
): string | null {
  const isSettled = decision.operation.kind === "none" && !decision.drifted;
  const live = liveOf(member);
  if (!live || !isSettled || !(decision.status === "" || decision.status === "Held")) return null;
  const { hostNamespaceUid } = context.view;
  if (hostNamespaceUid !== undefined && live.metadata.uid === hostNamespaceUid) return null;
  const ownership = ownershipOf(live, sourceIn(context, member));
  if (ownership.kind !== "ours") return null;
  const { inPlacement, inMask } = decision;
  const facts = gatherFacts(member, { inPlacement, inMask, heldPolicy: "Freeze" }, context);
  const { target, entry } = facts;
  if (!target) return null;
  const standing = standingOf({ live, book: ownership.book, entry, target }, context);
  const rendering = renderingOf(standing, target, context);
  if (!rendering) return null;
  return findStoredOtherwise(live, retainFields(rendering, live, context.rules)) ?? null;
}

// Differences that mean nothing are put aside one by one; an object with more of them is let be.
const maxPutAside = 100;

/**
 * JSON pointer of the first field that a member has otherwise than it was written. What servers
 * themselves write differently does not count: quantities, empty values, `stringData`.
 */
export function findStoredOtherwise(
  live: KubernetesObject,
  written: KubernetesObject,
): string | undefined {
  const { stringData: _, ...rest } = written as KubernetesObject & { stringData?: unknown };
  let wanted: KubernetesObject = rest;
  for (let count = 0; count < maxPutAside; count += 1) {
    const pointer = findUncovered(live, wanted);
    if (pointer === undefined) return undefined;
    const path = parseFieldPath(pointer);
    const mine = valueAt(wanted as JsonValue, path);
    const theirs = valueAt(live as JsonValue, path);
    if (!isWrittenDifferently(pointer, mine, theirs)) return pointer;
    wanted = (
      theirs === undefined
        ? removeField(wanted as JsonValue, path)
        : copyField(wanted as JsonValue, live as JsonValue, path)
    ) as KubernetesObject;
  }
  return undefined;
}

function isWrittenDifferently(
  pointer: string,
  mine: JsonValue | undefined,
  theirs: JsonValue | undefined,
): boolean {
  if (theirs === undefined) return mine === "" || mine === 0 || mine === false;
  // Texts that only look like quantities are never written anew.
  return !/^\/(data|metadata)\//.test(pointer) && isSameQuantity(mine, theirs);
}

function valueAt(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, part) => {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, part)) {
      return undefined;
    }
    return (inner as Readonly<Record<string, JsonValue>>)[part];
  }, value);
}
