import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederatedObject, FederatedSpec } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { annotations, labels } from "../api/names.ts";
import type { ReplicaSchedulingPreferenceSpec } from "../api/replica-scheduling-preference.ts";
import { toTopologyView } from "../conversion/convert-federated-object.ts";
import { noTenant } from "../placement/tenant-scope.ts";
import { revisionContent } from "../plan/revision.ts";
import { isWhollyReady, type MemberReplicas, replicasOf } from "./member-replicas.ts";
import { planScheduling } from "./plan-scheduling.ts";
import { readPods } from "./read-pods.ts";
import { withoutSchedule } from "./scheduler-overrides.ts";
import { schedulingStatus } from "./scheduling-status.ts";
import type { SchedulingDecision, SchedulingView } from "./scheduling-view.ts";

type LabelSet = Readonly<Record<string, string>>;

function cluster(name: string, set: LabelSet = {}): KubeFedCluster {
  return { metadata: { name, labels: set }, spec: { apiEndpoint: "x", secretRef: { name: "s" } } };
}

function cell(name: string, set: LabelSet = {}): KubeFedCluster {
  return cluster(`bank.${name}`, { [labels.cell]: name, [labels.cluster]: "a", ...set });
}

function workload(spec: FederatedSpec = {}, type = "cluster"): FederatedObject {
  const carry =
    type === "cluster"
      ? {}
      : { annotations: { [annotations.topologyCarry]: JSON.stringify({ type }) } };
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    metadata: { name: "web", namespace: "bank", ...carry },
    spec: { template: { spec: { replicas: 1 } }, ...spec },
  };
}

const absent: MemberReplicas = { kind: "absent" };
const lost: MemberReplicas = { kind: "lost" };
const runs = (running: number): MemberReplicas => ({ kind: "present", running });

interface Given extends Partial<SchedulingView> {
  readonly preferences?: ReplicaSchedulingPreferenceSpec["clusters"];
  readonly spec?: Partial<ReplicaSchedulingPreferenceSpec>;
  readonly members?: Readonly<Record<string, MemberReplicas>>;
}

function plan(totalReplicas: number, given: Given = {}): SchedulingDecision {
  const { preferences, spec, members, ...rest } = given;
  const clusters = rest.clusters ?? [cluster("a"), cluster("b")];
  const all = clusters.map(({ metadata }) => [metadata.name ?? "", absent] as const);
  return planScheduling({
    preference: {
      metadata: { name: "web", namespace: "bank" },
      spec: {
        targetKind: "FederatedDeployment",
        totalReplicas,
        ...(preferences === undefined ? {} : { clusters: preferences }),
        ...spec,
      },
    },
    object: workload(),
    over: "Clusters",
    tenant: noTenant,
    isolation: "byTenant",
    namespaceLimit: { kind: "none" },
    ...rest,
    clusters,
    replicas: new Map([...all, ...Object.entries(members ?? {})]),
  });
}

/** `{a: 2, b: 2}`: what overrides give to each name in placement, `?` where none does. */
function given({ object }: SchedulingDecision): Readonly<Record<string, unknown>> {
  const { spec } = toTopologyView(object);
  const value = (name: string): unknown =>
    spec?.overrides?.find(({ topologyName }) => topologyName === name)?.topologyOverrides?.[0]
      ?.value ?? "?";
  return Object.fromEntries(
    (spec?.placement?.topologies ?? []).map(({ name }) => [name, value(name)]),
  );
}

