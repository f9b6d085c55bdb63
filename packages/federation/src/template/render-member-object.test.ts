import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { createAnnotationPolicy } from "./annotation-policy.ts";
import { renderCellNamespace, targetNameOf, targetNamespaceOf } from "./cell-names.ts";
import { overridesHash, templateHash } from "./kubefed-hash.ts";
import { findOverrideFault } from "./overrides.ts";
import {
  createRenderer,
  type RenderContext,
  type Rendering,
  type RenderTarget,
} from "./render-member-object.ts";
import { formatSource, parseSource, sourceOf } from "./source.ts";

const cluster: KubeFedCluster = {
  metadata: { name: "hz-a", labels: { size: "big" } },
  spec: { apiEndpoint: "x", secretRef: { name: "s" } },
};
const cell: Cell = {
  metadata: { name: "rz00a", namespace: "bank" },
  spec: {
    clusterRef: { name: "hz-a" },
    labelPods: true,
    nodeSelector: { "cellplane.io/cell": "rz00a" },
  },
};
const deployment: JsonObject = {
  metadata: {
    labels: { app: "web" },
    annotations: { "lb.io/x": "1", other: "2" },
    finalizers: ["f"],
    resourceVersion: "5",
    namespace: "elsewhere",
    name: "else",
  },
  spec: { replicas: 1, template: { spec: { containers: [{ name: "c", image: "a" }] } } },
  status: { x: 1 },
};

function context(change: Partial<RenderContext> = {}): RenderContext {
  return {
    namespace: "bank",
    name: "web",
    kind: "Deployment",
    scope: "Namespaced",
    policy: createAnnotationPolicy(["lb.io/*"]),
    schedulerOverrides: [],
    ...change,
  };
}

function render(
  overrides: readonly ClusterOverride[] = [],
  target: Partial<RenderTarget> = {},
  change: Partial<RenderContext> = {},
  template: JsonObject = deployment,
): Rendering {
  const whole = { cluster, cell: undefined, apiVersion: "apps/v1", adopted: false, ...target };
  return createRenderer(context(change)).render({ template, overrides }, whole);
}

function rendered(...of: Parameters<typeof render>): Rendering & { readonly kind: "rendered" } {
  const rendering = render(...of);
  if (rendering.kind === "failed") throw new Error(rendering.message);
  return rendering;
}

const patch = (path: string, value?: unknown, op?: string): ClusterOverride => ({
  clusterName: "hz-a",
  clusterOverrides: [
    { path, ...(op ? { op } : {}), ...(value === undefined ? {} : { value: value as string }) },
  ],
});

