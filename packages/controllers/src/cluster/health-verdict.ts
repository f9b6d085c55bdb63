import type { MemberTrouble } from "../members/member-trouble.ts";
import type { ClusterCondition, KubeFedClusterStatus } from "@cellplane/federation";

/** What one probe found. */
export type Probe =
  | { readonly kind: "healthy"; readonly kubernetesVersion: string }
  | {
      readonly kind: "unhealthy";
      readonly message: string;
      /** Where it is the credential's fault. */
      readonly why?: "CredentialRefused" | "CredentialForbidden";
    }
  | { readonly kind: "unreachable"; readonly message: string }
  | { readonly kind: "malformed"; readonly message: string };

/** Probes in a row that said the opposite of what is believed. */
export interface HealthBelief {
  /** Absent before the first probe. */
  readonly accepted?: Probe;
  readonly opposed: number;
}

/** How many probes in a row change the belief. */
export interface HealthThresholds {
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

/**
 * What is believed after a probe. The first probe counts at once; after that it takes as many
 * probes *in a row* as the threshold says (KubeFed counts otherwise; reference §2.14, quirk).
 */
export function judgeProbe(
  belief: HealthBelief,
  probe: Probe,
  thresholds: HealthThresholds,
): HealthBelief {
  const { accepted } = belief;
  const isReady = probe.kind === "healthy";
  if (!accepted || isReady === (accepted.kind === "healthy"))
    return { accepted: probe, opposed: 0 };
  const opposed = belief.opposed + 1;
  const needed = isReady ? thresholds.successThreshold : thresholds.failureThreshold;
  return opposed >= needed ? { accepted: probe, opposed: 0 } : { accepted, opposed };
}

/** The status of a KubeFedCluster with what is believed; conditions and texts are KubeFed's. */
export function renderClusterStatus(
  accepted: Probe,
  before: KubeFedClusterStatus | undefined,
  nowIso: string,
  trouble?: MemberTrouble,
): KubeFedClusterStatus {
  const told = [...conditionsOf(accepted), ...troubleOf(accepted, trouble)];
  const conditions = told.map((condition) => {
    const old = before?.conditions?.find(({ type }) => type === condition.type);
    const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : nowIso;
    return {
      ...condition,
      lastProbeTime: nowIso,
      ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    };
  });
  const version =
    accepted.kind === "healthy" ? accepted.kubernetesVersion : (before?.kubernetesVersion ?? "");
  return { conditions, ...(version === "" ? {} : { kubernetesVersion: version }) };
}

/** Whether two statuses differ in more than the time of the last probe. */
export function isStatusChanged(
  left: KubeFedClusterStatus | undefined,
  right: KubeFedClusterStatus,
): boolean {
  return JSON.stringify(withoutProbeTimes(left)) !== JSON.stringify(withoutProbeTimes(right));
}

function withoutProbeTimes(status: KubeFedClusterStatus | undefined): unknown {
  return {
    version: status?.kubernetesVersion,
    conditions: status?.conditions?.map(({ type, status: value, reason, message }) => ({
      type,
      value,
      reason,
      message,
    })),
  };
}

// KubeFed has no such condition, so it stands there only while there is something to tell.
function troubleOf(accepted: Probe, trouble: MemberTrouble | undefined): readonly Told[] {
  if (accepted.kind !== "healthy" || !trouble) return [];
  return [{ type: "Degraded", status: "True", ...trouble }];
}

type Told = Pick<ClusterCondition, "type" | "status" | "reason" | "message">;

function conditionsOf(probe: Probe): readonly Told[] {
  switch (probe.kind) {
    case "healthy":
      return [ready("True", "ClusterReady", "/healthz responded with ok")];
    case "unhealthy":
      return [
        ready("False", "ClusterNotReady", `/healthz responded without ok${suffix(probe.message)}`),
        {
          type: "Offline",
          status: "False",
          reason: "ClusterReachable",
          message: "cluster is reachable",
        },
      ];
    case "unreachable": {
      const message = `cluster is not reachable${suffix(probe.message)}`;
      return [
        // KubeFed says Offline only; `kubectl wait` and people look at Ready.
        ready("False", "ClusterNotReachable", message),
        { type: "Offline", status: "True", reason: "ClusterNotReachable", message },
      ];
    }
    case "malformed": {
      const message = `cluster's configuration may be malformed${suffix(probe.message)}`;
      return [
        ready("False", "ClusterConfigMalformed", message),
        { type: "ConfigMalformed", status: "True", reason: "ClusterConfigMalformed", message },
      ];
    }
  }
}

function ready(status: "True" | "False", reason: string, message: string): Told {
  return { type: "Ready", status, reason, message };
}

function suffix(message: string): string {
  return message === "" ? "" : `: ${message}`;
}