describe("planScheduling()", () => {
  it("spreads as KubeFed's own tests have it", () => {
    deepEqual(given(plan(4)), { a: 2, b: 2 });
    const weights = { a: { weight: 2 }, b: { weight: 1 } };
    deepEqual(given(plan(6, { preferences: weights })), { a: 4, b: 2 });
    const minimums = { a: { weight: 2, minReplicas: 3 }, b: { weight: 1, minReplicas: 3 } };
    deepEqual(given(plan(6, { preferences: minimums })), { a: 3, b: 3 });
    const selected = plan(6, {
      spec: { intersectWithClusterSelector: true },
      object: workload({ placement: { clusterSelector: { matchLabels: { foo: "bar" } } } }),
      clusters: [cluster("a", { foo: "bar" }), cluster("b")],
    });
    deepEqual(given(selected), { a: 6 });
    // The selector stays, for the next time.
    deepEqual(selected.object.spec?.placement?.clusterSelector, { matchLabels: { foo: "bar" } });
  });

  it("writes KubeFed's form: a path and a value, and who wrote it", () => {
    const { object } = plan(4);
    deepEqual(object.spec?.overrides, [
      {
        clusterName: "a",
        clusterOverrides: [{ path: "/spec/replicas", value: 2 }],
        source: "scheduler",
      },
      {
        clusterName: "b",
        clusterOverrides: [{ path: "/spec/replicas", value: 2 }],
        source: "scheduler",
      },
    ]);
    const bare = plan(1, { object: workload({ template: { spec: {} } }) });
    equal(bare.object.spec?.overrides?.[0]?.clusterOverrides?.[0]?.op, "add");
  });

  it("changes nothing once it is as planned, and nothing that makes a revision", () => {
    const first = plan(4);
    const again = plan(4, { object: first.object, members: { a: runs(2), b: runs(2) } });
    equal(again.object, first.object);
    equal(revisionContent(first.object).hash, revisionContent(workload()).hash);
  });

  it("leaves other overrides, and other paths of a scheduler, as they are", () => {
    const theirs = [
      { clusterName: "a", clusterOverrides: [{ path: "/spec/paused", value: true }] },
      {
        clusterName: "a",
        clusterOverrides: [{ path: "/spec/minReadySeconds", value: 3 }],
        source: "scheduler",
      },
    ];
    const before = workload({ overrides: theirs });
    const { object } = plan(4, { object: before });
    deepEqual(object.spec?.overrides?.[0], theirs[0]);
    deepEqual(object.spec?.overrides?.[1]?.clusterOverrides, [
      { path: "/spec/minReadySeconds", value: 3 },
      { path: "/spec/replicas", value: 2 },
    ]);
    deepEqual(withoutSchedule(object).spec?.overrides, theirs);
    equal(withoutSchedule(before), before);
    equal(withoutSchedule(plan(4).object).spec?.overrides, undefined);
  });

  it("does not place where nothing goes, unless the object is there", () => {
    const one = { a: { weight: 1 } };
    deepEqual(given(plan(3, { preferences: one })), { a: 3 });
    const both = plan(3, { preferences: one, members: { a: runs(1), b: runs(2) } });
    deepEqual(given(both), { a: 3, b: 0 });
  });

  it("gives a lost member's replicas to the others, and takes nothing away from it", () => {
    const before = plan(4).object;
    const without = plan(4, { object: before, members: { a: runs(2), b: lost } });
    deepEqual(given(without), { a: 4, b: 2 });
    match(without.message, /^4 of 4 replicas over 2 clusters; "b" cannot be reached$/);
    const members = { a: runs(4), b: runs(2) };
    const kept = plan(4, { object: without.object, members });
    equal(
      Object.values(given(kept)).reduce((a, b) => Number(a) + Number(b), 0),
      4,
    );
    const back = plan(4, { object: without.object, members, spec: { rebalance: true } });
    deepEqual(given(back), { a: 2, b: 2 });
    // One that never had any is not placed for being lost.
    deepEqual(given(plan(4, { members: { b: lost } })), { a: 4 });
    equal(plan(4, { members: { a: lost, b: lost } }).reason, "NoReadyTopologies");
  });

  it("takes a member that cannot be asked for what it was given", () => {
    const before = plan(4).object;
    const members = { a: runs(2), b: { kind: "unknown" } as const };
    equal(plan(4, { object: before, members }).object, before);
  });

  it("asks for what is beyond a capacity, and says that it found no room", () => {
    const members = { a: { kind: "present", running: 1, capacity: 1 }, b: absent } as const;
    const limited = { a: { weight: 1 }, b: { weight: 1, maxReplicas: 2 } };
    const decision = plan(6, { members, preferences: limited, spec: { rebalance: true } });
    equal(decision.status, "False");
    equal(decision.reason, "NotAllPlaced");
    match(decision.message, /^3 of 6 replicas/);
    equal(given(decision)["b"], 2);
    ok(Number(given(decision)["a"]) > 1);
  });

  it("spreads over the cells of the namespace, named as cells or as their clusters", () => {
    const clusters = [cluster("a"), cell("rz00a"), cell("rz01a")];
    const common = { object: workload({}, "cell"), over: "Cells", clusters } as const;
    deepEqual(given(plan(4, common)), { rz00a: 2, rz01a: 2 });
    const preferences = { rz00a: { weight: 2 }, "bank.rz01a": { weight: 1 } };
    const decision = plan(6, { ...common, preferences });
    deepEqual(given(decision), { rz00a: 4, rz01a: 2 });
    deepEqual(
      decision.object.spec?.placement?.clusters?.map(({ name }) => name),
      ["bank.rz00a", "bank.rz01a"],
    );
    match(decision.message, /^6 of 6 replicas over 2 cells$/);
  });

  it("spreads over label values, and within one evenly over its members", () => {
    const zones = [
      cluster("a", { zone: "z1" }),
      cluster("b", { zone: "z1" }),
      cluster("c", { zone: "z2" }),
    ];
    const object = workload({ topologyKey: "zone" }, "zone");
    const preferences = { z1: { weight: 2 }, z2: { weight: 1 } };
    deepEqual(given(plan(6, { object, clusters: zones, preferences })), { z1: 2, z2: 2 });
    const uneven = plan(5, { object, clusters: zones, preferences: { z1: { weight: 1 } } });
    const counts = uneven.members.map(({ name, replicas }) => `${name}=${replicas}`);
    deepEqual(new Set(counts).size, 2);
    equal(
      uneven.members.reduce((sum, { replicas }) => sum + replicas, 0),
      5,
    );
    deepEqual(toTopologyView(uneven.object).spec?.placement?.topologies, [{ name: "z1" }]);
    equal(uneven.object.spec?.overrides?.[0]?.clusterName, "a");
  });

  it("never chooses what the tenant may not see, and says so in the words for what is not", () => {
    const foreign = cluster("theirs", {
      [labels.tenant]: "other",
      [labels.workspaceGroup]: "prod",
    });
    const preferences = { "*": { weight: 1 }, theirs: { weight: 1000 }, nowhere: { weight: 1 } };
    const decision = plan(4, { clusters: [cluster("a"), foreign], preferences });
    deepEqual(given(decision), { a: 4 });
    match(decision.message, /; no topology "theirs", "nowhere" may be chosen here$/);
  });

  it("stays within a FederatedNamespace, and without one waits only if asked to intersect", () => {
    const home: FederatedObject = {
      metadata: { name: "bank", namespace: "bank" },
      spec: { placement: { clusters: [{ name: "b" }] } },
    };
    const limit = { kind: "federated", object: home, over: "Clusters" } as const;
    deepEqual(given(plan(4, { namespaceLimit: limit })), { b: 4 });
    const none = { kind: "notFederated" } as const;
    deepEqual(given(plan(4, { namespaceLimit: none })), { a: 2, b: 2 });
    const asked = plan(4, {
      namespaceLimit: none,
      spec: { intersectWithClusterSelector: true },
      object: workload({ placement: { clusterSelector: {} } }),
    });
    equal(asked.reason, "NoTopologySelected");
    deepEqual(asked.object.spec?.overrides, undefined);
  });

  it("refuses what makes no sense, and touches nothing then", () => {
    const faults = [
      plan(-1),
      plan(1, { preferences: { a: { minReplicas: 3, maxReplicas: 2 } } }),
      plan(1, { preferences: { a: { weight: 0.5 } } }),
    ];
    deepEqual(
      faults.map(({ reason, message }) => `${reason}: ${message}`),
      [
        "InvalidPreferences: spec.totalReplicas must be 0 or more: it is -1",
        'InvalidPreferences: spec.clusters["a"].maxReplicas must not be below minReplicas: it is 2',
        'InvalidPreferences: spec.clusters["a"].weight must be 0 or more: it is 0.5',
      ],
    );
  });
});

