import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { computeMemberRights } from "./member-rights.ts";

const config = (name: string, targetType: object): KubernetesObject => ({
  metadata: { name },
  spec: { targetType: { version: "v1", ...targetType } },
});
const configs = [
  config("configmaps", { pluralName: "configmaps", scope: "Namespaced" }),
  config("namespaces", { pluralName: "namespaces", scope: "Cluster" }),
  config("deployments.apps", { group: "apps", pluralName: "deployments", scope: "Namespaced" }),
];
const resourcesOf = (rules: readonly object[]): unknown =>
  rules.map((rule) => ("resources" in rule ? rule.resources : "documents"));

describe("computeMemberRights()", () => {
  it("gives a control plane of the scope Cluster every federated kind, and namespaces for cells", () => {
    const { cluster, namespace } = computeMemberRights(configs, "Cluster");
    deepEqual(resourcesOf(cluster), [
      ["configmaps", "namespaces"],
      ["deployments"],
      ["pods"],
      "documents",
    ]);
    deepEqual(namespace, []);
  });

  it("gives one of the scope Namespaced kinds in its namespace alone, and nothing else", () => {
    const { cluster, namespace } = computeMemberRights(configs, "Namespaced");
    deepEqual(resourcesOf(cluster), ["documents"]);
    deepEqual(resourcesOf(namespace), [["configmaps"], ["deployments"], ["pods"]]);
  });
});
