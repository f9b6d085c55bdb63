import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { annotations, kubefed, labels, revisionSecretType } from "../api/names.ts";
import { chooseApiVersion } from "./choose-version.ts";
import { planCellNamespace } from "./plan-cell-namespace.ts";
import { planSync } from "./plan-sync.ts";
import { readLedger, writeLedger } from "./ledger.ts";
import { planRevisions } from "./plan-revisions.ts";
import { readRevisionObject, revisionObject, revisionObjectName } from "./revision-object.ts";
import { changeLedger, createSettler } from "./settle-decision.ts";
import type { MemberView, SyncView } from "./sync-view.ts";
import {
  cellNamed,
  clusterNamed,
  configMapType,
  decisionIn,
  derivedCluster,
  federatedConfigMap,
  memberNamed,
  names,
  statusesOf,
  viewOf,
  World,
} from "./sync-view.suite.ts";
import { isTombstoneDue, tombstoneOf } from "./tombstone-of.ts";

const cellCarry = { [annotations.topologyCarry]: '{"type":"cell"}' };
const template = { data: { key: "1" } };

function cellObject(...cells: readonly string[]) {
  const clusters = names(...cells.map((cell) => `bank.${cell}`));
  return federatedConfigMap({ template, placement: { clusters } }, { annotations: cellCarry });
}

function cellView(object: KubernetesObject, members: readonly MemberView[]): SyncView {
  return { ...viewOf(object, members), over: "Cells" };
}

describe("planSync() over cells", () => {
  const rz00a = cellNamed("rz00a", "bank");
  const member: MemberView = {
    cluster: derivedCluster(rz00a),
    cell: rz00a,
    observation: { kind: "absent" },
  };

  it("creates the cell's namespace with the first write, under the cell's names", () => {
    const plan = planSync(cellView(cellObject("rz00a"), [member, memberNamed("hz-a")]));
    const { operation, topology, cluster, target } = decisionIn(plan, "bank.rz00a");
    ok(operation.kind === "create");
    equal(operation.object.metadata.namespace, "bank-rz00a");
    equal(operation.namespace?.metadata.name, "bank-rz00a");
    deepEqual([topology, cluster, target?.namespace], ["rz00a", "hz-a", "bank-rz00a"]);
    equal(plan.decisions.length, 1);
  });

  it("does nothing where the Cell is gone: not even names are known", () => {
    const { cell: _, ...lost } = member;
    const plan = planSync(cellView(cellObject("rz00a"), [lost]));
    deepEqual(statusesOf(plan), { "bank.rz00a": "TopologyNotFound" });
  });

  it("never lands a second time through a cell when it is spread by cluster", () => {
    const object = federatedConfigMap({ template, placement: { clusterSelector: {} } });
    const plan = planSync(viewOf(object, [member, memberNamed("hz-a")]));
    deepEqual(
      plan.decisions.map((decision) => decision.member),
      ["hz-a"],
    );
  });

  it("takes each value of a label for a topology, one decision for each cluster", () => {
    const zone = { [labels.zone]: "z1" };
    const members = ["a", "b"].map((name) => ({
      ...memberNamed(name),
      cluster: clusterNamed(name, zone),
    }));
    const matchExpressions = [{ key: labels.zone, operator: "In", values: ["z1", "z2"] }];
    const object = federatedConfigMap(
      { template, topologyKey: labels.zone, placement: { clusterSelector: { matchExpressions } } },
      { annotations: { [annotations.topologyCarry]: '{"type":"zone"}' } },
    );
    const plan = planSync(viewOf(object, members));
    deepEqual(
      plan.decisions.map(({ member: name, topology, status }) => [name, topology, status]),
      [
        ["a", "z1", ""],
        ["b", "z1", ""],
        ["z2", "z2", "TopologyNotFound"],
      ],
    );
  });

  it("reports a member that serves no version of the target", () => {
    const object = federatedConfigMap({ template, placement: { clusters: names("a") } });
    const plan = planSync(viewOf(object, [{ ...memberNamed("a"), servedVersions: [] }]));
    deepEqual(statusesOf(plan), { a: "VersionNotServed" });
    equal(decisionIn(plan, "a").operation.kind, "none");
  });

  it("reports it, too, where it serves the kind in versions that are not known here", () => {
    const observation = { kind: "unsynced", isStarting: true } as const;
    const member = { ...memberNamed("a"), observation, servedVersions: ["v9"] };
    const object = federatedConfigMap({ template, placement: { clusters: names("a") } });
    const plan = planSync(viewOf(object, [member]));
    deepEqual(statusesOf(plan), { a: "VersionNotServed" });
    match(decisionIn(plan, "a").reason, /it has v9$/);
  });

  it("does nothing while the topology type is not known", () => {
    const { over: _, ...view } = viewOf(cellObject("rz00a"), [member]);
    const plan = planSync({ ...view, over: undefined });
    deepEqual([plan.reason, plan.decisions], ["ComputePlacementFailed", []]);
  });
});

