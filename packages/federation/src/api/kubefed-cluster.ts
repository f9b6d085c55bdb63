import type { KubernetesObject } from "@cellplane/apimachinery";
import type { MemberClientSpec } from "./kubefed-config.ts";

/** A condition of a KubeFedCluster. Times are RFC 3339. */
export type ClusterCondition = {
  readonly type: string;
  readonly status: string;
  readonly lastProbeTime: string;
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
};

/** `spec` of a KubeFedCluster (reference §1.1). */
export type KubeFedClusterSpec = {
  readonly apiEndpoint: string;
  /** PEM bundle, base64. */
  readonly caBundle?: string;
  readonly secretRef: { readonly name: string };
  readonly disabledTLSValidations?: readonly string[];
  readonly proxyURL?: string;
  /** How the API server is reached: by its address, or through the agent in the cluster. Direct unless given. */
  readonly connection?: "Direct" | "Tunnel";
  /** Requests to this member, where it gets others than KubeFedConfig says. */
  readonly memberClient?: MemberClientSpec;
};

/** `status` of a KubeFedCluster. */
export type KubeFedClusterStatus = {
  readonly conditions?: readonly ClusterCondition[];
  readonly kubernetesVersion?: string;
  readonly zones?: readonly string[];
  readonly region?: string;
};

/** A member cluster, or (dotted name) a cell of one: `core.kubefed.io/v1beta1`. */
export interface KubeFedCluster extends KubernetesObject {
  readonly spec: KubeFedClusterSpec;
  readonly status?: KubeFedClusterStatus;
}

/** Whether the last probes found the cluster healthy. */
export function isClusterReady(cluster: KubeFedCluster): boolean {
  const conditions = cluster.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
