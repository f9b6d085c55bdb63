import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldError, JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import { annotations, kubefed, labels } from "../api/names.ts";
import type { TopologyTypeSpec } from "../api/topology-type.ts";
import {
  toClusterView,
  topologyTypeOf,
  toTopologyView,
} from "../conversion/convert-federated-object.ts";
import { createTypeConfig } from "../crds/default-types.ts";
import { noTenant } from "../placement/tenant-scope.ts";
import { checkFederatedObject } from "./check-federated-object.ts";
import type { FederatedContext } from "./federated-context.ts";
import { prepareFederatedObject } from "./prepare-federated-object.ts";

const configMaps: FederatedTypeConfigSpec = createTypeConfig({
  version: "v1",
  kind: "ConfigMap",
  pluralName: "configmaps",
  scope: "Namespaced",
}).spec;
const zone: TopologyTypeSpec = { label: labels.zone, over: "Clusters" };

function context(change: Partial<FederatedContext> = {}): FederatedContext {
  return {
    actor: "user",
    typeConfig: configMaps,
    tenant: noTenant,
    isolation: "byTenant",
    topologyTypes: new Map([["zone", zone]]),
    keptRevisions: new Set([5, 6]),
    unknownTemplateFields: [],
    ...change,
  };
}

function view(spec: JsonObject, metadata: KubernetesObject["metadata"] = {}): KubernetesObject {
  return {
    apiVersion: "types.kubefed.io/v1beta2",
    kind: "FederatedConfigMap",
    metadata: { name: "web", namespace: "bank", ...metadata },
    spec,
  };
}

const fields = (errors: readonly FieldError[]) => errors.map(({ field }) => field);

function judge(
  object: KubernetesObject,
  old?: KubernetesObject,
  change: Partial<FederatedContext> = {},
) {
  const prepared = prepareFederatedObject({ object, old }, context(change));
  return checkFederatedObject({ object: prepared, old }, context(change));
}

const named = (...list: readonly string[]) => ({ topologies: list.map((name) => ({ name })) });

describe("prepareFederatedObject()", () => {
  it("fills in the type, its label and the tenant", () => {
    const tenant = { tenant: "t", workspaceGroup: "g" };
    const plain = prepareFederatedObject({ object: view({}), old: undefined }, context({ tenant }));
    deepEqual(plain["spec"], { topologyType: "cluster" });
    deepEqual(plain.metadata.labels, { [labels.tenant]: "t", [labels.workspaceGroup]: "g" });
    const zoned = prepareFederatedObject(
      { object: view({ topologyType: "zone" }), old: undefined },
      context(),
    );
    deepEqual(zoned["spec"], { topologyType: "zone", topologyKey: labels.zone });
  });

  it("gives a KubeFed client's update its topology back", () => {
    const old = toClusterView(view({ topologyType: "cell", placement: named("rz00a") }));
    const { annotations: _, ...metadata } = old.metadata;
    const object = {
      ...old,
      metadata,
      spec: { placement: { clusters: [{ name: "bank.rz01a" }] } },
    };
    const prepared = prepareFederatedObject({ object, old }, context());
    equal(topologyTypeOf(prepared), "cell");
    deepEqual(toTopologyView(prepared).spec?.placement, named("rz01a"));
  });

  it("gives a topology client's update the clusters back that it cannot see", () => {
    const stored = {
      ...view({ placement: { clusters: [{ name: "hz-a" }] }, topologyKey: labels.zone }),
      apiVersion: "types.kubefed.io/v1beta1",
    };
    const annotated = {
      ...stored.metadata,
      annotations: { [annotations.topologyCarry]: '{"type":"zone"}' },
    };
    const old = toTopologyView({ ...stored, metadata: annotated });
    const { annotations: _, ...metadata } = old.metadata;
    const object = { ...old, metadata, spec: { ...old.spec, revision: 5 } };
    const prepared = prepareFederatedObject({ object, old }, context());
    deepEqual(toClusterView(prepared).spec?.placement, { clusters: [{ name: "hz-a" }] });
  });

  it("keeps the finalizer, except from our own controllers", () => {
    const old = view({}, { finalizers: [kubefed.syncFinalizer] });
    const by = (actor: FederatedContext["actor"]) =>
      prepareFederatedObject({ object: view({}), old }, context({ actor })).metadata.finalizers;
    deepEqual(by("user"), [kubefed.syncFinalizer]);
    deepEqual(by("platformAdmin"), [kubefed.syncFinalizer]);
    equal(by("controller"), undefined);
  });
});

describe("prepareFederatedObject() of a new object", () => {
  const created = (propagation: "Enabled" | "Disabled") => {
    const { typeConfig } = context();
    const given = view({}, { finalizers: ["a.example/b"] });
    const change = context({ typeConfig: { ...typeConfig, propagation } });
    return prepareFederatedObject({ object: given, old: undefined }, change).metadata.finalizers;
  };

  it("adds the finalizer where the type is propagated", () => {
    deepEqual(created("Enabled"), ["a.example/b", kubefed.syncFinalizer]);
    deepEqual(created("Disabled"), ["a.example/b"]);
  });
});

