import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { PodFacts } from "./read-pods.ts";

/** What is known of a workload's replicas in one member. */
export type MemberReplicas =
  /** The member cannot be asked, or has been lost for too short a time to move its replicas. */
  | { readonly kind: "unknown" }
  /** It has been unreachable for long: what runs there counts no more. */
  | { readonly kind: "lost" }
  | { readonly kind: "absent" }
  | {
      readonly kind: "present";
      /** Replicas that run and are ready. */
      readonly running: number;
      /** How many it can run; absent where nothing says that there is a limit. */
      readonly capacity?: number;
      /** When this is to be looked at again. */
      readonly nextAtMs?: number;
    };

/** Whether all replicas of a workload are ready: then nobody needs to ask for its pods. */
export function isWhollyReady(workload: KubernetesObject): boolean {
  const { wanted, ready } = countsOf(workload);
  return wanted === ready;
}

/** What a workload and, unless it is wholly ready, its pods tell; without pods, what it says itself. */
export function replicasOf(
  workload: KubernetesObject,
  pods: PodFacts | undefined,
): Extract<MemberReplicas, { readonly kind: "present" }> {
  const { wanted, ready } = countsOf(workload);
  if (wanted === ready || !pods) return { kind: "present", running: ready };
  const { unschedulable, nextAtMs } = pods;
  return {
    kind: "present",
    running: pods.ready,
    ...(unschedulable === 0 ? {} : { capacity: Math.max(0, wanted - unschedulable) }),
    ...(nextAtMs === undefined ? {} : { nextAtMs }),
  };
}

function countsOf({ spec, status }: KubernetesObject): {
  readonly wanted: number;
  readonly ready: number;
} {
  const wanted = isJsonObject(spec) ? spec["replicas"] : undefined;
  const ready = isJsonObject(status) ? status["readyReplicas"] : undefined;
  return {
    // Kubernetes' default.
    wanted: typeof wanted === "number" ? wanted : 1,
    ready: typeof ready === "number" ? ready : 0,
  };
}
