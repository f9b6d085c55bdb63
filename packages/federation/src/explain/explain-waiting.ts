import type { TopologyStatusName } from "../api/topology-status.ts";
import type { TopologyDecision } from "../plan/sync-plan.ts";
import type { LastWrite } from "./placement-explanation.ts";

const waits: Partial<Readonly<Record<TopologyStatusName, string>>> = {
  Held: "the mask to include it",
  NotReleased: "the mask to include it",
  PendingRemoval: "the mask to include it, then it is deleted there",
  AlreadyExists: "adoption to be enabled, or the member's own object to go",
  AlreadyOwned: "its owner to let go of the member's object",
  ManagedLabelFalse: "the label kubefed.io/managed=false to be taken off the member's object",
  TopologyNotFound:
    "the topology to be known here, or to be taken out of spec.placement, or abandoned",
  FieldConflict: "whatever keeps changing the field to stop (tried again after five minutes)",
  VersionNotServed: "the member to serve a version of the kind that can be written",
  ComputeResourceFailed: "spec.revision to name a kept revision",
  ApplyOverridesFailed: "spec.overrides to be corrected",
};

/** What a topology waits for until it is as it shall be; `null` where it waits for nothing. */
export function explainWaiting(
  { status, operation, reason, cluster = "", topology }: TopologyDecision,
  lastWrite: LastWrite | null,
): string | null {
  const failed = lastWrite?.result === "Failed" || lastWrite?.result === "TimedOut";
  if (operation.kind !== "none" && failed) {
    return `the next attempt to ${operation.kind} it, as the last one failed: ${lastWrite.message}`;
  }
  const where = cluster === "" ? topology : cluster;
  switch (status) {
    case "":
      return operation.kind === "none" ? null : `the ${operation.kind} that is due now`;
    case "ClusterNotReady":
      return `cluster ${JSON.stringify(where)} to be Ready again`;
    case "CachedRetrievalFailed":
      return `the state of cluster ${JSON.stringify(where)} to be read`;
    case "AheadOfControlPlane":
      return "your consent to overwrite what is later: cellplane resume KIND/NAME --accept-older";
    case "WaitingForRemoval":
      return operation.kind === "none"
        ? `the member to let it go (${reason})`
        : "its deletion there";
    default:
      return waits[status] ?? (reason === "" ? null : reason);
  }
}
