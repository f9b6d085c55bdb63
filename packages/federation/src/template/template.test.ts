import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { createAnnotationPolicy, ignoredAnnotations, matchesGlob } from "./annotation-policy.ts";
import { renderCellNamespace, targetNameOf, targetNamespaceOf } from "./cell-names.ts";
import { copyField, parseFieldPath, pathsMeet, removeField } from "./field-path.ts";
import { overridesHash, templateHash } from "./kubefed-hash.ts";
import { findOverrideFault } from "./overrides.ts";
import {
  createRenderer,
  type RenderContext,
  type Rendering,
  type RenderTarget,
} from "./render-member-object.ts";
import { covers, ownedContent, retainFields, type RetentionRules } from "./retain-fields.ts";
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

describe("retainFields()", () => {
  const rules = (kind: string, change: Partial<RetentionRules> = {}): RetentionRules => ({
    kind,
    retainReplicas: false,
    retainedFields: [],
    policy: createAnnotationPolicy(["lb.io/*"]),
    ...change,
  });
  const object = (
    spec: JsonObject,
    metadata: KubernetesObject["metadata"] = {},
  ): KubernetesObject => ({
    metadata: { name: "x", ...metadata },
    spec,
  });
  const retain = (
    mine: JsonObject,
    live: JsonObject,
    of: RetentionRules,
    overridden: readonly string[] = [],
  ) => retainFields({ object: object(mine), overridden }, object(live), of)["spec"];

  it("keeps a Service's addresses, and node ports matched after defaulting", () => {
    const live = {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      healthCheckNodePort: 31000,
      ports: [
        { name: "http", protocol: "TCP", port: 80, nodePort: 30080 },
        { name: "dns", protocol: "UDP", port: 53, nodePort: 30053 },
      ],
    };
    const mine = {
      ports: [
        { name: "http", port: 80, nodePort: 1 },
        { name: "dns", port: 53 },
      ],
    };
    deepEqual(retain(mine, live, rules("Service")), {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      healthCheckNodePort: 31000,
      ports: [
        { name: "http", port: 80, nodePort: 30080 },
        { name: "dns", port: 53 },
      ],
    });
    const headless = { clusterIP: "", clusterIPs: [], healthCheckNodePort: 0, ports: [] };
    deepEqual(retain({ ports: [] }, headless, rules("Service")), { ports: [] });
  });

  it("keeps replicas where members own them, unless an override sets them", () => {
    const own = rules("Deployment", { retainReplicas: true });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, own), { replicas: 5 });
    deepEqual(retain({ replicas: 1 }, {}, own), { replicas: 1 });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, own, ["/spec/replicas"]), { replicas: 1 });
    deepEqual(retain({ replicas: 1 }, { replicas: 5 }, rules("Deployment")), { replicas: 1 });
  });

  it("keeps a ServiceAccount's secrets where the template has none", () => {
    const live = { metadata: {}, secrets: [{ name: "t" }] };
    const bare = { metadata: { name: "x" } };
    const sa = rules("ServiceAccount");
    deepEqual(retainFields({ object: bare, overridden: [] }, live, sa)["secrets"], [{ name: "t" }]);
    const mine = { ...bare, secrets: [{ name: "m" }] };
    deepEqual(retainFields({ object: mine, overridden: [] }, live, sa)["secrets"], [{ name: "m" }]);
  });

  it("keeps fields that the type names, in every item of a list by its name", () => {
    const own = rules("X", { retainedFields: ["/spec/hooks/*/caBundle", "/spec/claim"] });
    const live = {
      claim: { a: 1 },
      hooks: [
        { name: "b", caBundle: "B" },
        { name: "a", caBundle: "A" },
      ],
    };
    deepEqual(retain({ hooks: [{ name: "a" }, { name: "b" }, { name: "c" }] }, live, own), {
      claim: { a: 1 },
      hooks: [{ name: "a", caBundle: "A" }, { name: "b", caBundle: "B" }, { name: "c" }],
    });
  });

  it("leaves annotations that are status as they are, and owns those that are spec", () => {
    const live = object(
      {},
      {
        annotations: { "lb.io/old": "1", theirs: "1" },
        resourceVersion: "7",
        uid: "u",
        finalizers: ["f"],
        labels: { gone: "1" },
      },
    );
    const mine = object({}, { annotations: { "lb.io/new": "2" }, labels: { app: "x" } });
    const { metadata } = retainFields(
      { object: mine, overridden: [] },
      { ...live, status: { a: 1 } },
      rules("X"),
    );
    deepEqual(metadata, {
      name: "x",
      labels: { app: "x" },
      annotations: { theirs: "1", "lb.io/new": "2" },
      resourceVersion: "7",
      uid: "u",
      finalizers: ["f"],
    });
  });

  it("never touches status", () => {
    const live = { ...object({}), status: { a: 1 } };
    deepEqual(retainFields({ object: object({}), overridden: [] }, live, rules("X"))["status"], {
      a: 1,
    });
  });
});