describe("planSync() of the control plane's own namespace", () => {
  const typeConfig = {
    ...configMapType,
    targetType: {
      version: "v1",
      kind: "Namespace",
      pluralName: "namespaces",
      scope: "Cluster" as const,
    },
  };
  const host: KubernetesObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "web", uid: "host", resourceVersion: "3", labels: { team: "x" } },
    spec: { finalizers: ["kubernetes"] },
  };
  const view = (clusters: readonly string[], live: KubernetesObject): SyncView => {
    const object = federatedConfigMap({ placement: { clusters: names(...clusters) } });
    const members = [memberNamed("a", { kind: "present", object: live })];
    return { ...viewOf(object, members), typeConfig, hostNamespaceUid: "host" };
  };

  it("only labels it, and once", () => {
    const { operation } = decisionIn(planSync(view(["a"], host)), "a");
    ok(operation.kind === "update");
    const { labels: set, uid } = operation.object.metadata;
    deepEqual([set, uid], [{ team: "x", [kubefed.managedLabel]: "true" }, "host"]);
    deepEqual(operation.object["spec"], host["spec"]);
    equal(decisionIn(planSync(view(["a"], operation.object)), "a").operation.kind, "none");
  });

  it("releases it instead of deleting it", () => {
    const { operation } = decisionIn(planSync(view(["a"], host)), "a");
    const labelled = operation.kind === "update" ? operation.object : host;
    const released = decisionIn(planSync(view([], labelled)), "a");
    ok(released.operation.kind === "release");
    deepEqual(released.operation.patch["metadata"], {
      resourceVersion: "3",
      labels: { [kubefed.managedLabel]: null },
      annotations: Object.fromEntries(
        ["source", "uid", "generation", "revision", "hash", "adopted"].map((key) => [
          `federation.cellplane.io/${key}`,
          null,
        ]),
      ),
    });
  });
});

describe("planCellNamespace()", () => {
  const wanted = {
    metadata: {
      name: "n",
      labels: { a: "1" },
      annotations: { [annotations.source]: "cp1/Cell/b/c/b.c" },
    },
  };
  const options = { adoption: "adopt", controlPlaneId: "cp1" } as const;
  const live = (
    set: Readonly<Record<string, string>>,
    more: KubernetesObject["metadata"] = {},
  ) => ({
    metadata: { name: "n", labels: { b: "2" }, annotations: set, ...more },
  });

  it("creates what is absent, and takes what is its own", () => {
    equal(planCellNamespace(wanted, undefined, options).kind, "create");
    equal(planCellNamespace(wanted, live(wanted.metadata.annotations), options).kind, "ready");
  });

  it("adopts what is nobody's only where that is allowed", () => {
    const plan = planCellNamespace(wanted, live({}), options);
    ok(plan.kind === "adopt");
    deepEqual(plan.object.metadata.labels, { b: "2", a: "1" });
    const refused = planCellNamespace(wanted, live({}), { ...options, adoption: "refuse" });
    equal(refused.kind === "refused" && refused.status, "AlreadyExists");
  });

  it("never takes another's, nor one that is going", () => {
    const other = planCellNamespace(
      wanted,
      live({ [annotations.source]: "cp1/Cell/x/c/x.c" }),
      options,
    );
    equal(other.kind === "refused" && other.status, "AlreadyOwned");
    const going = planCellNamespace(wanted, live({}, { deletionTimestamp: "x" }), options);
    equal(going.kind, "refused");
  });
});

