import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { equivalentApis } from "./equivalent-apis.ts";

describe("equivalentApis()", () => {
  const of = (pluralName: string, group: string): readonly string[] =>
    equivalentApis({ pluralName, group, version: "v1", kind: "Any", scope: "Namespaced" });

  it("knows the groups that gave out the same objects", () => {
    deepEqual(of("deployments", "apps"), ["deployments.extensions"]);
    deepEqual(of("ingresses", "extensions"), ["ingresses.networking.k8s.io"]);
  });

  it("takes a resource of the same name in another group for another one", () => {
    deepEqual(of("deployments", "example.com"), []);
    deepEqual(of("widgets", "example.com"), []);
    deepEqual(of("statefulsets", "apps"), []);
  });
});
