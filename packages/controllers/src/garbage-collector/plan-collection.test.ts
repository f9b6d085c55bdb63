import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { GraphNode } from "./owner-graph.ts";
import { planCollection } from "./plan-collection.ts";

const resource = {
  group: "",
  version: "v1",
  resource: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
  verbs: [],
  shortNames: [],
  singular: "configmap",
  subresources: [],
};

function node(uid: string, owners: readonly string[], more: Partial<GraphNode> = {}): GraphNode {
  return {
    uid,
    resource,
    namespace: "n",
    name: uid,
    owners: owners.map((owner) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: owner,
      uid: owner,
      blockOwnerDeletion: true,
    })),
    finalizers: [],
    isDeleting: false,
    ...more,
  };
}

describe("planCollection()", () => {
  it("leaves an object alone while all its owners live", () => {
    const view = {
      node: node("d", ["a", "b"]),
      owners: ["solid", "solid"] as const,
      dependents: [],
    };
    deepEqual(planCollection(view), { kind: "nothing" });
  });

  it("drops the dead owner and keeps the object while another lives", () => {
    const d = node("d", ["a", "b"]);
    const step = planCollection({ node: d, owners: ["dangling", "solid"], dependents: [] });
    deepEqual(step, { kind: "dropOwners", keep: [d.owners[1]] });
  });

  it("deletes in the background what has no owner left", () => {
    const step = planCollection({ node: node("d", ["a"]), owners: ["dangling"], dependents: [] });
    deepEqual(step, { kind: "delete", policy: "Background" });
  });

  it("deletes in the foreground what itself has dependents, when its owner waits for it", () => {
    const view = {
      node: node("d", ["a"]),
      owners: ["waitingForDependents"] as const,
      dependents: [node("e", ["d"])],
    };
    deepEqual(planCollection(view), { kind: "delete", policy: "Foreground" });
  });

  it("lets a foreground owner wait for the dependents that block, then go", () => {
    const owner = node("a", [], { isDeleting: true, finalizers: ["foregroundDeletion"] });
    const d = node("d", ["a"]);
    deepEqual(planCollection({ node: owner, owners: [], dependents: [d] }), {
      kind: "waitFor",
      dependents: [d],
    });
    deepEqual(planCollection({ node: owner, owners: [], dependents: [] }), {
      kind: "removeFinalizer",
      finalizer: "foregroundDeletion",
    });
  });

  it("frees the dependents of an orphaning owner before it goes", () => {
    const owner = node("a", [], { isDeleting: true, finalizers: ["orphan"] });
    const d = node("d", ["a"]);
    deepEqual(planCollection({ node: owner, owners: [], dependents: [d] }), {
      kind: "orphanDependents",
      dependents: [d],
    });
    deepEqual(planCollection({ node: owner, owners: [], dependents: [] }), {
      kind: "removeFinalizer",
      finalizer: "orphan",
    });
  });
});
