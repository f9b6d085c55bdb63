import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { labels } from "../api/names.ts";
import type { TopologyMembers } from "../api/topology-type.ts";
import { parseMemberName } from "../conversion/member-name.ts";
import type { LabelSet } from "./label-selector.ts";

/** Whose something is. Both parts are empty where nobody's: plain KubeFed. */
export interface Tenant {
  readonly tenant: string;
  readonly workspaceGroup: string;
}

/** The tenant of what carries no tenant labels. */
export const noTenant: Tenant = { tenant: "", workspaceGroup: "" };

/** Which clusters one federated object may see at all. */
export interface VisibilityScope {
  readonly over: TopologyMembers;
  /** Of the object; for types over Cells only cells of this namespace are seen. */
  readonly namespace: string;
  readonly tenant: Tenant;
  /** Absent: tenants are not told apart (the gate `TenantIsolation` is off). */
  readonly isolation: "byTenant" | "off";
}

/** The tenant that labels name. */
export function tenantOf(set: LabelSet | undefined): Tenant {
  return {
    tenant: set?.[labels.tenant] ?? "",
    workspaceGroup: set?.[labels.workspaceGroup] ?? "",
  };
}

/** Whether both are the same tenant and workspace group. */
export function isSameTenant(left: Tenant, right: Tenant): boolean {
  return left.tenant === right.tenant && left.workspaceGroup === right.workspaceGroup;
}

/** The cell that a derived cluster stands for; `undefined` for a joined cluster. */
export function cellOfCluster(
  cluster: KubeFedCluster,
): { readonly namespace: string; readonly cell: string } | undefined {
  const cell = parseMemberName(cluster.metadata.name ?? "");
  // A dotted name alone may be a cluster that was joined under KubeFed.
  return cell?.cell === cluster.metadata.labels?.[labels.cell] ? cell : undefined;
}

/** The joined cluster behind a derived one; a joined cluster's own name. */
export function joinedClusterOf(cluster: KubeFedCluster): string {
  const { name = "", labels: set } = cluster.metadata;
  return cellOfCluster(cluster) === undefined ? name : (set?.[labels.cluster] ?? name);
}

/** Whether an object of this scope may see, and so ever touch, the cluster. */
export function isVisible(cluster: KubeFedCluster, scope: VisibilityScope): boolean {
  const cell = cellOfCluster(cluster);
  if (scope.over === "Clusters" ? cell !== undefined : cell?.namespace !== scope.namespace) {
    return false;
  }
  if (scope.isolation === "off") return true;
  return isSameTenant(tenantOf(cluster.metadata.labels), scope.tenant);
}
