import type { TenantQuota } from "../api/tenant-quota.ts";
import { hardLimit } from "./tenant-quota-keys.ts";

/** One amount asked for: how much more, and how much there is. */
export interface QuotaDemand {
  readonly key: string;
  readonly requested: number;
  readonly used: number;
}

/**
 * Why demands exceed a quota, in the words of Kubernetes' ResourceQuota; `undefined` where they do
 * not. Only what is exceeded is named, in the order of its keys.
 */
export function findExceeded(
  quota: TenantQuota,
  demands: readonly QuotaDemand[],
): string | undefined {
  const exceeded = demands
    .flatMap(({ key, requested, used }) => {
      const limited = hardLimit(quota, key);
      const isWithin = limited === undefined || used + requested <= limited;
      return isWithin ? [] : [{ key, requested, used, limited }];
    })
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  if (exceeded.length === 0) return undefined;
  const listed = (of: "requested" | "used" | "limited"): string =>
    exceeded.map((each) => `${each.key}=${each[of]}`).join(",");
  const { name = "" } = quota.metadata;
  return `exceeded quota: ${name}, requested: ${listed("requested")}, used: ${listed("used")}, limited: ${listed("limited")}`;
}
