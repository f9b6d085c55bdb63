import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederatedObject, FederatedSpec } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { annotations, labels } from "../api/names.ts";
import {
  computePlacement,
  membersOfType,
  type NamespaceLimit,
  type PlacementView,
} from "./compute-placement.ts";
import { computeDispatchScope } from "./dispatch-scope.ts";
import { compileSelector } from "./label-selector.ts";
import { isVisible, noTenant } from "./tenant-scope.ts";

const zoneKey = labels.zone;

function cluster(name: string, set: Readonly<Record<string, string>> = {}): KubeFedCluster {
  return { metadata: { name, labels: set }, spec: { apiEndpoint: "x", secretRef: { name: "s" } } };
}

function cell(
  namespace: string,
  name: string,
  set: Readonly<Record<string, string>> = {},
): KubeFedCluster {
  return cluster(`${namespace}.${name}`, { [labels.cell]: name, [labels.cluster]: "a", ...set });
}

function object(spec: FederatedSpec, type?: string): FederatedObject {
  const carry =
    type === undefined
      ? {}
      : { annotations: { [annotations.topologyCarry]: JSON.stringify({ type }) } };
  return { metadata: { name: "web", namespace: "bank", ...carry }, spec };
}

const clusters = [
  cluster("a", { size: "big", [zoneKey]: "z1" }),
  cluster("b", { size: "small", [zoneKey]: "z1" }),
  cluster("c", { [zoneKey]: "z2" }),
  cell("bank", "rz00a", { size: "big" }),
  cell("bank", "rz01a"),
  cell("other", "rz00a", { size: "big" }),
];

function placed(
  spec: FederatedSpec,
  change: Partial<PlacementView> & { readonly type?: string } = {},
) {
  const { type, ...rest } = change;
  const over = type === "cell" ? "Cells" : "Clusters";
  return computePlacement({
    object: object(spec, type),
    clusters,
    over,
    tenant: noTenant,
    isolation: "byTenant",
    namespaceLimit: { kind: "none" },
    ...rest,
  });
}

function namesOf(outcome: ReturnType<typeof placed>): readonly string[] | string {
  return outcome.kind === "placed" ? Array.from(outcome.placement.placed) : outcome.reason;
}

describe("computePlacement()", () => {
  it("lets names, even none, beat the selector, and selects nothing by neither", () => {
    const selector = { clusterSelector: {} };
    deepEqual(namesOf(placed({ placement: { clusters: [{ name: "b" }], ...selector } })), ["b"]);
    deepEqual(namesOf(placed({ placement: { clusters: [], ...selector } })), []);
    deepEqual(namesOf(placed({ placement: selector })), ["a", "b", "c"]);
    deepEqual(namesOf(placed({ placement: { clusterSelector: { matchLabels: {} } } })), [
      "a",
      "b",
      "c",
    ]);
    deepEqual(namesOf(placed({ placement: {} })), []);
    deepEqual(namesOf(placed({})), []);
  });

  it("reports names that are not seen, for whatever reason, alike", () => {
    const spec = { placement: { clusters: ["a", "gone", "bank.rz00a"].map((name) => ({ name })) } };
    const outcome = placed(spec);
    ok(outcome.kind === "placed");
    deepEqual(Array.from(outcome.placement.missing), ["gone", "bank.rz00a"]);
  });

  it("never mixes cells and clusters, nor the cells of two namespaces", () => {
    const everywhere = { placement: { clusterSelector: {} } };
    deepEqual(namesOf(placed(everywhere)), ["a", "b", "c"]);
    deepEqual(namesOf(placed(everywhere, { type: "cell" })), ["bank.rz00a", "bank.rz01a"]);
    const named = { placement: { clusters: [{ name: "other.rz00a" }, { name: "a" }] } };
    deepEqual(namesOf(placed(named, { type: "cell" })), []);
  });

  it("takes a label's values for topologies, and names those that nobody has", () => {
    const values = { matchExpressions: [{ key: zoneKey, operator: "In", values: ["z1", "z9"] }] };
    const spec = { topologyKey: zoneKey, placement: { clusterSelector: values } };
    const outcome = placed(spec, { type: "zone" });
    ok(outcome.kind === "placed");
    deepEqual(Array.from(outcome.placement.placed), ["a", "b"]);
    deepEqual(Array.from(outcome.placement.missing), ["z9"]);
  });

  it("fails for an unknown type and for a selector that is none, and places nothing", () => {
    equal(placed({}, { over: undefined, type: "zone" }).kind, "failed");
    const broken = { matchExpressions: [{ key: "x", operator: "Near" }] };
    equal(placed({ placement: { clusterSelector: broken } }).kind, "failed");
    equal(placed({ placementMask: { clusterSelector: broken } }).kind, "failed");
  });

  it("distinguishes no mask from an empty one", () => {
    const outcome = placed({ placementMask: { clusters: [] } });
    equal(outcome.kind === "placed" && outcome.placement.mask?.size, 0);
    const absent = placed({});
    equal(absent.kind === "placed" && absent.placement.mask, undefined);
  });

  it("is limited by the FederatedNamespace, except over cells", () => {
    const limit: NamespaceLimit = {
      kind: "federated",
      over: "Clusters",
      object: object({ placement: { clusters: [{ name: "b" }] } }),
    };
    const everywhere = { placement: { clusterSelector: {} } };
    deepEqual(namesOf(placed(everywhere, { namespaceLimit: limit })), ["b"]);
    deepEqual(namesOf(placed(everywhere, { namespaceLimit: limit, type: "cell" })).length, 2);
    const none = placed(everywhere, { namespaceLimit: { kind: "notFederated" } });
    deepEqual(namesOf(none), []);
    equal(none.kind === "placed" && none.reason, "NamespaceNotFederated");
    const unknown = { namespaceLimit: { kind: "unknown", message: "not read yet" } } as const;
    equal(placed(everywhere, unknown).kind, "failed");
    equal(placed(everywhere, { ...unknown, type: "cell" }).kind, "placed");
  });
});

