import type { KubernetesObject } from "@cellplane/apimachinery";

/** Whole numbers, by what is counted. */
export type QuotaAmounts = Readonly<Record<string, number | string>>;

/** `spec` of a TenantQuota. */
export type TenantQuotaSpec = {
  readonly tenant: string;
  /** Absent: all workspace groups of the tenant together. */
  readonly workspaceGroup?: string;
  /** `count/RESOURCE.GROUP`, `count/federatedobjects` or `members-per-object`. */
  readonly hard: QuotaAmounts;
};

/** Limits what a tenant may have in the control plane: `cellplane.io/v1alpha1`, cluster-scoped. */
export interface TenantQuota extends KubernetesObject {
  readonly spec: TenantQuotaSpec;
  readonly status?: { readonly hard?: QuotaAmounts; readonly used?: QuotaAmounts };
}
