import { isJsonEqual } from "@cellplane/apimachinery";
import type { TenantQuota } from "../api/tenant-quota.ts";
import { membersPerObjectKey } from "./tenant-quota-keys.ts";

/** A quota's status; its own where nothing differs. What limits single objects has no use. */
export function quotaStatus(
  quota: TenantQuota,
  count: (key: string) => number,
): NonNullable<TenantQuota["status"]> {
  const { hard } = quota.spec;
  const counted = Object.keys(hard).filter((key) => key !== membersPerObjectKey);
  const used = Object.fromEntries(counted.map((key) => [key, String(count(key))]));
  const next = {
    hard: Object.fromEntries(Object.entries(hard).map(([key, value]) => [key, String(value)])),
    used,
  };
  return quota.status !== undefined && isJsonEqual(next, quota.status) ? quota.status : next;
}
