import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { compareVersions } from "./version-priority.ts";

describe("compareVersions()", () => {
  it("prefers stable, then beta, then alpha versions, high numbers first, other names last", () => {
    const sorted = "v10 v2 v1 v11beta2 v10beta3 v3beta1 v12alpha1 v11alpha2 foo1 foo10".split(" ");
    deepEqual(sorted.toReversed().toSorted(compareVersions), sorted);
  });
});
