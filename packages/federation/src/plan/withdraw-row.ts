import {
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  parseJson,
} from "@cellplane/apimachinery";
import { annotations, kubefed } from "../api/names.ts";
import { decisionOf, type MemberFacts } from "./member-facts.ts";
import type { SyncContext } from "./sync-context.ts";
import type { SyncOperation, TopologyDecision } from "./sync-plan.ts";

/** Out of placement, and ours: deleted inside the mask, left where it is outside. */
export function withdrawRow(
  facts: MemberFacts,
  live: KubernetesObject,
  context: SyncContext,
): TopologyDecision {
  if (!facts.inMask) {
    const reason = "out of placement, but not in the mask";
    return decisionOf(facts, { status: "PendingRemoval", reported: true, reason });
  }
  return removeDecision(facts, { live, why: "out of placement" }, context);
}

/** Removes a member object of ours, or says what has to go first. */
export function removeDecision(
  facts: MemberFacts,
  { live, why }: { readonly live: KubernetesObject; readonly why: string },
  { view }: SyncContext,
): TopologyDecision {
  const waiting = { status: "WaitingForRemoval", reported: true } as const;
  const { dependents = [] } = facts.member;
  if (dependents.length > 0) {
    const names = dependents.slice(0, 5).join(", ");
    const more = dependents.length > 5 ? ` and ${dependents.length - 5} more` : "";
    return decisionOf(facts, { ...waiting, reason: `${why}; waits for ${names}${more}` });
  }
  if (view.hostNamespaceUid !== undefined && live.metadata.uid === view.hostNamespaceUid) {
    const operation = releaseOperation(live);
    return decisionOf(facts, {
      operation,
      reason: `${why}; the control plane's own namespace stays`,
    });
  }
  const operation = deleteOperation(view.object, live);
  if (operation === undefined) {
    const reason = `the annotation ${kubefed.deleteOptionsAnnotation} is not JSON`;
    return decisionOf(facts, { status: "DeletionFailed", reported: true, reason });
  }
  return decisionOf(facts, { ...waiting, operation, reason: why });
}

/** Takes away what makes a member object ours, and nothing else. */
export function releaseOperation({ metadata }: KubernetesObject): SyncOperation {
  const { resourceVersion } = metadata;
  const ours = [
    annotations.source,
    annotations.uid,
    annotations.generation,
    annotations.revision,
    annotations.hash,
    annotations.adopted,
  ];
  const removed = ours.filter((key) => metadata.annotations?.[key] !== undefined);
  return {
    kind: "release",
    patch: {
      metadata: {
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        labels: { [kubefed.managedLabel]: null },
        ...(removed.length === 0
          ? {}
          : { annotations: Object.fromEntries(removed.map((key) => [key, null])) }),
      },
    },
  };
}

/** A deletion of exactly what was read, with the object's own options. */
function deleteOperation(
  { metadata }: KubernetesObject,
  live: KubernetesObject,
): SyncOperation | undefined {
  const given = parseOptions(metadata.annotations?.[kubefed.deleteOptionsAnnotation]);
  if (given === undefined) return undefined;
  const { uid, resourceVersion } = live.metadata;
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { kind: "delete", options: { ...given, preconditions } };
}

function parseOptions(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return {};
  try {
    const options = parseJson(text);
    return isJsonObject(options) ? options : undefined;
  } catch {
    return undefined;
  }
}
