import { isJsonEqual } from "@cellplane/apimachinery";
import type {
  ReplicaSchedulingPreference,
  ReplicaSchedulingPreferenceStatus,
  SchedulingCondition,
} from "../api/replica-scheduling-preference.ts";
import type { SchedulingDecision } from "./scheduling-view.ts";

/** A preference's status after a decision; its own where nothing but the time differs. */
export function schedulingStatus(
  preference: ReplicaSchedulingPreference,
  decision: Pick<SchedulingDecision, "members" | "status" | "reason" | "message">,
  now: string,
): ReplicaSchedulingPreferenceStatus {
  const { status: previous, metadata } = preference;
  const { members, status, reason, message } = decision;
  const before = previous?.conditions?.find(({ type }) => type === "Scheduled");
  const condition: SchedulingCondition = {
    type: "Scheduled",
    status,
    reason,
    message,
    lastTransitionTime:
      before?.status === status && before.reason === reason ? before.lastTransitionTime : now,
  };
  const next = {
    observedGeneration: metadata.generation ?? 0,
    conditions: [condition],
    clusters: members.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
  };
  return previous !== undefined && isJsonEqual(next, previous) ? previous : next;
}
