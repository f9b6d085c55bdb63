import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isJsonEqual,
  type JsonObject,
  type KubernetesObject,
  parseJson,
  stringifyJson,
} from "@cellplane/apimachinery";
import * as fc from "fast-check";
import { canonicalJson } from "../hash/canonical-json.ts";
import { annotations } from "../api/names.ts";
import {
  normalizeCarries,
  topologyTypeOf,
  toClusterView,
  toTopologyView,
} from "./convert-federated-object.ts";

const zoneKey = "topology.kubernetes.io/zone";
const types = ["cluster", "cell", "zone"] as const;
const typeOf = fc.constantFrom(...types);
const name = fc.constantFrom("a", "b", "rz00a", "rz01a", "hz-1");
// Of KubeFedClusters: cells of this namespace, of another one, and joined clusters.
const clusterName = fc.oneof(
  name,
  name.map((cell) => `bank.${cell}`),
  fc.constant("other.rz00a"),
);

const selector = fc.oneof(
  fc.constant({}),
  fc.constant({ matchLabels: {} }),
  fc.record({ matchLabels: fc.dictionary(fc.constantFrom("x", "y"), name) }),
  fc.record({
    matchExpressions: fc.array(
      fc.record({
        key: fc.constantFrom(zoneKey, "x"),
        operator: fc.constantFrom("In", "NotIn"),
        values: fc.array(name, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  }),
);
const refs = (each: fc.Arbitrary<string>) => fc.array(fc.record({ name: each }), { maxLength: 3 });
const patches = fc.array(
  fc.record(
    {
      op: fc.constantFrom("add", "replace", "remove"),
      path: fc.constant("/spec/x"),
      value: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: ["path"] },
  ),
  { maxLength: 2 },
);
const common = {
  template: fc.constantFrom<JsonObject>({}, { spec: { replicas: 1 } }),
  revision: fc.integer({ min: 1, max: 9 }),
  retainReplicas: fc.boolean(),
};
const metadata = fc.record(
  {
    name: fc.constant("web"),
    namespace: fc.constant("bank"),
    annotations: fc.constantFrom({ x: "1" }, { [annotations.rollbackAll]: "true" }),
  },
  { requiredKeys: ["name", "namespace"] },
);
const details = {
  status: fc.constantFrom("Held", "ClusterNotReady"),
  revision: fc.integer({ min: 1, max: 9 }),
  remoteStatus: fc.constantFrom({ ready: 1 }, {}),
};

function topologyView(): fc.Arbitrary<KubernetesObject> {
  const selection = { topologies: refs(name), topologySelector: selector };
  const spec = typeOf.chain((type) =>
    fc.record(
      {
        topologyType: fc.constant(type),
        topologyKey: fc.constant(zoneKey),
        placement: fc.record(selection, { requiredKeys: [] }),
        placementMask: fc.record(
          { ...selection, heldPolicy: fc.constantFrom("Freeze", "Pin") },
          { requiredKeys: [] },
        ),
        overrides: fc.array(
          fc.record(
            {
              topologyName: name,
              topologySelector: selector,
              topologyOverrides: patches,
              source: name,
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
        ...common,
      },
      { requiredKeys: type === "zone" ? ["topologyType", "topologyKey"] : ["topologyType"] },
    ),
  );
  return fc.record({
    apiVersion: fc.constant("types.kubefed.io/v1beta2"),
    kind: fc.constant("FederatedDeployment"),
    metadata,
    spec,
  });
}

function clusterView(): fc.Arbitrary<KubernetesObject> {
  const selection = { clusters: refs(clusterName), clusterSelector: selector };
  const spec = fc.record(
    {
      topologyKey: fc.constant(zoneKey),
      placement: fc.record(selection, { requiredKeys: [] }),
      placementMask: fc.record(selection, { requiredKeys: [] }),
      overrides: fc.array(
        fc.record(
          { clusterName, clusterSelector: selector, clusterOverrides: patches, source: name },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
      ...common,
    },
    { requiredKeys: ["topologyKey"] },
  );
  const carry = typeOf.map((type) => (type === "cluster" ? undefined : JSON.stringify({ type })));
  const plain = fc.record({
    apiVersion: fc.constant("types.kubefed.io/v1beta1"),
    kind: fc.constant("FederatedDeployment"),
    metadata,
    spec,
  });
  return fc.tuple(plain, carry).map(([object, text]) => withCarry(object, text));
}

function withCarry(object: KubernetesObject, text: string | undefined): KubernetesObject {
  if (text === undefined) return object;
  const set = { ...object.metadata.annotations, [annotations.topologyCarry]: text };
  return { ...object, metadata: { ...object.metadata, annotations: set } };
}

function statusOf(type: string): fc.Arbitrary<JsonObject> {
  const byType: Readonly<Record<string, fc.Arbitrary<JsonObject>>> = {
    cluster: fc.record({ name, ...details }, { requiredKeys: ["name"] }),
    cell: fc.record({ name, cluster: name, ...details }, { requiredKeys: ["name", "cluster"] }),
    zone: fc.record(
      { name, cluster: name, member: name.map((cell) => `bank.${cell}`), ...details },
      { requiredKeys: ["name", "cluster"] },
    ),
  };
  return fc.array(byType[type] ?? fc.constant({}), { maxLength: 4 }).map((topologies) => ({
    observedGeneration: 1,
    topologies,
  }));
}

// Generated objects have no prototype, and nobody on the wire sees one.
function same(actual: unknown, expected: unknown): void {
  deepEqual(JSON.parse(stringifyJson(actual)), JSON.parse(stringifyJson(expected)));
}

function check(property: fc.IProperty<[KubernetesObject]>): void {
  fc.assert(property, { numRuns: 150 });
}

describe("convertFederatedObject()", () => {
  it("is the identity there and back, from the topology view", () => {
    check(
      fc.property(topologyView(), (object) => {
        same(toTopologyView(toClusterView(object)), object);
      }),
    );
  });

  it("is the identity there and back, from the cluster view", () => {
    check(
      fc.property(clusterView(), (object) => {
        same(toClusterView(toTopologyView(object)), object);
      }),
    );
  });

  it("carries numbers beyond 2⁵³ as they are", () => {
    for (const number of ["9007199254740993", "9007199254740992.0", "9223372036854775807"]) {
      const text = `{"apiVersion":"types.kubefed.io/v1beta2","kind":"FederatedWidget","metadata":{"name":"w","namespace":"bank"},"spec":{"topologyType":"zone","topologyKey":"${zoneKey}","template":{"spec":{"size":${number}}},"overrides":[{"topologyOverrides":[{"path":"/spec/x","value":[${number}]}]},{"topologyName":"a","topologySelector":{}}]}}`;
      const object = parseJson(text) as unknown as KubernetesObject;
      const back = toTopologyView(toClusterView(object));
      equal(canonicalJson(back as JsonObject), canonicalJson(object as JsonObject));
    }
  });

  it("carries every status there and back", () => {
    for (const type of types) {
      const object = { apiVersion: "types.kubefed.io/v1beta2", metadata: { namespace: "bank" } };
      fc.assert(
        fc.property(statusOf(type), (status) => {
          const spec = { topologyType: type, topologyKey: zoneKey };
          same(toTopologyView(toClusterView({ ...object, spec, status })).status, status);
        }),
        { numRuns: 100 },
      );
    }
  });

  it("shows an edit of either view in that view, whatever stood there before", () => {
    const edited = fc.tuple(topologyView(), topologyView());
    fc.assert(
      fc.property(edited, ([before, after]) => {
        const stored = toClusterView(before);
        const read = toTopologyView(stored);
        const spec = {
          ...(after["spec"] as JsonObject),
          topologyType: topologyTypeOf(before),
          topologyKey: zoneKey,
        };
        const written = { ...read, spec };
        same(toTopologyView(toClusterView(written)).spec, spec);
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.tuple(clusterView(), clusterView()), ([before, after]) => {
        const read = toClusterView(toTopologyView(before));
        const written = { ...read, spec: after["spec"] ?? {} };
        same(toClusterView(toTopologyView(written)).spec, written.spec);
      }),
      { numRuns: 150 },
    );
  });

  it("shows an edit of what both can say in the other view", () => {
    fc.assert(
      fc.property(clusterView(), refs(name), ({ ...object }, names) => {
        const type = topologyTypeOf(object);
        const read = toTopologyView(object);
        // To write what is shown is no edit: clusters that have no form here stay.
        fc.pre(!isJsonEqual(read.spec?.placement, { topologies: names }));
        const spec = { ...read.spec, revision: 5, placement: { topologies: names } };
        const stored = toClusterView({ ...read, spec });
        equal(stored.spec?.revision, 5);
        const expected = {
          cluster: { clusters: names },
          cell: { clusters: names.map((each) => ({ name: `bank.${each.name}` })) },
          zone:
            names.length === 0
              ? { clusters: [] }
              : {
                  clusterSelector: {
                    matchExpressions: [
                      { key: zoneKey, operator: "In", values: names.map((each) => each.name) },
                    ],
                  },
                },
        };
        same(stored.spec?.placement, expected[type as keyof typeof expected]);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps what has a form in both views only where it is, without a carry", () => {
    const object = {
      apiVersion: "types.kubefed.io/v1beta1",
      metadata: { name: "web", namespace: "bank" },
      spec: { placement: { clusters: [{ name: "a" }] } },
    };
    const view = toTopologyView(object);
    equal(view.metadata.annotations, undefined);
    deepEqual(view.spec, { placement: { topologies: [{ name: "a" }] }, topologyType: "cluster" });
  });

  it("shows each carry only in the view that needs it", () => {
    fc.assert(
      fc.property(clusterView(), (object) => {
        const view = toTopologyView(object);
        equal(view.metadata.annotations?.[annotations.topologyCarry], undefined);
        equal(toClusterView(view).metadata.annotations?.[annotations.clusterCarry], undefined);
      }),
    );
  });

  it("never fails, however broken the object or its carry", () => {
    for (const spec of [
      undefined,
      null,
      5,
      [],
      { placement: 3, overrides: {} },
      { topologyKey: 1 },
    ]) {
      for (const text of [undefined, "", "{", "[]", '{"type":1}', '{"placement":{"digest":1}}']) {
        const object = withCarry(
          {
            apiVersion: "g/v1beta1",
            metadata: {},
            ...(spec === undefined ? {} : { spec: spec }),
          },
          text,
        );
        ok(toClusterView(toTopologyView(object)));
      }
    }
  });
});

describe("normalizeCarries()", () => {
  it("drops a carry whose fields have changed, and is idempotent", () => {
    const view = {
      apiVersion: "types.kubefed.io/v1beta2",
      metadata: { name: "web", namespace: "bank" },
      spec: {
        topologyType: "zone",
        topologyKey: zoneKey,
        placement: { topologies: [{ name: "a" }], topologySelector: {} },
      },
    };
    const stored = toClusterView(view);
    ok(stored.metadata.annotations?.[annotations.topologyCarry]?.includes("digest"));
    const edited = { ...stored, spec: { ...stored.spec, placement: { clusterSelector: {} } } };
    const normal = normalizeCarries(edited);
    equal(normal.metadata.annotations?.[annotations.topologyCarry], '{"type":"zone"}');
    deepEqual(normalizeCarries(normal), normal);
  });
});