describe("schedulingStatus()", () => {
  it("is the preference's own while nothing but the time differs", () => {
    const decision = plan(4);
    const spec = { targetKind: "FederatedDeployment", totalReplicas: 4 };
    const preference = { metadata: { name: "web", generation: 2 }, spec };
    const status = schedulingStatus(preference, decision, "2026-01-01T00:00:00Z");
    equal(status.observedGeneration, 2);
    deepEqual(status.clusters?.[0], { name: "a", topology: "a", replicas: 2 });
    const later = { ...preference, status };
    equal(schedulingStatus(later, decision, "2026-01-01T00:00:01Z"), status);
  });
});

describe("readPods()", () => {
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const pod = (phase: string, conditions: readonly object[]) => ({
    metadata: {},
    status: { phase, conditions: conditions as never },
  });
  const waiting = (since: number) =>
    pod("Pending", [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        lastTransitionTime: at(since),
      },
    ]);

  it("counts pods that run and whose Ready is True", () => {
    const pods = [
      pod("Running", [{ type: "Ready", status: "True" }]),
      pod("Running", [{ type: "Ready", status: "False" }]),
      pod("Running", []),
      pod("Succeeded", [{ type: "Ready", status: "True" }]),
    ];
    deepEqual(readPods(pods, 0), { ready: 1, unschedulable: 0 });
  });

  it("gives young pods a minute, and asks again when the first one's is over", () => {
    const pods = [waiting(0), waiting(50), waiting(70)];
    deepEqual(readPods(pods, 100_000), { ready: 0, unschedulable: 1, nextAtMs: 110_000 });
    deepEqual(readPods(pods.toReversed(), 100_000).nextAtMs, 110_000);
  });

  it("turns unschedulable pods into a capacity, where the workload is not wholly ready", () => {
    const target = { metadata: {}, spec: { replicas: 5 }, status: { readyReplicas: 3 } };
    ok(!isWhollyReady(target));
    const facts = { ready: 3, unschedulable: 2, nextAtMs: 9 };
    const expected = { kind: "present", running: 3, capacity: 3, nextAtMs: 9 };
    deepEqual(replicasOf(target, facts), expected);
    const done = { ...target, status: { readyReplicas: 5 } };
    ok(isWhollyReady(done));
    deepEqual(replicasOf(done, undefined), { kind: "present", running: 5 });
  });
});
