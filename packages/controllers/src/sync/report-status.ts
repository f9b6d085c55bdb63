import { isStatus, type JsonValue } from "@cellplane/apimachinery";
import {
  aggregateStatus,
  type FederatedObject,
  type FederatedStatus,
  type StatusInput,
  type SyncPlan,
  type SyncView,
  type TopologyReport,
  topologyTypeOf,
} from "@cellplane/federation";
import type { DecisionResult } from "./act.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** Whether remote statuses are collected for a type: unless switched off, they are. */
export function collectsStatus({ typeConfig }: SyncedType, deps: SyncDependencies): boolean {
  return (
    typeConfig.statusCollection !== "Disabled" && deps.settings().gates.RawResourceStatusCollection
  );
}

/** What a reconcile came to, for the status of the federated object. */
export function computeStatus(
  view: SyncView,
  plan: SyncPlan,
  reports: readonly TopologyReport[],
  now: string,
): FederatedStatus {
  const input: StatusInput = {
    topologyType: topologyTypeOf(view.object),
    generation: plan.generation,
    currentRevision: plan.currentRevision,
    desiredRevision: plan.desiredRevision,
    mode: plan.mode,
    reason: plan.reason,
    message: plan.message,
    reports,
    blockedBy: plan.blockedBy,
    // A type without `.status` counts as collected.
    remoteStatus: "optional",
    now,
  };
  return aggregateStatus(input, view.object);
}

/** The member's `.status`, of what a write answered or else of what the cache last saw. */
export function remoteStatusOf(
  view: SyncView,
  { decision, outcome }: DecisionResult,
): JsonValue | undefined {
  if (outcome.kind === "written") return outcome.object["status"] as JsonValue | undefined;
  const observation = view.members.get(decision.member)?.observation;
  if (observation?.kind === "present") return observation.object["status"] as JsonValue | undefined;
  if (observation?.kind === "absent") return undefined;
  // What cannot be read now keeps what was last read.
  const before = view.object.status?.clusters?.find(({ name }) => name === decision.member);
  return before?.remoteStatus;
}

/** Writes a status. Nothing is sent where it is the object's own. Whether it is stored now. */
export async function storeStatus(
  object: FederatedObject,
  status: FederatedStatus,
  { type, deps }: { readonly type: SyncedType; readonly deps: SyncDependencies },
  signal: AbortSignal,
): Promise<boolean> {
  if (status === object.status) return true;
  const { namespace } = object.metadata;
  const path = namespace === undefined ? type.path : { ...type.path, namespace };
  try {
    const stored = await deps.client.update(
      path,
      { ...object, status },
      { subresource: "status" },
      signal,
    );
    type.objects.record(stored);
    return true;
  } catch (error) {
    if (isStatus(error, "NotFound")) return true;
    // A newer state is on its way, and with it this key.
    if (isStatus(error, "Conflict")) return false;
    throw error;
  }
}