describe("chooseApiVersion()", () => {
  const type = { ...configMapType, targetType: { ...configMapType.targetType, group: "apps" } };

  it("writes the template's version, else the newest common one, else none", () => {
    const own = { apiVersion: "apps/v1beta1" };
    equal(chooseApiVersion(type, own, ["v1", "v1beta1"]), "apps/v1beta1");
    equal(chooseApiVersion(type, own, ["v1"]), "apps/v1");
    equal(chooseApiVersion(type, undefined, undefined), "apps/v1");
    equal(
      chooseApiVersion({ ...type, targetVersions: ["v1beta2"] }, undefined, ["v1beta2"]),
      "apps/v1beta2",
    );
    equal(chooseApiVersion(type, undefined, ["v9"]), undefined);
    equal(chooseApiVersion(configMapType, { apiVersion: "/v1" }, undefined), "v1");
  });
});

describe("planRevisions()", () => {
  const ledger = readLedger(undefined);
  const object = (value: string, limit?: number) =>
    federatedConfigMap({
      template: { data: { value } },
      ...(limit ? { revisionHistoryLimit: limit } : {}),
    });
  const view = { ledger, seenInMembers: 0, historyLimit: 2 };

  it("gives returning contents a new number with the same hash", () => {
    const first = planRevisions({ ...view, object: object("1", 3), kept: [] });
    const second = planRevisions({ ...view, object: object("2", 3), kept: first.all });
    const third = planRevisions({ ...view, object: object("1", 3), kept: second.all });
    deepEqual(
      third.all.map(({ number }) => number),
      [1, 2, 3],
    );
    equal(third.current.hash, first.current.hash);
  });

  it("keeps the newest, the wanted one, and those that members stand on", () => {
    const kept = [1, 2, 3, 4, 5].map((number) => ({
      number,
      hash: `${number}`,
      template: {},
      overrides: [],
    }));
    const standing = { ...ledger, entries: new Map([["a", { version: "", revision: 2 }]]) };
    const plan = planRevisions({ ...view, ledger: standing, object: object("new"), kept });
    deepEqual(plan.pruned, [1, 3, 4]);
    // What is pruned counts no more, or `behind` would be another at the next plan.
    deepEqual(
      plan.all.map(({ number }) => number),
      [2, 5, 6],
    );
    const wanted = { ...object("new"), spec: { ...object("new").spec, revision: 3 } };
    deepEqual(planRevisions({ ...view, object: wanted, kept }).pruned, [1, 2, 4]);
    deepEqual(planRevisions({ ...view, object: object("new", 9), kept }).pruned, []);
  });
});

describe("revisionObject()", () => {
  const object = federatedConfigMap({});
  const revision = { number: 3, hash: "h", template: { data: { 单: "元" } }, overrides: undefined };

  it("is read as it was written, in each of its three kinds", () => {
    const { namespace: _, ...metadata } = object.metadata;
    const kinds = [
      revisionObject(object, revision, "ConfigMap"),
      revisionObject({ ...object, metadata }, revision, "ClusterRole"),
      revisionObject(object, revision, "Secret"),
    ];
    deepEqual(
      kinds.map(({ kind }) => kind),
      ["FederatedRevision", "ClusterFederatedRevision", "Secret"],
    );
    for (const each of kinds) deepEqual(readRevisionObject(each), revision);
    equal(kinds[2]?.["type"], revisionSecretType);
    ok(!JSON.stringify(kinds[2]).includes("元"));
    equal(kinds[0]?.metadata.name, "configmap-web-3");
  });

  it("fits its name, and reads nothing from what is none", () => {
    const long = { targetKind: "ConfigMap", name: "x".repeat(253) };
    ok(revisionObjectName(long, 12).length <= 253);
    ok(
      revisionObjectName(long, 1) !==
        revisionObjectName({ ...long, name: `${"x".repeat(252)}y` }, 1),
    );
    equal(readRevisionObject({ metadata: {} }), undefined);
    equal(readRevisionObject({ kind: "Secret", metadata: {}, data: { revision: "!" } }), undefined);
  });
});

