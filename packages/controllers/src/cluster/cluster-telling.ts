import type { KubeFedCluster } from "@cellplane/federation";
import type { EventRecorder, RecordedEvent } from "../events/event-recorder.ts";
import type { MemberTrouble } from "../members/member-trouble.ts";
import type { FederationMetrics, MemberState } from "../metrics/federation-metrics.ts";
import type { Probe } from "./health-verdict.ts";

/** How a cluster is: what its last probes found, and what is wrong besides. */
export interface ClusterFinding {
  readonly probe: Probe;
  readonly trouble: MemberTrouble | undefined;
}

const component = "kubefedcluster-controller";

/** What to tell of a cluster that is another than before; nothing where it is the same. */
export function clusterEvents(
  before: ClusterFinding | undefined,
  now: ClusterFinding,
): readonly RecordedEvent[] {
  const events: RecordedEvent[] = [];
  const { probe, trouble } = now;
  if (before?.probe.kind !== probe.kind || whyOf(before.probe) !== whyOf(probe)) {
    // That a cluster is well from the start is no news.
    if (probe.kind !== "healthy" || before) events.push(probeEvent(probe));
  }
  if (before?.trouble?.reason !== trouble?.reason && probe.kind === "healthy") {
    const told = trouble ?? { reason: "ClusterRecovered", message: "cluster works as it should" };
    const type = trouble ? "Warning" : "Normal";
    if (trouble || before?.trouble) events.push({ type, ...told, component });
  }
  return events;
}

/** Sets the gauges of one cluster. */
export function gaugeCluster(
  metrics: FederationMetrics,
  cluster: string,
  { probe, trouble }: ClusterFinding,
): void {
  const state = stateOf(probe);
  for (const each of ["ready", "notready", "offline"] as const) {
    metrics.clusterState.set({ state: each, cluster }, each === state ? 1 : 0);
  }
  metrics.memberProblem.remove({ cluster });
  const reason = probe.kind === "healthy" ? trouble?.reason : reasonOf(probe);
  if (reason !== undefined) metrics.memberProblem.set({ cluster, reason }, 1);
}

/** Records events about a joined cluster. */
export function tellOfCluster(
  recorder: EventRecorder,
  cluster: KubeFedCluster,
  events: readonly RecordedEvent[],
): void {
  for (const event of events) recorder.record(cluster, event);
}

function probeEvent(probe: Probe): RecordedEvent {
  if (probe.kind === "healthy") {
    const message = "/healthz responded with ok";
    return { type: "Normal", reason: "ClusterReady", message, component };
  }
  return { type: "Warning", reason: reasonOf(probe), message: probe.message, component };
}

// KubeFed's reasons, but where the credential is at fault.
function reasonOf(probe: Exclude<Probe, { readonly kind: "healthy" }>): string {
  if (probe.kind === "malformed") return "MalformedClusterConfig";
  return whyOf(probe) ?? "RetrievingClusterHealthFailed";
}

function whyOf(probe: Probe): string | undefined {
  return probe.kind === "unhealthy" ? probe.why : undefined;
}

function stateOf(probe: Probe): MemberState {
  if (probe.kind === "healthy") return "ready";
  return probe.kind === "unreachable" ? "offline" : "notready";
}