describe("ownedContent()", () => {
  const of = (live: KubernetesObject, kind = "Service"): JsonObject =>
    ownedContent(live, {
      kind,
      retainReplicas: true,
      retainedFields: ["/spec/mine"],
      policy: (key) => key === "p",
    });

  it("is blind to what members' controllers write", () => {
    const base = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "x" },
      spec: { ports: [{ port: 1 }] },
    };
    const changed = {
      ...base,
      apiVersion: "v2",
      status: { a: 1 },
      metadata: {
        name: "x",
        resourceVersion: "9",
        annotations: { theirs: "1" },
        managedFields: [],
      },
      spec: { clusterIP: "1", mine: 2, ports: [{ port: 1, nodePort: 3 }] },
    };
    deepEqual(of(changed), of(base));
  });

  it("sees everything else", () => {
    const base = { metadata: { labels: { a: "1" }, annotations: { p: "1" } }, spec: { x: 1 } };
    const changes = [
      { ...base, metadata: { ...base.metadata, labels: {} } },
      { ...base, metadata: { ...base.metadata, annotations: {} } },
      { ...base, spec: { x: 2 } },
      { ...base, data: {} },
    ];
    for (const changed of changes) ok(JSON.stringify(of(changed)) !== JSON.stringify(of(base)));
  });
});

describe("covers()", () => {
  const wanted = { metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1 }] } };

  it("allows what a member adds by default, and nothing that differs", () => {
    ok(
      covers(
        { metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1, y: 2 }], more: 1 } },
        wanted,
      ),
    );
    ok(!covers({ metadata: { labels: { a: "1", b: "2" } }, spec: { list: [{ x: 1 }] } }, wanted));
    ok(!covers({ metadata: { labels: { a: "1" } }, spec: { list: [{ x: 1 }, {}] } }, wanted));
    ok(!covers({ metadata: { labels: { a: "1" } }, spec: { list: [{ x: 2 }] } }, wanted));
  });
});

describe("annotation policy", () => {
  it("matches globs", () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["a*c", "abbc", true],
      ["a*c", "ac", true],
      ["a*c", "ab", false],
      ["a?c", "abc", true],
      ["a?c", "ac", false],
      ["*", "", true],
      ["**a**", "xay", true],
      ["service.beta.kubernetes.io/*", "service.beta.kubernetes.io/aws", true],
      ["", "a", false],
      ["*a*a*a*a*b", "a".repeat(2000), false],
    ];
    for (const [glob, text, expected] of cases) equal(matchesGlob(glob, text), expected, glob);
  });

  it("never lets a template set our own, and names what it ignores", () => {
    const policy = createAnnotationPolicy(["*"]);
    ok(!policy("federation.cellplane.io/source"));
    const template = { metadata: { annotations: { a: "1", "federation.cellplane.io/hash": "x" } } };
    deepEqual(ignoredAnnotations(template, policy), ["federation.cellplane.io/hash"]);
    deepEqual(ignoredAnnotations(template, createAnnotationPolicy(undefined)).length, 2);
  });
});

describe("field paths", () => {
  it("unescape, meet, copy and remove", () => {
    deepEqual(parseFieldPath("/a~1b/~0c"), ["a/b", "~c"]);
    ok(pathsMeet(["a"], ["a", "b"]) && pathsMeet(["a", "b"], ["a"]) && !pathsMeet(["a"], ["b"]));
    deepEqual(removeField({ a: [{ b: 1, c: 2 }] }, ["a", "*", "b"]), { a: [{ c: 2 }] });
    deepEqual(removeField({ a: 1 }, ["b", "c"]), { a: 1 });
    deepEqual(copyField({}, { a: { b: 1 } }, ["a", "b"]), { a: { b: 1 } });
    deepEqual(copyField({ a: 1 }, {}, ["a"]), { a: 1 });
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
