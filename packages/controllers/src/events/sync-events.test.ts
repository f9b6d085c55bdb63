import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  FederatedObject,
  SyncPlan,
  TopologyDecision,
  TopologyReport,
} from "@cellplane/federation";
import { syncEvents, type SyncStory } from "./sync-events.ts";

const object: FederatedObject = {
  apiVersion: "types.kubefed.io/v1beta1",
  kind: "FederatedConfigMap",
  metadata: { name: "web", namespace: "bank" },
};

const plan: SyncPlan = {
  generation: 1,
  uid: "u",
  mode: "sync",
  finalizer: "keep",
  pruneRevisions: [],
  currentRevision: 1,
  desiredRevision: 1,
  decisions: [],
  reason: "",
  message: "",
  blockedBy: [],
  abandoned: [],
  warnings: [],
};

function decision(kind: "create" | "delete", member = "hz-a"): TopologyDecision {
  const target = { apiVersion: "v1", kind: "ConfigMap", resource: "configmaps" };
  return {
    member,
    topology: "hz-a",
    cluster: "hz-a",
    inPlacement: true,
    inMask: true,
    target: { ...target, namespace: "bank", name: "web" },
    operation: kind === "create" ? { kind, object } : { kind, options: {} },
    ledger: { kind: "keep" },
    status: "",
    reported: true,
    reason: "",
    behind: 0,
    drifted: false,
  };
}

function report(change: Partial<TopologyReport>): TopologyReport {
  return {
    member: "hz-a",
    topology: "hz-a",
    cluster: "hz-a",
    inPlacement: true,
    status: "",
    message: "",
    behind: 0,
    drifted: false,
    ...change,
  };
}

function story(change: Partial<SyncStory>): SyncStory {
  return {
    object,
    targetKind: "ConfigMap",
    federatedKind: "FederatedConfigMap",
    plan,
    results: [],
    reports: [],
    isStarting: () => false,
    ...change,
  };
}

describe("syncEvents()", () => {
  it("tells a write in KubeFed's words, with the controller's name", () => {
    const results = [
      { decision: decision("create"), outcome: { kind: "written", object } },
    ] as const;
    deepEqual(syncEvents(story({ results })), [
      {
        type: "Normal",
        reason: "CreateInCluster",
        message: 'Creating ConfigMap "bank/web" in cluster "hz-a"',
        component: "federatedconfigmap-controller",
      },
    ]);
  });

  it("names the topology where it is not the cluster", () => {
    const results = [
      { decision: decision("delete", "bank.rz00a"), outcome: { kind: "removed" } },
    ] as const;
    match(
      syncEvents(story({ results }))[0]?.message ?? "",
      /in topology "hz-a" of cluster "hz-a"$/,
    );
  });

  it("tells a failure once, and again only when it is another", () => {
    const outcome = { kind: "failed", message: "no quota" } as const;
    const results = [{ decision: decision("create"), outcome }];
    const failed = { status: "CreationFailed", message: "no quota" } as const;
    const reports = [report(failed)];
    const first = syncEvents(story({ results, reports }));
    deepEqual(
      first.map(({ type, reason, message }) => [type, reason, message]),
      [
        [
          "Warning",
          "CreateInClusterFailed",
          'Failed to create ConfigMap "bank/web" in cluster "hz-a": no quota',
        ],
      ],
    );
    const known = { ...object, status: { clusters: [{ name: "hz-a", ...failed }] } };
    deepEqual(syncEvents(story({ object: known, results, reports })), []);
  });

  it("quotes nothing that a server says of a Secret", () => {
    const outcome = { kind: "failed", message: 'data "hunter2" is invalid' } as const;
    const results = [{ decision: decision("create"), outcome }];
    const reports = [report({ status: "AlreadyExists", message: "hunter2" })];
    const text = JSON.stringify(syncEvents(story({ targetKind: "Secret", results, reports })));
    equal(text.includes("hunter2"), false);
  });

  it("tells what state a topology has come into, and only then", () => {
    const held = report({ status: "Held", message: "held at revision 1" });
    const lost = report({ member: "gone", topology: "gone", status: "TopologyNotFound" });
    const away = report({ member: "b", topology: "b", cluster: "b", status: "ClusterNotReady" });
    const told = syncEvents(story({ reports: [held, lost, away] }));
    deepEqual(
      told.map(({ type, reason }) => `${type} ${reason}`),
      ["Normal Held", "Warning TopologyNotFound", "Warning ClusterNotReady"],
    );
    const clusters = [{ name: "hz-a", status: "Held" } as const];
    deepEqual(
      syncEvents(story({ object: { ...object, status: { clusters } }, reports: [held] })),
      [],
    );
  });

  it("says nothing of a cache that is being filled for the first time", () => {
    const reports = [report({ status: "CachedRetrievalFailed", message: "not yet" })];
    deepEqual(syncEvents(story({ reports, isStarting: () => true })), []);
    equal(syncEvents(story({ reports })).length, 1);
  });

  it("tells the warnings of a template once a generation", () => {
    const warnings = [{ reason: "AnnotationsNotSupported", message: "why" }] as const;
    const warned = { ...plan, generation: 4, warnings };
    equal(syncEvents(story({ plan: warned })).length, 1);
    const seen = { ...object, status: { observedGeneration: 4 } };
    deepEqual(syncEvents(story({ plan: warned, object: seen })), []);
  });

  it("tells what a deletion waits for, and what it leaves behind", () => {
    const blockedBy = [{ topology: "b", status: "ClusterNotReady", reason: "" }] as const;
    const waiting = syncEvents(story({ plan: { ...plan, mode: "delete", blockedBy } }));
    deepEqual(
      waiting.map(({ reason, message }) => [reason, message]),
      [
        [
          "WaitForRemovalInCluster",
          "Waiting for managed resources to be removed from the following clusters: b",
        ],
      ],
    );
    const abandoned = [decision("delete")];
    const leaving = { ...plan, mode: "delete", finalizer: "remove", abandoned } as const;
    deepEqual(
      syncEvents(story({ plan: leaving })).map(({ reason }) => reason),
      ["TopologyAbandoned"],
    );
  });
});
