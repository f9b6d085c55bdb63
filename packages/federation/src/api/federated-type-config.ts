import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Switch } from "./kubefed-config.ts";

/** A resource as FederatedTypeConfigs name it. An absent group is the core group. */
export type ApiResource = {
  readonly group?: string;
  readonly version: string;
  readonly kind: string;
  readonly pluralName: string;
  readonly scope: "Cluster" | "Namespaced";
};

/** `spec` of a FederatedTypeConfig (reference §1.3), with our additions. */
export type FederatedTypeConfigSpec = {
  readonly targetType: ApiResource;
  readonly federatedType: ApiResource;
  readonly propagation: Switch;
  readonly statusType?: ApiResource;
  readonly statusCollection?: Switch;
  /** Globs of annotation keys that are part of what is propagated. */
  readonly propagatingAnnotations?: readonly string[];
  /** JSON pointers of fields that the member's controllers own. */
  readonly retainedFields?: readonly string[];
  /** Versions of the target that may be written besides `targetType.version`, best first. */
  readonly targetVersions?: readonly string[];
};

/** `status` of a FederatedTypeConfig. */
export type FederatedTypeConfigStatus = {
  readonly observedGeneration: number;
  readonly propagationController: "Running" | "NotRunning";
  readonly statusController?: "Running" | "NotRunning";
};

/** Says that a kind is federated, and how. */
export interface FederatedTypeConfig extends KubernetesObject {
  readonly spec: FederatedTypeConfigSpec;
  readonly status?: FederatedTypeConfigStatus;
}

/** KubeFed's plural of a kind: lower case, `es` after s, x, ch, sh, z and o, `ies` for y. */
export function pluralOfKind(kind: string): string {
  const lower = kind.toLowerCase();
  if (/(s|x|ch|sh|z|o)$/.test(lower)) return `${lower}es`;
  return lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}