describe("checkFederatedObject()", () => {
  it("accepts the example of the design", () => {
    const spec = {
      topologyType: "cell",
      template: { spec: {} },
      placement: { ...named("rz00a", "rz01a"), topologySelector: { matchLabels: { a: "b" } } },
      placementMask: { ...named("rz00a"), heldPolicy: "Freeze" },
      overrides: [
        {
          topologyName: "rz00a",
          topologyOverrides: [{ op: "replace", path: "/spec/replicas", value: 3 }],
        },
      ],
    };
    deepEqual(judge(view(spec)), { errors: [], warnings: [] });
    deepEqual(judge(toClusterView(view(spec))), { errors: [], warnings: [] });
  });

  it("refuses an unknown type, and its change ever after", () => {
    const [error] = judge(view({ topologyType: "planet" })).errors;
    equal(
      error?.message,
      'Unsupported value: "planet": supported values: "cluster", "cell", "zone"',
    );
    const changed = judge(view({ topologyType: "cell" }), view({ topologyType: "cluster" }));
    deepEqual(fields(changed.errors), ["spec.topologyType"]);
    const old = view({ topologyType: "zone", topologyKey: "a/b" });
    const moved = judge(view({ topologyType: "zone", topologyKey: "c/d" }), old);
    deepEqual(fields(moved.errors), ["spec.topologyKey"]);
  });

  it("lets an object outlive its TopologyType", () => {
    const old = view({ topologyType: "gone", topologyKey: "a/b" });
    deepEqual(judge(old, old).errors, []);
  });

  it("refuses cells to cluster-scoped kinds", () => {
    const target = {
      group: "g.io",
      version: "v1",
      kind: "X",
      pluralName: "xs",
      scope: "Cluster",
    } as const;
    const typeConfig = createTypeConfig(target).spec;
    deepEqual(fields(judge(view({ topologyType: "cell" }), undefined, { typeConfig }).errors), [
      "spec.topologyType",
    ]);
    deepEqual(judge(view({ topologyType: "zone" }), undefined, { typeConfig }).errors, []);
  });

  it("names what is wrong in the words of the request's view", () => {
    const spec = { topologyType: "cell", placement: named("rz00a", "rz00a", "A", "x.y") };
    deepEqual(fields(judge(view(spec)).errors), [
      "spec.placement.topologies[1].name",
      "spec.placement.topologies[2].name",
      "spec.placement.topologies[3].name",
    ]);
    const cluster = toClusterView(view({ topologyType: "cell", placement: named("rz00a") }));
    const placement = { clusters: ["bank.rz00a", "other.rz00a", "hz-a"].map((name) => ({ name })) };
    deepEqual(fields(judge({ ...cluster, spec: { placement } }).errors), [
      "spec.placement.clusters[1].name",
      "spec.placement.clusters[2].name",
    ]);
    deepEqual(fields(judge(view({ placement: named("bank.rz00a") })).errors), [
      "spec.placement.topologies[0].name",
    ]);
  });

  it("refuses selectors that cannot be evaluated", () => {
    const topologySelector = { matchExpressions: [{ key: "a", operator: "Near" }] };
    const spec = { placement: { topologySelector }, overrides: [{ topologySelector }] };
    deepEqual(fields(judge(view(spec)).errors), [
      "spec.placement.topologySelector.matchExpressions",
      "spec.overrides[0].topologySelector.matchExpressions",
    ]);
  });

  it("refuses overrides that say twice, nothing, or who the object is", () => {
    const change = (path: string, op?: string) => ({ path, ...(op ? { op } : {}), value: 1 });
    const spec = {
      overrides: [
        {
          topologyName: "a",
          topologyOverrides: [change("/a"), change("/a"), change("x"), change("/~2")],
        },
        { topologyName: "a" },
        { topologyName: "b", topologySelector: {} },
        {},
        { topologyName: "a", source: "scheduler", topologyOverrides: [change("/b", "test")] },
        {
          topologyName: "c",
          topologyOverrides: ["/metadata/name", "/kind", "/apiVersion", "/metadata", ""].map(
            (path) => change(path),
          ),
        },
        {
          topologyName: "d",
          topologyOverrides: [change("/metadata/labels"), change("/metadata/annotations/a~1b")],
        },
      ],
    };
    deepEqual(fields(judge(view(spec)).errors), [
      "spec.overrides[0].topologyOverrides[1].path",
      "spec.overrides[0].topologyOverrides[2].path",
      "spec.overrides[0].topologyOverrides[3].path",
      "spec.overrides[1].topologyName",
      "spec.overrides[2].topologySelector",
      "spec.overrides[3].topologyName",
      "spec.overrides[4].topologyOverrides[0].op",
      ...[0, 1, 2, 3, 4].map((index) => `spec.overrides[5].topologyOverrides[${index}].path`),
    ]);
  });

  it("only warns of names that are not in placement, and of what is not propagated", () => {
    const spec = {
      template: { metadata: { annotations: { a: "1" } } },
      placement: named("a"),
      placementMask: named("b"),
      overrides: [{ topologyName: "c" }],
    };
    const { errors, warnings } = judge(view(spec), undefined, {
      unknownTemplateFields: ["spec.replica"],
    });
    deepEqual(errors, []);
    deepEqual(warnings, [
      'spec.placementMask.topologies[0].name: "b" is not in spec.placement',
      'spec.overrides[0].topologyName: "c" is not in spec.placement',
      "spec.template.metadata.annotations[a]: not propagated to members",
      'unknown field "spec.template.spec.replica"',
    ]);
  });

  it("freezes the tenant's labels for everyone but platform administrators", () => {
    const tenant = { tenant: "t", workspaceGroup: "g" };
    const forged = view({}, { labels: { [labels.tenant]: "other", [labels.workspaceGroup]: "g" } });
    deepEqual(fields(judge(forged, undefined, { tenant }).errors), [
      `metadata.labels[${labels.tenant}]`,
    ]);
    deepEqual(judge(forged, undefined, { tenant, actor: "platformAdmin" }).errors, []);
    deepEqual(judge(forged, undefined, { tenant, isolation: "off" }).errors, []);
  });

  it("wants a FederatedNamespace to be named as its namespace", () => {
    const target = {
      version: "v1",
      kind: "Namespace",
      pluralName: "namespaces",
      scope: "Cluster",
    } as const;
    const typeConfig = createTypeConfig(target).spec;
    deepEqual(fields(judge(view({}), undefined, { typeConfig }).errors), ["metadata.name"]);
    deepEqual(judge(view({}, { name: "bank" }), undefined, { typeConfig }).errors, []);
  });

  describe("with a revision", () => {
    const consent = { annotations: { [annotations.rollbackAll]: "true" } };
    const at = (revision: number | undefined, mask?: JsonObject, metadata = {}) =>
      view(
        { ...(revision ? { revision } : {}), ...(mask ? { placementMask: mask } : {}) },
        metadata,
      );
    const refused = (object: KubernetesObject, old?: KubernetesObject) =>
      fields(judge(object, old).errors);

    it("needs one that is kept", () => {
      deepEqual(refused(at(4, named("a")), at(undefined)), ["spec.revision"]);
      deepEqual(refused(at(6, named("a")), at(undefined)), []);
      deepEqual(refused(at(4, named("a")), at(4, named("a"))), []);
    });

    it("needs a mask, and neither lets it go nor lets it grow", () => {
      const all = ["spec.placementMask"];
      deepEqual(refused(at(6), at(undefined)), all);
      deepEqual(refused(at(6), at(6, named("a"))), all);
      deepEqual(refused(at(6, named("a", "b")), at(6, named("a"))), all);
      deepEqual(refused(at(6, { topologySelector: {} }), at(6, named("a"))), all);
      deepEqual(
        refused(
          at(6, { topologySelector: {} }),
          at(6, { topologySelector: { matchLabels: { a: "b" } } }),
        ),
        all,
      );
      deepEqual(refused(at(6, named("a")), at(6, { topologySelector: {} })), all);
    });

    it("lets it shrink, end, or begin with any mask", () => {
      deepEqual(refused(at(6, named("a")), at(6, named("a", "b"))), []);
      deepEqual(refused(at(6, named()), at(6, { topologySelector: {} })), []);
      deepEqual(refused(at(5, named("a")), at(6, named("a"))), []);
      deepEqual(refused(at(undefined, named("b", "c")), at(6, named("a"))), []);
      deepEqual(refused(at(6, named("a", "b")), at(undefined, named("a"))), []);
    });

    it("does all of it with consent", () => {
      deepEqual(refused(at(6, undefined, consent), at(6, named("a"))), []);
      deepEqual(refused(at(6, undefined, consent), at(undefined)), []);
    });
  });
});

describe("the scope Namespaced", () => {
  it("refuses new objects over cells, and leaves those that there are", () => {
    const cellObject = view({ topologyType: "cell", placement: named() });
    const namespaced = { scope: "Namespaced" } as const;
    const { errors } = judge(cellObject, undefined, namespaced);
    deepEqual(fields(errors), ["spec.topologyType"]);
    match(JSON.stringify(errors), /cells need a control plane of the scope Cluster/);
    deepEqual(judge(cellObject, cellObject, namespaced).errors, []);
    deepEqual(judge(view({ topologyType: "cluster" }), undefined, namespaced).errors, []);
  });
});

describe("the gate MultiTopology, switched off", () => {
  it("refuses new objects of other types, and leaves those that there are", () => {
    const cellObject = view({ topologyType: "cell", placement: named() });
    const off = { topologies: "off" } as const;
    deepEqual(fields(judge(cellObject, undefined, off).errors), ["spec.topologyType"]);
    deepEqual(judge(cellObject, cellObject, off).errors, []);
    deepEqual(judge(view({ topologyType: "cluster" }), undefined, off).errors, []);
  });
});
