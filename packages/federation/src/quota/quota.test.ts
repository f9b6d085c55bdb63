import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { TenantQuota, TenantQuotaSpec } from "../api/tenant-quota.ts";
import { findExceeded } from "./find-exceeded.ts";
import { quotaStatus } from "./quota-status.ts";
import { countKeysOf, hardLimit, limitsTenant } from "./tenant-quota-keys.ts";

const key = "count/federateddeployments.types.kubefed.io";
const all = "count/federatedobjects";

function quota(hard: TenantQuotaSpec["hard"], workspaceGroup?: string): TenantQuota {
  const group = workspaceGroup === undefined ? {} : { workspaceGroup };
  return { metadata: { name: "bank" }, spec: { tenant: "bank", hard, ...group } };
}

describe("findExceeded()", () => {
  const demand = (used: number) => ({ key, requested: 1, used });

  it("says it as Kubernetes does", () => {
    equal(
      findExceeded(quota({ [key]: "20" }), [demand(20)]),
      `exceeded quota: bank, requested: ${key}=1, used: ${key}=20, limited: ${key}=20`,
    );
  });

  it("lets the last one in, and whatever no limit is set for", () => {
    equal(findExceeded(quota({ [key]: 20 }), [demand(19)]), undefined);
    equal(findExceeded(quota({ [all]: 1 }), [demand(1000)]), undefined);
    equal(findExceeded(quota({ [key]: "many" }), [demand(1000)]), undefined);
  });

  it("names all that is exceeded, and nothing else", () => {
    const demands = [{ key: all, requested: 1, used: 5 }, demand(2)];
    equal(
      findExceeded(quota({ [key]: 2, [all]: 5, "count/cells.cellplane.io": 0 }), demands),
      `exceeded quota: bank, requested: ${key}=1,${all}=1, used: ${key}=2,${all}=5, limited: ${key}=2,${all}=5`,
    );
  });
});

describe("limitsTenant()", () => {
  it("goes by tenant and, where one is named, by workspace group", () => {
    const prod = { tenant: "bank", workspaceGroup: "prod" };
    equal(limitsTenant(quota({}), prod), true);
    equal(limitsTenant(quota({}, "prod"), prod), true);
    equal(limitsTenant(quota({}, "test"), prod), false);
    equal(limitsTenant(quota({}), { tenant: "other", workspaceGroup: "prod" }), false);
    equal(limitsTenant(quota({}), { tenant: "", workspaceGroup: "" }), false);
  });
});

describe("countKeysOf()", () => {
  it("counts federated objects twice: by kind, and together", () => {
    deepEqual(countKeysOf("federatedjobs.types.kubefed.io", "federated"), [
      "count/federatedjobs.types.kubefed.io",
      all,
    ]);
    deepEqual(countKeysOf("cells.cellplane.io", "other"), ["count/cells.cellplane.io"]);
  });
});

describe("quotaStatus()", () => {
  it("tells limits and use, and is the quota's own where nothing differs", () => {
    const limited = quota({ [key]: 3, "members-per-object": 2 });
    const status = quotaStatus(limited, () => 1);
    deepEqual(status, { hard: { [key]: "3", "members-per-object": "2" }, used: { [key]: "1" } });
    equal(
      quotaStatus({ ...limited, status }, () => 1),
      status,
    );
    equal(hardLimit(limited, "members-per-object"), 2);
  });
});
