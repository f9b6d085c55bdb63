import type { TenantQuota } from "../api/tenant-quota.ts";
import type { Tenant } from "../placement/tenant-scope.ts";

/** Federated objects of every kind together. */
export const federatedObjectsKey = "count/federatedobjects";
/** Members that one federated object may be placed in. */
export const membersPerObjectKey = "members-per-object";

/** Whether a quota limits a tenant; `undefined` as the group of a quota is every group. */
export function limitsTenant({ spec }: TenantQuota, { tenant, workspaceGroup }: Tenant): boolean {
  if (tenant === "" || spec.tenant !== tenant) return false;
  return spec.workspaceGroup === undefined || spec.workspaceGroup === workspaceGroup;
}

/** What one more object of a resource (`cells.cellplane.io`) counts towards. */
export function countKeysOf(resource: string, kind: "federated" | "other"): readonly string[] {
  const own = `count/${resource}`;
  return kind === "federated" ? [own, federatedObjectsKey] : [own];
}

/** The limit that a quota sets; `undefined` where it sets none, or no whole number. */
export function hardLimit({ spec }: TenantQuota, key: string): number | undefined {
  const value = Object.hasOwn(spec.hard, key) ? spec.hard[key] : undefined;
  const text = String(value ?? "");
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
