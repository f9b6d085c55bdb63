import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterSelection, FederatedSpec } from "../api/federated-object.ts";
import { labels } from "../api/names.ts";
import { placementOf, planSync } from "../plan/plan-sync.ts";
import type { MemberView, SyncView } from "../plan/sync-view.ts";
import {
  cellNamed,
  clusterNamed,
  derivedCluster,
  federatedConfigMap,
  memberNamed,
  names,
  settings,
  viewOf,
  World,
} from "../plan/sync-view.suite.ts";
import { explainPlan } from "./explain-plan.ts";
import type { LastWrite, TopologyExplanation } from "./placement-explanation.ts";

const template = { data: { key: "1" } };

function member(name: string, set: Readonly<Record<string, string>> = {}): MemberView {
  return { cluster: clusterNamed(name, set), observation: { kind: "absent" } };
}

function explainIn(
  view: SyncView,
  topology: string,
  extras: { readonly lastWriteIn?: () => LastWrite | undefined } = {},
): TopologyExplanation {
  const [found] = explainPlan(view, planSync(view), { ...extras, topology }).topologies;
  ok(found);
  return found;
}

const selections: readonly (ClusterSelection | undefined)[] = [
  undefined,
  {},
  { clusters: [] },
  { clusters: names("a") },
  { clusters: names("b") },
  { clusters: names("a", "ghost") },
  { clusterSelector: {} },
  { clusterSelector: { matchLabels: { zone: "z1" } } },
  { clusterSelector: { matchLabels: { zone: "z2" } } },
  { clusters: names("b"), clusterSelector: {} },
];

const limits: readonly SyncView["namespaceLimit"][] = [
  { kind: "none" },
  { kind: "notFederated" },
  {
    kind: "federated",
    over: "Clusters",
    object: federatedConfigMap({ placement: { clusters: names("b") } }),
  },
];

