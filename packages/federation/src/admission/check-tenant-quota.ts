import { type FieldError, invalid, notSupported, required } from "@cellplane/apimachinery";
import type { TenantQuota } from "../api/tenant-quota.ts";
import { federatedObjectsKey, hardLimit, membersPerObjectKey } from "../quota/tenant-quota-keys.ts";
import { isLabelValue } from "./names.ts";

const countable = /^count\/[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;

/** Judges a TenantQuota; `counted` are the resources (`cells.cellplane.io`) that can be limited. */
export function checkTenantQuota(
  quota: TenantQuota,
  counted: readonly string[],
): readonly FieldError[] {
  const { tenant, hard } = quota.spec;
  const errors: FieldError[] = [];
  if (tenant === "") errors.push(required("spec.tenant"));
  else if (!isLabelValue(tenant)) {
    errors.push(invalid("spec.tenant", tenant, "must be a label value"));
  }
  const known = [
    ...counted.map((resource) => `count/${resource}`),
    federatedObjectsKey,
    membersPerObjectKey,
  ].sort();
  for (const [key, value] of Object.entries(hard)) {
    const field = `spec.hard[${key}]`;
    // A kind may be enabled later, but must look like one.
    const isKey = known.includes(key) || (countable.test(key) && key.includes(".types."));
    if (!isKey) errors.push(notSupported(field, key, known));
    else if (hardLimit(quota, key) === undefined) {
      errors.push(invalid(field, value, "must be a whole number"));
    }
  }
  return errors;
}
