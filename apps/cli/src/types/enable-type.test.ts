import { doesNotThrow, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { type ApiResource, createTypeConfig, federatedTypeCrd } from "@cellplane/federation";
import { refuseConflicts, type TypeObjects } from "./enable-type.ts";

function typeOf(group: string, plural: string, federatedGroup = "types.kubefed.io"): TypeObjects {
  const kind = plural.replace(/s$/, "");
  const target: ApiResource = {
    ...(group === "" ? {} : { group }),
    version: "v1",
    kind: `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`,
    pluralName: plural,
    scope: "Namespaced",
  };
  const options = { federatedGroup };
  return {
    config: createTypeConfig(target, options),
    crd: federatedTypeCrd({ target, ...options }),
  };
}

describe("refuseConflicts()", () => {
  const check =
    (wanted: TypeObjects, ...existing: readonly TypeObjects[]) =>
    () =>
      refuseConflicts(
        wanted.config,
        wanted.crd,
        existing.map(({ config }) => config),
      );

  it("lets a type be enabled again", () => {
    const type = typeOf("apps", "deployments");
    doesNotThrow(check(type, type, typeOf("", "configmaps")));
  });

  it("refuses a type that is federated as another kind", () => {
    const elsewhere = typeOf("apps", "deployments", "other.example.com");
    throws(
      check(elsewhere, typeOf("apps", "deployments")),
      /federated already, as "federateddeployments\.types\.kubefed\.io" and not as "federateddeployments\.other\.example\.com"/,
    );
  });

  it("refuses what gives out the same objects under another group", () => {
    throws(
      check(typeOf("extensions", "deployments", "old.example.com"), typeOf("apps", "deployments")),
      /the same objects are federated already, as deployments\.apps/,
    );
  });

  it("refuses a federated kind that is another's, and names the way out", () => {
    const other = typeOf("serving.example.com", "services");
    throws(check(other, typeOf("", "services")), /is that of "services"; .*--federated-group/);
    doesNotThrow(
      check(typeOf("serving.example.com", "services", "b.example.com"), typeOf("", "services")),
    );
  });
});