describe("explainPlan()", () => {
  it("never says of placement or mask anything but what the plan does, in 330 cases", () => {
    let cases = 0;
    for (const placement of selections) {
      for (const mask of [...selections, null]) {
        for (const namespaceLimit of limits) {
          const spec: FederatedSpec = {
            template,
            ...(placement === undefined ? {} : { placement }),
            ...(mask === null || mask === undefined ? {} : { placementMask: mask }),
          };
          const members = [member("a", { zone: "z1" }), member("b", { zone: "z2" })];
          const view = { ...viewOf(federatedConfigMap(spec), members), namespaceLimit };
          const outcome = placementOf(view);
          if (outcome.kind !== "placed") throw new Error("Cannot happen: it is placed");
          const { placement: expected } = outcome;
          for (const each of explainPlan(view, planSync(view)).topologies) {
            if (each.placed.rule === "NotKnown") continue;
            equal(each.placed.value, expected.placed.has(each.topology));
            equal(each.mask.inMask, expected.mask?.has(each.topology) ?? true);
          }
          cases += 1;
        }
      }
    }
    equal(cases, 330);
  });

  it("names the rule of placement, one by one", () => {
    const rules: readonly (readonly [string, ClusterSelection | undefined, string])[] = [
      ["Named", { clusters: names("a") }, "It is placed: named in spec.placement.topologies"],
      [
        "NotNamed",
        { clusters: names("b") },
        "It is not placed: spec.placement.topologies does not name it",
      ],
      [
        "NotNamed",
        { clusters: [] },
        "It is not placed: spec.placement.topologies is empty, which means nowhere",
      ],
      [
        "SelectorMatches",
        { clusterSelector: { matchLabels: { zone: "z1" } } },
        "It is placed: its labels match spec.placement.topologySelector (zone=z1)",
      ],
      [
        "SelectorDoesNotMatch",
        { clusterSelector: { matchExpressions: [{ key: "zone", operator: "DoesNotExist" }] } },
        "It is not placed: its labels do not match spec.placement.topologySelector (!zone)",
      ],
      [
        "NoPlacement",
        undefined,
        "It is not placed: spec.placement gives neither topologies nor a selector",
      ],
    ];
    for (const [rule, placement, sentence] of rules) {
      const spec = placement === undefined ? { template } : { template, placement };
      const view = viewOf(federatedConfigMap(spec), [member("a", { zone: "z1" })]);
      const found = explainIn(view, "a");
      deepEqual([found.placed.rule, found.sentences[0]], [rule, sentence]);
    }
  });

  it("tells apart a namespace that is not federated and one that excludes the cluster", () => {
    const view = viewOf(federatedConfigMap({ template, placement: { clusters: names("a") } }), [
      member("a"),
    ]);
    const rules = limits.map(
      (namespaceLimit) => explainIn({ ...view, namespaceLimit }, "a").placed.rule,
    );
    deepEqual(rules, ["Named", "NamespaceNotFederated", "NamespaceExcludes"]);
  });

  it("says the same of another tenant's cluster as of one that does not exist", () => {
    const theirs = member("secret", { [labels.tenant]: "rival", [labels.workspaceGroup]: "prod" });
    const tell = (placed: readonly string[], asked: string): string => {
      const spec = { template, placement: { clusters: names(...placed) } };
      const view = viewOf(federatedConfigMap(spec), [member("a"), theirs]);
      return JSON.stringify(explainIn(view, asked)).replaceAll(asked, "X");
    };
    equal(tell(["a", "secret"], "secret"), tell(["a", "absent"], "absent"));
    equal(tell(["a"], "secret"), tell(["a"], "absent"));
    const whole = viewOf(federatedConfigMap({ template, placement: { clusterSelector: {} } }), [
      member("a"),
      theirs,
    ]);
    ok(!JSON.stringify(explainPlan(whole, planSync(whole))).includes("secret"));
  });

  it("names the rule of the mask, and what a held topology still gets", () => {
    const tell = (mask: FederatedSpec["placementMask"] | undefined, change = {}): unknown => {
      const spec = {
        template,
        placement: { clusters: names("a") },
        ...(mask === undefined ? {} : { placementMask: mask }),
      };
      const view = viewOf(federatedConfigMap(spec), [member("a", { zone: "z1" })]);
      const { mask: found, waitsFor } = explainIn({ ...view, ...change }, "a");
      return [found.inMask, found.rule, found.heldPolicy, waitsFor];
    };
    const create = "the create that is due now";
    const include = "the mask to include it";
    deepEqual(tell(undefined), [true, "NoMask", null, create]);
    deepEqual(tell({ clusters: names("a") }), [true, "Named", "Freeze", create]);
    deepEqual(tell({ clusters: names("b"), heldPolicy: "Pin" }), [
      false,
      "NotNamed",
      "Pin",
      include,
    ]);
    deepEqual(tell({ clusters: [] }), [false, "HoldsAll", "Freeze", include]);
    deepEqual(tell({}), [false, "HoldsAll", "Freeze", include]);
    deepEqual(tell({ clusterSelector: { matchLabels: { zone: "z1" } } }), [
      true,
      "SelectorMatches",
      "Freeze",
      create,
    ]);
    deepEqual(tell({ clusterSelector: { matchLabels: { zone: "z2" } } }), [
      false,
      "SelectorDoesNotMatch",
      "Freeze",
      include,
    ]);
    const off = { settings: { ...settings, masks: "off" as const } };
    deepEqual(tell({ clusters: [] }, off), [true, "MasksOff", "Freeze", create]);
  });

  it("tells the revision, the drift and the last write of a held cluster", () => {
    const world = new World(["a"]);
    const at = (value: string, generation: number, more: FederatedSpec = {}) =>
      federatedConfigMap(
        { template: { data: { key: value } }, placement: { clusters: names("a") }, ...more },
        { generation },
      );
    world.reconcile(at("1", 1));
    const live = world.objectIn("a");
    ok(live);
    world.put("a", { ...live, data: { key: "by hand" } });
    const view = world.view(at("2", 2, { placementMask: { clusters: [] } }));
    const found = explainIn(view, "a");
    deepEqual(
      [found.revision, found.behind, found.drifted, found.status, found.memberGeneration],
      [1, 1, true, "Held", 1],
    );
    deepEqual(found.sentences.slice(2), [
      "It stands at revision 1, 1 behind the desired revision 2; what is there was changed or removed in the member since",
      "It was last written at 2026-01-01T00:00:00Z",
      "Nothing is written now (Held): changed in the member; not in the mask, so it stays (Freeze)",
      "It waits for the mask to include it",
    ]);
    const failed = {
      time: "2026-02-02T00:00:00Z",
      operation: "update",
      result: "Failed",
      message: "no quota",
    } as const;
    const retried = explainIn(world.view(at("2", 2)), "a", { lastWriteIn: () => failed });
    equal(retried.waitsFor, "the next attempt to update it, as the last one failed: no quota");
    ok(retried.sentences.includes("The last update, at 2026-02-02T00:00:00Z, failed: no quota"));
  });

  it("lists the overrides that a topology gets and what selects them, without values", () => {
    const patch = (path: string) => [{ path, value: "hidden" }];
    const spec: FederatedSpec = {
      template,
      placement: { clusters: names("a", "b") },
      overrides: [
        { clusterName: "a", clusterOverrides: patch("/data/key") },
        { clusterName: "b", clusterOverrides: patch("/data/other") },
        {
          clusterSelector: { matchLabels: { zone: "z1" } },
          clusterOverrides: patch("/data/zone"),
          source: "scheduler",
        },
      ],
    };
    const view = viewOf(federatedConfigMap(spec), [member("a", { zone: "z1" }), member("b")]);
    const found = explainIn(view, "a");
    deepEqual(found.overrides, [
      { paths: ["/data/key"], selectedBy: "topologyName a" },
      { paths: ["/data/zone"], selectedBy: "topologySelector zone=z1", source: "scheduler" },
    ]);
    ok(!JSON.stringify(found).includes("hidden"));
  });

  it("calls cells by their names, and says what a lost one waits for", () => {
    const cells = ["rz00a", "rz01a"].map((name) => cellNamed(name, "bank"));
    const [first, second] = cells;
    ok(first && second);
    const spec = { template, placement: { clusters: names("bank.rz00a", "bank.rz01a") } };
    const object = federatedConfigMap(spec, {
      annotations: { "federation.cellplane.io/topology": JSON.stringify({ type: "cell" }) },
    });
    const view: SyncView = {
      ...viewOf(object, [
        { cluster: derivedCluster(first), cell: first, observation: { kind: "absent" } },
        // Its Cell object is gone.
        { cluster: derivedCluster(second), observation: { kind: "absent" } },
      ]),
      over: "Cells",
    };
    const { topologyType, topologies } = explainPlan(view, planSync(view));
    equal(topologyType, "cell");
    deepEqual(
      topologies.map(({ topology, cluster, placed, operation, status }) => [
        topology,
        cluster,
        placed.rule,
        operation,
        status,
      ]),
      [
        ["rz00a", "hz-a", "Named", "create", ""],
        ["rz01a", "", "NotKnown", "none", "TopologyNotFound"],
      ],
    );
  });

  it("says that nothing can be placed, of every cluster that the ledger knows", () => {
    const world = new World(["a"]);
    const spec = { template, placement: { clusters: names("a") } };
    world.reconcile(federatedConfigMap(spec));
    const view = { ...world.view(federatedConfigMap(spec)), over: undefined };
    const { reason, topologies } = explainPlan(view, planSync(view));
    equal(reason, "ComputePlacementFailed");
    deepEqual(
      topologies.map(({ topology, placed, revision }) => [topology, placed.rule, revision]),
      [["a", "Undecided", 1]],
    );
  });

  it("tells of a deletion that it ignores the mask", () => {
    const world = new World(["a"]);
    const spec = { template, placement: { clusters: names("a") } };
    world.reconcile(federatedConfigMap(spec));
    const going = federatedConfigMap(
      { ...spec, placementMask: { clusters: [] } },
      { deletionTimestamp: "2026-01-01T00:00:00Z" },
    );
    const view = world.view(going);
    const { deleting } = explainPlan(view, planSync(view));
    const { mask, operation, waitsFor } = explainIn(view, "a");
    deepEqual([deleting, mask.rule, operation], [true, "Deletion", "delete"]);
    equal(waitsFor, "its deletion there");
  });

  it("needs nothing but JSON to be told", () => {
    const view = viewOf(federatedConfigMap({ template, placement: { clusters: names("a") } }), [
      memberNamed("a"),
    ]);
    const explanation = explainPlan(view, planSync(view));
    deepEqual(JSON.parse(JSON.stringify(explanation)), explanation);
  });
});