describe("createRenderer()", () => {
  it("takes the template, minus what is the server's or the member's, and says who it is", () => {
    deepEqual(rendered().object, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: "web",
        namespace: "bank",
        labels: { app: "web", "kubefed.io/managed": "true" },
        annotations: { "lb.io/x": "1" },
      },
      spec: deployment["spec"],
    });
  });

  it("renders an absent template as an object that only is there", () => {
    const renderer = createRenderer(context({ kind: "Namespace", scope: "Cluster" }));
    const content = { template: undefined, overrides: undefined };
    const rendering = renderer.render(content, {
      cluster,
      cell: undefined,
      apiVersion: "v1",
      adopted: false,
    });
    deepEqual(rendering.kind === "rendered" && rendering.object, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "web", labels: { "kubefed.io/managed": "true" } },
    });
  });

  it("applies overrides by name and by selector, an absent op replacing or setting", () => {
    const overrides = [
      patch("/spec/replicas", 3),
      {
        clusterSelector: { matchLabels: { size: "big" } },
        clusterOverrides: [{ path: "/spec/paused", value: true }],
      },
      { clusterName: "hz-b", clusterOverrides: [{ path: "/spec/replicas", value: 9 }] },
    ];
    const { object, overridden } = rendered(overrides);
    deepEqual(
      [(object["spec"] as JsonObject)["replicas"], (object["spec"] as JsonObject)["paused"]],
      [3, true],
    );
    deepEqual(overridden, ["/spec/replicas", "/spec/paused"]);
  });

  it("puts what a scheduler wrote on top", () => {
    const scheduled = { ...patch("/spec/replicas", 7), source: "scheduler" };
    const { object } = rendered(
      [patch("/spec/replicas", 3)],
      {},
      { schedulerOverrides: [scheduled] },
    );
    equal((object["spec"] as JsonObject)["replicas"], 7);
  });

  it("keeps its labels whatever an override does to them, and lets one set annotations", () => {
    const replaced = rendered([patch("/metadata/labels", { a: "b" })]).object.metadata.labels;
    deepEqual(replaced, { a: "b", "kubefed.io/managed": "true" });
    const added = rendered([patch("/metadata/annotations/mine", "1", "add")]).object.metadata;
    deepEqual(added.annotations, { "lb.io/x": "1", mine: "1" });
    equal(
      rendered([patch("/metadata", { name: "evil", namespace: "x" })]).object.metadata.name,
      "web",
    );
  });

  it("fails for every cluster where the list is wrong, and for one where a patch does not apply", () => {
    equal(render([patch("/spec/a"), patch("/spec/b")]).kind, "failed");
    equal(render([patch("/metadata/name", "x")]).kind, "failed");
    equal(render([patch("/spec/nowhere/deep", 1)]).kind, "failed");
    equal(render([patch("/spec/gone", undefined, "remove")]).kind, "failed");
  });

  it("fits an object into its cell", () => {
    const { object } = rendered([], { cell });
    equal(object.metadata.namespace, "bank-rz00a");
    equal(object.metadata.labels?.["cellplane.io/cell"], "rz00a");
    deepEqual((object["spec"] as JsonObject)["template"], {
      metadata: { labels: { "cellplane.io/cell": "rz00a" } },
      spec: {
        containers: [{ name: "c", image: "a" }],
        nodeSelector: { "cellplane.io/cell": "rz00a" },
      },
    });
  });

  it("gives the pod template of an adopted workload nothing of its own", () => {
    const { object } = rendered([], { cell, adopted: true });
    deepEqual(
      (object["spec"] as JsonObject)["template"],
      (deployment["spec"] as JsonObject)["template"],
    );
  });

  it("reaches the pods of a CronJob", () => {
    const { object } = rendered([], { cell }, { kind: "CronJob" }, { spec: { schedule: "x" } });
    const text = JSON.stringify(object["spec"]);
    match(text, /"jobTemplate":\{"spec":\{"template":\{"metadata":\{"labels"/);
  });

  it("maps the subjects of a RoleBinding that name its own namespace, and nothing else", () => {
    const subjects = [
      { kind: "ServiceAccount", name: "a", namespace: "bank" },
      { kind: "ServiceAccount", name: "b", namespace: "other" },
      { kind: "User", name: "c" },
    ];
    const { object } = rendered([], { cell }, { kind: "RoleBinding" }, { subjects });
    deepEqual(object["subjects"], [
      { ...subjects[0], namespace: "bank-rz00a" },
      subjects[1],
      subjects[2],
    ]);
  });

  it("hashes what it renders, whatever the version and the order of keys", () => {
    const { hash } = rendered();
    equal(rendered([], { apiVersion: "apps/v2" }).hash, hash);
    equal(
      rendered(
        [],
        {},
        {},
        { status: 1, spec: deployment["spec"], metadata: deployment["metadata"] },
      ).hash,
      hash,
    );
    ok(rendered([patch("/spec/replicas", 2)]).hash !== hash);
    ok(rendered([], { cell }).hash !== hash);
  });
});

describe("targetNamespaceOf() and targetNameOf()", () => {
  it("fill in templates, which have defaults", () => {
    equal(targetNamespaceOf(cell), "bank-rz00a");
    equal(targetNameOf(cell, "web"), "web");
    const spec = { ...cell.spec, namespaceTemplate: "{namespace}", nameTemplate: "{name}-{cell}" };
    equal(targetNamespaceOf({ ...cell, spec }), "bank");
    equal(targetNameOf({ ...cell, spec }, "web"), "web-rz00a");
  });

  it("name a namespace that says whose it is", () => {
    const tenant = { tenant: "t", workspaceGroup: "g" };
    const { metadata } = renderCellNamespace(cell, { controlPlaneId: "cp1", tenant });
    equal(metadata.labels?.["cellplane.io/tenant"], "t");
    equal(
      metadata.annotations?.["federation.cellplane.io/source"],
      "cp1/Cell/bank/rz00a/bank.rz00a",
    );
  });
});

describe("findOverrideFault()", () => {
  it("refuses exactly KubeFed's paths, and repetitions", () => {
    for (const path of [
      "/metadata/namespace",
      "/metadata/name",
      "/metadata/generateName",
      "/kind",
    ]) {
      ok(findOverrideFault([patch(path)]));
    }
    for (const path of ["/metadata/name/x", "/metadata", "/apiVersion", "/spec"]) {
      equal(findOverrideFault([patch(path)]), undefined);
    }
    ok(findOverrideFault([patch("/a"), patch("/b")]));
    ok(
      findOverrideFault([{ clusterName: "a", clusterOverrides: [{ path: "/a" }, { path: "/a" }] }]),
    );
    equal(findOverrideFault([{ clusterSelector: {} }, { clusterSelector: {} }]), undefined);
  });
});

describe("KubeFed's hashes", () => {
  it("are those of the reference", () => {
    equal(templateHash({ spec: { foo: null } }), "a5b8d4352d5aed51c51b93900258ccf3");
    equal(templateHash(undefined), "");
    equal(overridesHash({ metadata: {}, spec: {} }), "2979b7538b527abe06492021841caf47");
    equal(overridesHash({ metadata: {} }), "");
  });

  it("do not depend on the order in which keys were written, and tell op, path and value apart", () => {
    const hashOf = (patches: ClusterOverride["clusterOverrides"]) =>
      overridesHash({
        metadata: {},
        spec: { overrides: [{ clusterOverrides: patches ?? [], clusterName: "a" }] },
      });
    equal(
      hashOf([{ path: "/a", value: { x: 1, y: 2 } }]),
      hashOf([{ value: { y: 2, x: 1 }, path: "/a" }]),
    );
    equal(hashOf([{ path: "/a", op: "" }]), hashOf([{ path: "/a" }]));
    ok(hashOf([{ path: "/a", op: "add" }]) !== hashOf([{ path: "/a" }]));
  });
});

describe("source", () => {
  it("is read as it was written, and nothing else is one", () => {
    const object = {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedX",
      metadata: { name: "n" },
    };
    const source = sourceOf(object, { controlPlaneId: "cp", member: "a" });
    deepEqual(parseSource(formatSource(source)), source);
    equal(
      sourceOf({ ...object, apiVersion: "g.io/v1" }, { controlPlaneId: "cp", member: "a" }).kind,
      "FederatedX.g.io",
    );
    for (const text of [undefined, "", "a/b", "a/b/c/d/e/f", "////"])
      equal(parseSource(text), undefined);
  });
});
