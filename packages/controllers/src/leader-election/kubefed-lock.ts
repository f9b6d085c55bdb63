import type { ResourcePath, RestClient } from "@cellplane/client";
import { groups, kubefed, type KubeFedConfig, parseGoDurationMs } from "@cellplane/federation";
import type { LeaseTimings } from "./election.ts";
import { createAnnotationLock, type LeaderLock } from "./leader-lock.ts";

/** The kinds of object that KubeFed's lock may be; `leaderlocks` is ours, for hosts without the others. */
export type LockKind = "configmaps" | "endpoints" | "leaderlocks";

const kinds: Readonly<Record<LockKind, Omit<ResourcePath, "namespace"> & { kind: string }>> = {
  configmaps: { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap" },
  endpoints: { group: "", version: "v1", resource: "endpoints", kind: "Endpoints" },
  leaderlocks: {
    group: groups.cellplane,
    version: "v1alpha1",
    resource: "leaderlocks",
    kind: "LeaderLock",
  },
};

/** KubeFed's own lock, so that its controller and ours never run on one control plane. */
export function createKubeFedLock(
  client: RestClient,
  at: { readonly systemNamespace: string; readonly lockKind: LockKind },
): LeaderLock {
  const { kind, ...path } = kinds[at.lockKind];
  return createAnnotationLock(client, {
    path: { ...path, namespace: at.systemNamespace },
    kind,
    name: kubefed.leaderElectionName,
  });
}

/** The durations that KubeFedConfig sets, or KubeFed's defaults (reference §1.2). */
export function readLeaseTimings(config: KubeFedConfig | undefined): LeaseTimings {
  const { leaseDuration, renewDeadline, retryPeriod } = config?.spec.leaderElect ?? {};
  const read = (text: string | undefined, otherwise: number): number =>
    (text === undefined ? undefined : parseGoDurationMs(text)) ?? otherwise;
  return {
    leaseDurationMs: read(leaseDuration, 15_000),
    renewDeadlineMs: read(renewDeadline, 10_000),
    retryPeriodMs: read(retryPeriod, 5000),
  };
}