describe("isVisible()", () => {
  it("shows a tenant exactly its own, in all cases of owner, viewer and kind", () => {
    const tenants = [
      noTenant,
      { tenant: "t1", workspaceGroup: "g" },
      { tenant: "t1", workspaceGroup: "h" },
      { tenant: "t2", workspaceGroup: "g" },
    ];
    for (const owner of tenants) {
      for (const viewer of tenants) {
        for (const over of ["Clusters", "Cells"] as const) {
          const set = {
            [labels.tenant]: owner.tenant,
            [labels.workspaceGroup]: owner.workspaceGroup,
          };
          const member = over === "Clusters" ? cluster("a", set) : cell("bank", "x", set);
          const scope = { over, namespace: "bank", tenant: viewer } as const;
          equal(isVisible(member, { ...scope, isolation: "byTenant" }), owner === viewer);
          equal(isVisible(member, { ...scope, isolation: "off" }), true);
        }
      }
    }
  });
});

describe("compileSelector()", () => {
  const matches = (
    selector: Parameters<typeof compileSelector>[0],
    set: Readonly<Record<string, string>>,
  ) => {
    const compiled = compileSelector(selector);
    return compiled.kind === "selector" ? compiled.matches(set) : compiled.message;
  };
  const expression = (operator: string, values?: readonly string[]) => ({
    matchExpressions: [{ key: "k", operator, ...(values ? { values } : {}) }],
  });

  it("knows the four operators and their values", () => {
    equal(matches(expression("In", ["1"]), { k: "1" }), true);
    equal(matches(expression("In", ["1"]), {}), false);
    equal(matches(expression("NotIn", ["1"]), {}), true);
    equal(matches(expression("NotIn", ["1"]), { k: "1" }), false);
    equal(matches(expression("Exists"), { k: "" }), true);
    equal(matches(expression("DoesNotExist"), { k: "" }), false);
    equal(matches({ matchLabels: { k: "1" } }, { k: "2" }), false);
    equal(matches(undefined, {}), false);
    equal(typeof matches(expression("In"), {}), "string");
    equal(typeof matches(expression("Exists", ["1"]), {}), "string");
  });
});

describe("computeDispatchScope()", () => {
  const subsets = (all: readonly string[]): readonly ReadonlySet<string>[] =>
    Array.from(
      { length: 1 << all.length },
      (_, bits) => new Set(all.filter((__, i) => bits & (1 << i))),
    );

  it("keeps its invariants in all 4352 cases of four members, with and without a mask", () => {
    let cases = 0;
    const sets = subsets(["a", "b", "c", "d"]);
    for (const placement of sets) {
      for (const present of sets) {
        for (const mask of [undefined, ...sets]) {
          cases += 1;
          const { apply, withdraw, hold, linger } = computeDispatchScope({
            placed: placement,
            present,
            mask,
          });
          const open = mask ?? new Set(["a", "b", "c", "d"]);
          deepEqual(apply, placement.intersection(open));
          deepEqual(hold, placement.difference(open));
          deepEqual(withdraw, present.difference(placement).intersection(open));
          deepEqual(linger, present.difference(placement).difference(open));
        }
      }
    }
    equal(cases, 16 * 16 * 17);
  });
});

describe("membersOfType()", () => {
  it("knows cluster and cell, and asks for the rest", () => {
    const declared = new Map([["zone", "Cells" as const]]);
    deepEqual(
      ["cluster", "cell", "zone", "region"].map((type) => membersOfType(type, declared)),
      ["Clusters", "Cells", "Cells", undefined],
    );
  });
});
