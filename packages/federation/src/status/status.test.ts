import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederatedObject } from "../api/federated-object.ts";
import { aggregateStatus, formatReleased } from "./aggregate-status.ts";
import { fitStatus } from "./fit-status.ts";
import type { StatusInput } from "./status-input.ts";
import type { TopologyReport } from "./topology-report.ts";

const early = "2026-01-01T00:00:00Z";
const late = "2026-01-01T01:00:00Z";

function report(member: string, change: Partial<TopologyReport> = {}): TopologyReport {
  return {
    member,
    topology: member,
    cluster: member,
    inPlacement: true,
    status: "",
    message: "",
    revision: 7,
    behind: 0,
    drifted: false,
    ...change,
  };
}

function input(reports: readonly TopologyReport[], change: Partial<StatusInput> = {}): StatusInput {
  return {
    topologyType: "cell",
    generation: 4,
    currentRevision: 7,
    desiredRevision: 7,
    mode: "sync",
    reason: "",
    message: "",
    reports,
    blockedBy: [],
    remoteStatus: "optional",
    now: early,
    ...change,
  };
}

const bare: FederatedObject = { metadata: { name: "web" } };
const held = report("b", { status: "Held", message: "why", revision: 6, behind: 1 });

function conditionOf(status: FederatedObject["status"], type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

describe("aggregateStatus()", () => {
  it("reports what the design shows: one topology released, one held", () => {
    const status = aggregateStatus(
      input([held, report("a", { remoteStatus: { ready: 1 } })]),
      bare,
    );
    equal(status.released, "1/2");
    equal(status.state, "Held");
    equal(status.observedGeneration, 4);
    deepEqual(status.clusters, [
      { name: "a", topology: "a", cluster: "a", revision: 7, remoteStatus: { ready: 1 } },
      {
        name: "b",
        topology: "b",
        cluster: "b",
        status: "Held",
        message: "why",
        revision: 6,
        behind: 1,
      },
    ]);
    deepEqual(conditionOf(status, "Released"), {
      type: "Released",
      status: "False",
      reason: "Held",
      message: "1 of 2 cells at revision 7",
      lastUpdateTime: early,
      lastTransitionTime: early,
    });
    deepEqual(conditionOf(status, "Propagation")?.reason, "CheckClusters");
  });

  it("shows type cluster as KubeFed does: names alone, and no key for what is fine", () => {
    const status = aggregateStatus(input([report("a")], { topologyType: "cluster" }), bare);
    deepEqual(status.clusters, [{ name: "a", revision: 7 }]);
    const propagation = conditionOf(status, "Propagation");
    equal(propagation?.status, "True");
    ok(propagation && !("reason" in propagation));
  });

  it("is the very same object where nothing but the time differs", () => {
    const status = aggregateStatus(input([report("a"), held]), bare);
    const object = { ...bare, status };
    equal(aggregateStatus(input([held, report("a")], { now: late }), object), status);
    ok(
      aggregateStatus(input([held, report("a")], { now: late, generation: 5 }), object) !== status,
    );
  });

  it("moves the transition time with the status alone, and the update time with every change", () => {
    const status = aggregateStatus(input([report("a"), held]), bare);
    const more = { ...held, behind: 2 };
    const next = aggregateStatus(input([report("a"), more], { now: late }), { ...bare, status });
    const propagation = conditionOf(next, "Propagation");
    deepEqual([propagation?.lastTransitionTime, propagation?.lastUpdateTime], [early, late]);
    const done = aggregateStatus(input([report("a"), report("b")], { now: late }), {
      ...bare,
      status,
    });
    equal(conditionOf(done, "Propagation")?.lastTransitionTime, late);
  });

  it("says in one word how it stands", () => {
    const stateOf = (reports: readonly TopologyReport[], change: Partial<StatusInput> = {}) =>
      aggregateStatus(input(reports, change), bare).state;
    equal(stateOf([]), "Unplaced");
    equal(stateOf([report("a")]), "Released");
    equal(stateOf([report("a", { revision: 6 })]), "Progressing");
    equal(stateOf([report("a"), held]), "Held");
    equal(stateOf([report("a", { status: "ClusterNotReady" }), held]), "Degraded");
    equal(stateOf([report("a", { status: "WaitingForRemoval", inPlacement: false })]), "Removing");
    equal(stateOf([], { mode: "delete" }), "Deleting");
    equal(stateOf([], { reason: "NamespaceNotFederated" }), "NamespaceNotFederated");
  });

  it("keeps what was last known where no placement could be computed", () => {
    const status = aggregateStatus(input([report("a")]), bare);
    const failed = input([], { reason: "ComputePlacementFailed", message: "why" });
    deepEqual(aggregateStatus(failed, { ...bare, status }).clusters, status.clusters);
    deepEqual(
      conditionOf(aggregateStatus(failed, bare), "Propagation")?.reason,
      "ComputePlacementFailed",
    );
  });

  it("names what a deletion waits for", () => {
    const blockedBy = [{ topology: "rz01a", reason: "not ready" }];
    const status = aggregateStatus(input([], { mode: "delete", blockedBy }), bare);
    match(conditionOf(status, "Deletion")?.message ?? "", /^waits for rz01a \(not ready\)$/);
    const free = aggregateStatus(input([], { mode: "delete" }), bare);
    equal(conditionOf(free, "Deletion")?.status, "True");
  });

  it("waits for remote statuses only where that is asked", () => {
    const reports = [report("a")];
    const awaited = aggregateStatus(input(reports, { remoteStatus: "awaited" }), bare);
    equal(conditionOf(awaited, "Propagation")?.reason, "CheckClusters");
  });

  it("does not write a cut status again and again", () => {
    const reports = Array.from({ length: 40 }, (_, index) =>
      report(`m${index}`, { remoteStatus: { text: "x".repeat(40_000) } }),
    );
    const status = aggregateStatus(input(reports), bare);
    ok((status.omittedRemoteStatuses?.count ?? 0) > 0);
    equal(aggregateStatus(input(reports, { now: late }), { ...bare, status }), status);
  });
});

describe("formatReleased()", () => {
  it("counts what is in placement only, and what is unreachable by the last known", () => {
    const reports = [
      report("a"),
      report("b", { status: "ClusterNotReady" }),
      report("c", { status: "TopologyNotFound" }),
      report("d", { inPlacement: false }),
      report("e", { behind: 2 }),
    ];
    equal(formatReleased({ reports, desiredRevision: 7 }), "2/4");
  });
});

describe("fitStatus()", () => {
  const status = {
    clusters: [
      { name: "a", remoteStatus: "x".repeat(4000) },
      { name: "b", remoteStatus: "x".repeat(6000) },
      { name: "c" },
    ],
  };

  it("leaves what is small alone", () => {
    equal(fitStatus(bare, status), status);
  });

  it("drops the largest first, and says how many", () => {
    const fitted = fitStatus(bare, status, 6000);
    deepEqual(
      fitted.clusters?.map((entry) => entry.remoteStatus !== undefined),
      [true, false, false],
    );
    equal(fitted.omittedRemoteStatuses?.count, 1);
    ok(JSON.stringify({ ...bare, status: fitted }).length <= 6000);
  });
});
