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
import type { DecisionResult } from "./next-ledger.ts";
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
  results: readonly DecisionResult[],
  { now, collects }: { readonly now: string; readonly collects: boolean },
): FederatedStatus {
  const input: StatusInput = {
    topologyType: topologyTypeOf(view.object),
    generation: plan.generation,
    currentRevision: plan.currentRevision,
    desiredRevision: plan.desiredRevision,
    mode: plan.mode,
    reason: plan.reason,
    message: plan.message,
    reports: results.flatMap((each) => reportOf(view, each, collects)),
    blockedBy: plan.blockedBy,
    // A type without `.status` counts as collected.
    remoteStatus: "optional",
    now,
  };
  return aggregateStatus(input, view.object);
}

function reportOf(
  view: SyncView,
  { decision, result }: DecisionResult,
  collects: boolean,
): readonly TopologyReport[] {
  if (!decision.reported && result.kind !== "failed") return [];
  // What is out of placement and gone is done with.
  if (result.kind === "removed" && !decision.inPlacement) return [];
  const { member, topology, cluster, inPlacement, behind, drifted } = decision;
  const unwritten = result.kind === "failed" || result.kind === "stale";
  const revision = unwritten ? view.ledger.entries.get(member)?.revision : decision.revision;
  const remoteStatus = collects ? remoteStatusOf(view, { decision, result }) : undefined;
  return [
    {
      member,
      topology,
      inPlacement,
      behind,
      drifted,
      status: result.kind === "failed" ? result.status : decision.status,
      message: messageOf({ decision, result }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(revision === undefined ? {} : { revision }),
      ...(remoteStatus === undefined ? {} : { remoteStatus }),
    },
  ];
}

/** Only what is not fine is explained. */
function messageOf({ decision, result }: DecisionResult): string {
  if (result.kind === "failed") return result.message;
  const isPlain = decision.status === "" || decision.status === "WaitingForRemoval";
  return isPlain ? "" : decision.reason;
}

/** The member's `.status`, of what a write answered or else of what the cache last saw. */
function remoteStatusOf(
  view: SyncView,
  { decision, result }: DecisionResult,
): JsonValue | undefined {
  if (result.kind === "written") return result.object["status"] as JsonValue | undefined;
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