describe("the ledger", () => {
  it("is read as it was written, in the order of names", () => {
    const status = {
      templateVersion: "t",
      overridesVersion: "o",
      clusterVersions: [
        { clusterName: "a", version: "gen:1", revision: 2, hash: "h" },
        { clusterName: "b", version: "rv:5" },
      ],
    };
    const { clusterVersions } = status;
    const shuffled = { ...status, clusterVersions: clusterVersions.toReversed() };
    deepEqual(writeLedger(readLedger(shuffled)), status);
  });

  it("stays the same object where nothing changes", () => {
    const world = new World(["a"]);
    const object = federatedConfigMap({ template, placement: { clusters: names("a") } });
    world.reconcile(object);
    const { ledger } = world;
    world.reconcile(object);
    equal(world.ledger, ledger);
  });

  it("does not take what KubeFed recorded for a later template", () => {
    const before = {
      entries: new Map([["a", { version: "rv:1" }]]),
      templateVersion: "old",
      overridesVersion: "old",
    };
    const change = { kind: "set", entry: { version: "rv:2", hash: "h" } } as const;
    const after = changeLedger(before, [{ member: "b", change }], {
      object: federatedConfigMap({ template }),
    });
    equal(after.entries.get("a")?.hash, "");
  });
});

describe("createSettler()", () => {
  const view = viewOf(federatedConfigMap({ template, placement: { clusters: names("a") } }), [
    memberNamed("a"),
  ]);
  const decision = decisionIn(planSync(view), "a");
  const settle = createSettler(view, "now");

  it("reports KubeFed's words for what failed or took too long, and leaves the ledger", () => {
    for (const [kind, status] of [
      ["failed", "CreationFailed"],
      ["timedOut", "CreationTimedOut"],
    ] as const) {
      const { report, ledger } = settle(decision, { kind, message: "why" });
      deepEqual(
        [report.status, report.message, report.revision, ledger.kind],
        [status, "why", undefined, "keep"],
      );
    }
  });

  it("records what was written, when, and what the member made of it", () => {
    const object = { metadata: { generation: 3, resourceVersion: "9" }, data: { key: "1" } };
    const { report, ledger } = settle(decision, { kind: "written", object });
    equal(report.revision, 1);
    ok(ledger.kind === "set");
    const { version, revision, appliedAt, contentHash, hash } = ledger.entry;
    deepEqual([version, revision, appliedAt, hash], ["gen:3", 1, "now", decision.brings?.hash]);
    match(contentHash ?? "", /^[0-9a-f]{8}:[0-9a-f]{32}$/);
  });
});

describe("tombstones", () => {
  it("remove exactly what was left behind", () => {
    const view = viewOf(federatedConfigMap({ template, placement: { clusters: names("a") } }), [
      memberNamed("a"),
    ]);
    const tombstone = tombstoneOf(decisionIn(planSync(view), "a"), view, "system");
    ok(tombstone);
    deepEqual(tombstone.spec.target, {
      apiVersion: "v1",
      kind: "ConfigMap",
      pluralName: "configmaps",
      namespace: "bank",
      name: "web",
    });
    const left = { [annotations.source]: tombstone.spec.source, [annotations.uid]: "u1" };
    ok(isTombstoneDue(tombstone, { metadata: { annotations: left } }));
    ok(
      !isTombstoneDue(tombstone, {
        metadata: { annotations: { ...left, [annotations.uid]: "u2" } },
      }),
    );
    ok(!isTombstoneDue(tombstone, { metadata: {} }));
  });
});
