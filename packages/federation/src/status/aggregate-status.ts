import { isJsonEqual } from "@cellplane/apimachinery";
import type { ClusterStatus, FederatedObject, FederatedStatus } from "../api/federated-object.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import { computeConditions } from "./conditions.ts";
import { fitStatus } from "./fit-status.ts";
import { isReleased, type StatusInput } from "./status-input.ts";
import type { TopologyReport } from "./topology-report.ts";

/**
 * The status of a federated object, in the cluster view. It is the object's own where nothing but
 * the time differs, so that nobody writes it again.
 */
export function aggregateStatus(input: StatusInput, object: FederatedObject): FederatedStatus {
  const previous = object.status;
  const entries = input.reports
    .map((report) => entryOf(report, input.topologyType))
    .sort(byTopology);
  const draft = fitStatus(object, {
    observedGeneration: input.generation,
    topologyType: input.topologyType,
    currentRevision: input.currentRevision,
    desiredRevision: input.desiredRevision,
    released: formatReleased(input),
    state: stateOf(input),
    clusters: keepClusters(input, previous, entries),
  });
  const conditions = computeConditions(input, {
    previous: previous?.conditions ?? [],
    entriesChanged: !isJsonEqual(draft.clusters, previous?.clusters),
  });
  const next = { ...draft, conditions };
  return previous !== undefined && isJsonEqual(next, previous) ? previous : next;
}

/** `2/4`: topologies at the desired revision, of those in placement. */
export function formatReleased(input: Pick<StatusInput, "reports" | "desiredRevision">): string {
  const placed = input.reports.filter(({ inPlacement }) => inPlacement);
  const released = placed.filter((report) => isReleased(report, input.desiredRevision));
  return `${released.length}/${placed.length}`;
}

// The object's state in one word, worst first.
function stateOf(input: StatusInput): string {
  const { mode, reason, reports, desiredRevision } = input;
  if (mode !== "sync") return "Deleting";
  if (reason !== "") return reason;
  const placed = reports.filter(({ inPlacement }) => inPlacement);
  const held = new Set<string>(["", "Held", "NotReleased", "PendingRemoval", "WaitingForRemoval"]);
  if (reports.some(({ status }) => !held.has(status))) return "Degraded";
  if (placed.some(({ status }) => status === "Held" || status === "NotReleased")) return "Held";
  if (placed.length === 0) return reports.length === 0 ? "Unplaced" : "Removing";
  return placed.every((report) => isReleased(report, desiredRevision)) ? "Released" : "Progressing";
}

// Where no placement could be computed the last known entries still stand.
function keepClusters(
  { reason, mode }: StatusInput,
  previous: FederatedStatus | undefined,
  clusters: readonly ClusterStatus[],
): readonly ClusterStatus[] {
  const failed = reason === "ComputePlacementFailed" || reason === "ClusterRetrievalFailed";
  return mode === "sync" && failed ? (previous?.clusters ?? []) : clusters;
}

function entryOf(report: TopologyReport, type: string): ClusterStatus {
  const { member, topology, cluster, status, message, revision, behind, drifted, remoteStatus } =
    report;
  return {
    name: member,
    ...(type === clusterTopologyType ? {} : { topology }),
    ...(cluster === undefined || type === clusterTopologyType ? {} : { cluster }),
    ...(status === "" ? {} : { status }),
    ...(message === "" ? {} : { message }),
    ...(revision === undefined ? {} : { revision }),
    ...(behind === 0 ? {} : { behind }),
    ...(drifted ? { drifted } : {}),
    ...(remoteStatus === undefined ? {} : { remoteStatus }),
  };
}

function byTopology(left: ClusterStatus, right: ClusterStatus): number {
  const a = `${left.topology ?? left.name}/${left.name}`;
  const b = `${right.topology ?? right.name}/${right.name}`;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
