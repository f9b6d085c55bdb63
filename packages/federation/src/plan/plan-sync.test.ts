import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederatedSpec } from "../api/federated-object.ts";
import { annotations, kubefed } from "../api/names.ts";
import { isPlanCurrent, planSync } from "./plan-sync.ts";
import {
  dataOf,
  decisionIn,
  federatedConfigMap,
  names,
  settings,
  statusesOf,
  World,
} from "./sync-view.suite.ts";

const at = (value: string, more: FederatedSpec = {}, generation = 1) =>
  federatedConfigMap(
    { template: { data: { key: value } }, placement: { clusters: names("a", "b") }, ...more },
    { generation },
  );
const mask = (...list: readonly string[]) => ({ placementMask: { clusters: names(...list) } });
const pin = (...list: readonly string[]) => ({
  placementMask: { clusters: names(...list), heldPolicy: "Pin" as const },
});

function released(value = "1"): World {
  const world = new World(["a", "b", "c"]);
  world.reconcile(at(value));
  world.writes.length = 0;
  return world;
}

describe("planSync() without a mask", () => {
  it("creates where the object is absent, and then does nothing", () => {
    const world = new World(["a", "b", "c"]);
    const plan = world.reconcile(at("1"));
    deepEqual(world.writes, ["create a", "create b"]);
    equal(plan.newRevision?.number, 1);
    deepEqual(statusesOf(plan), { a: "", b: "" });
    const again = world.reconcile(at("1"));
    deepEqual(world.writes, ["create a", "create b"]);
    equal(again.newRevision, undefined);
  });

  it("writes who wrote it, in the same write", () => {
    const set = released().objectIn("a")?.metadata.annotations ?? {};
    equal(set[annotations.source], "cp1/FederatedConfigMap/bank/web/a");
    equal(set[annotations.uid], "u1");
    equal(set[annotations.generation], "1");
    equal(set[annotations.revision], "1");
  });

  it("updates where the rendering differs, with the resourceVersion that was read", () => {
    const world = released();
    const { resourceVersion } = world.objectIn("a")?.metadata ?? {};
    const plan = planSync(world.view(at("2", {}, 2)));
    const { operation } = decisionIn(plan, "a");
    equal(
      operation.kind === "update" && operation.object.metadata.resourceVersion,
      resourceVersion,
    );
    equal(plan.currentRevision, 2);
  });

  it("updates only the cluster whose override changed", () => {
    const world = released();
    const overrides = [{ clusterName: "a", clusterOverrides: [{ path: "/data/key", value: "x" }] }];
    const plan = world.reconcile(at("1", { overrides }, 2));
    deepEqual(world.writes, ["update a"]);
    equal(plan.currentRevision, 2);
    equal(world.ledger.entries.get("b")?.revision, 2);
  });

  it("undoes a change made in the member, but not one of status or of foreign annotations", () => {
    const world = released();
    const live = world.objectIn("a") ?? { metadata: {} };
    const set = { ...live.metadata.annotations, "someone.io/else": "1" };
    world.put("a", { ...live, status: { x: 1 }, metadata: { ...live.metadata, annotations: set } });
    world.reconcile(at("1"));
    deepEqual(world.writes, []);
    world.put("a", { ...(world.objectIn("a") ?? live), data: { key: "edited" } });
    const plan = world.reconcile(at("1"));
    deepEqual(world.writes, ["update a"]);
    equal(decisionIn(plan, "a").repairs, "/data/key");
    deepEqual(dataOf(world.objectIn("a")), { key: "1" });
    equal(world.objectIn("a")?.metadata.annotations?.["someone.io/else"], "1");
  });

  it("creates again what is gone", () => {
    const world = released();
    world.remove("b");
    world.reconcile(at("1"));
    deepEqual(world.writes, ["create b"]);
  });

  it("deletes out of placement exactly what was read, waiting until it is gone", () => {
    const world = released();
    const plan = planSync(world.view(at("1", { placement: { clusters: names("a") } }, 2)));
    const { operation, status } = decisionIn(plan, "b");
    equal(status, "WaitingForRemoval");
    const { metadata } = world.objectIn("b") ?? { metadata: {} };
    deepEqual(operation, {
      kind: "delete",
      options: { preconditions: { uid: "m", resourceVersion: metadata.resourceVersion } },
    });
  });

  it("forgets what is out of placement and gone", () => {
    const world = released();
    const narrowed = at("1", { placement: { clusters: names("a") } }, 2);
    world.reconcile(narrowed);
    const plan = world.reconcile(narrowed);
    deepEqual(statusesOf(plan), { a: "" });
    deepEqual(Array.from(world.ledger.entries.keys()), ["a"]);
  });
});

describe("planSync() with a mask", () => {
  it("updates only rz00a when the mask names only rz00a", () => {
    const world = released();
    const plan = world.reconcile(at("2", mask("a"), 2));
    deepEqual(world.writes, ["update a"]);
    deepEqual(statusesOf(plan), { a: "", b: "Held" });
    equal(decisionIn(plan, "b").behind, 1);
    equal(decisionIn(plan, "b").revision, 1);
  });

  it("holds everything when it is empty", () => {
    const world = released();
    world.reconcile(at("2", mask(), 2));
    deepEqual(world.writes, []);
  });

  it("is ignored while the gate is off", () => {
    const world = released();
    world.reconcile(at("2", mask(), 2), { settings: { ...settings, masks: "off" } });
    deepEqual(world.writes, ["update a", "update b"]);
  });

  it("does not create what was never created: NotReleased", () => {
    const world = new World(["a", "b"]);
    const plan = world.reconcile(at("1", mask("a")));
    deepEqual(world.writes, ["create a"]);
    deepEqual(statusesOf(plan), { a: "", b: "NotReleased" });
  });

  it("leaves what is out of placement: PendingRemoval", () => {
    const world = released();
    const plan = world.reconcile(at("1", { placement: { clusters: names("a") }, ...mask("a") }, 2));
    deepEqual(world.writes, []);
    deepEqual(statusesOf(plan), { a: "", b: "PendingRemoval" });
  });

  it("counts only revisions that change the topology, and moves on without a write", () => {
    const world = released();
    const overrides = [{ clusterName: "a", clusterOverrides: [{ path: "/data/key", value: "x" }] }];
    const plan = world.reconcile(at("1", { overrides, ...mask("a") }, 2));
    deepEqual(world.writes, ["update a"]);
    deepEqual(statusesOf(plan), { a: "", b: "" });
    equal(world.ledger.entries.get("b")?.revision, 2);
    for (const [index, value] of ["2", "3", "3", "4"].entries()) {
      world.reconcile(at(value, { overrides, ...mask("a") }, index + 3));
    }
    const last = world.reconcile(at("4", { overrides, ...mask("a") }, 9));
    equal(decisionIn(last, "b").behind, 3);
    equal(last.currentRevision, 5);
  });

  it("under Freeze reports drift and loss, and writes nothing", () => {
    const world = released();
    world.put("a", { ...(world.objectIn("a") ?? { metadata: {} }), data: { key: "edited" } });
    world.remove("b");
    const plan = world.reconcile(at("1", mask(), 2));
    deepEqual(world.writes, []);
    deepEqual(statusesOf(plan), { a: "Held", b: "Held" });
    ok(decisionIn(plan, "a").drifted && decisionIn(plan, "b").drifted);
  });

  it("under Pin writes the ledger's bytes again, never the newest", () => {
    const world = released();
    world.put("a", { ...(world.objectIn("a") ?? { metadata: {} }), data: { key: "edited" } });
    world.remove("b");
    const plan = world.reconcile(at("2", pin(), 2));
    deepEqual(world.writes, ["update a", "create b"]);
    deepEqual(dataOf(world.objectIn("a")), { key: "1" });
    deepEqual(dataOf(world.objectIn("b")), { key: "1" });
    deepEqual(statusesOf(plan), { a: "Held", b: "Held" });
    equal(world.ledger.entries.get("b")?.revision, 1);
  });

  it("under Pin writes nothing where the bytes cannot be rendered any more", () => {
    const world = released();
    world.put("a", { ...(world.objectIn("a") ?? { metadata: {} }), data: { key: "edited" } });
    world.revisions = [];
    const plan = world.reconcile(at("2", pin(), 2));
    deepEqual(world.writes, []);
    match(decisionIn(plan, "a").reason, /^RenderingChanged: /);
    ok(decisionIn(plan, "a").drifted);
  });
});

describe("planSync() with a revision", () => {
  it("rolls one topology back, and ends it in one write each", () => {
    const world = released("1");
    world.reconcile(at("2", {}, 2));
    world.writes.length = 0;
    const plan = world.reconcile(at("2", { revision: 1, ...mask("a") }, 3));
    deepEqual(world.writes, ["update a"]);
    deepEqual(dataOf(world.objectIn("a")), { key: "1" });
    equal(plan.desiredRevision, 1);
    equal(plan.currentRevision, 2);
    equal(decisionIn(plan, "b").behind, 1);
    world.reconcile(at("2", mask("b"), 4));
    deepEqual(world.writes, ["update a"]);
  });

  it("writes nothing where that revision is not kept", () => {
    const world = released();
    const plan = world.reconcile(at("2", { revision: 7 }, 2));
    deepEqual(world.writes, []);
    equal(plan.reason, "RevisionNotFound");
  });

  it("keeps what a scheduler wrote", () => {
    const world = released("1");
    const scheduled = [
      {
        clusterName: "a",
        source: "scheduler",
        clusterOverrides: [{ path: "/data/n", value: "5" }],
      },
    ];
    const plan = world.reconcile(at("1", { overrides: scheduled }, 2));
    equal(plan.currentRevision, 1);
    world.reconcile(at("2", { overrides: scheduled }, 3));
    world.reconcile(at("2", { overrides: scheduled, revision: 1 }, 4));
    deepEqual(dataOf(world.objectIn("a")), { key: "1", n: "5" });
  });
});

describe("planSync() where little is known", () => {
  it("does nothing in a cluster that is not ready, however far behind, and tells the last known", () => {
    const world = released();
    world.troubles.set("b", { kind: "unreachable" });
    const plan = world.reconcile(at("2", {}, 2));
    deepEqual(world.writes, ["update a"]);
    const { status, revision, reason, behind } = decisionIn(plan, "b");
    deepEqual({ status, revision, behind }, { status: "ClusterNotReady", revision: 1, behind: 1 });
    match(reason, /last known at revision 1 since 2026-01-01T00:00:00Z/);
  });

  it("never takes an unsynced cache for absence", () => {
    const world = released();
    world.troubles.set("a", { kind: "unsynced" });
    world.troubles.set("b", { kind: "unsynced", message: "timed out" });
    const plan = world.reconcile(at("2", { placement: { clusters: names("a") } }, 2));
    deepEqual(world.writes, []);
    deepEqual(statusesOf(plan), { a: "CachedRetrievalFailed", b: "CachedRetrievalFailed" });
    equal(world.ledger.entries.size, 2);
  });

  it("neither writes nor deletes what is named but not known, nor what is lost", () => {
    const world = released();
    const view = world.view(at("1", { placement: { clusters: names("a", "nowhere") } }, 2));
    const members = new Map(Array.from(view.members).filter(([name]) => name !== "b"));
    const plan = world.reconcile(view.object, { members });
    deepEqual(statusesOf(plan), { a: "", b: "TopologyNotFound", nowhere: "TopologyNotFound" });
    deepEqual(world.writes, []);
    equal(world.ledger.entries.size, 2);
  });

  it("does not overwrite what a later generation wrote, unless told that it may", () => {
    const world = released();
    world.reconcile(at("5", {}, 5));
    world.writes.length = 0;
    const plan = world.reconcile(at("1", {}, 3));
    deepEqual(world.writes, []);
    equal(decisionIn(plan, "a").status, "AheadOfControlPlane");
    const object = at("1", {}, 3);
    const set = { [annotations.acceptOlder]: "5" };
    world.reconcile({ ...object, metadata: { ...object.metadata, annotations: set } });
    deepEqual(world.writes, ["update a", "update b"]);
  });

  it("does not take a member back that stands on a revision unknown here, however far generations have caught up", () => {
    const world = released();
    const backup = { ledger: world.ledger, revisions: world.revisions };
    world.reconcile(at("2", {}, 2));
    world.reconcile(at("3", {}, 3));
    world.ledger = backup.ledger;
    world.revisions = backup.revisions;
    world.writes.length = 0;
    for (const generation of [3, 4, 9]) {
      const plan = world.reconcile(at("old", {}, generation));
      equal(decisionIn(plan, "a").status, "AheadOfControlPlane");
    }
    deepEqual(world.writes, []);
    const object = at("old", {}, 9);
    const set = { [annotations.acceptOlder]: "3" };
    world.reconcile({ ...object, metadata: { ...object.metadata, annotations: set } });
    deepEqual(world.writes, ["update a", "update b"]);
  });

  it("finds a member of lost history in step where it says what is wanted now", () => {
    const world = released();
    const backup = { ledger: world.ledger, revisions: world.revisions };
    world.reconcile(at("2", {}, 2));
    world.ledger = backup.ledger;
    world.revisions = backup.revisions;
    world.writes.length = 0;
    const plan = world.reconcile(at("2", {}, 2));
    deepEqual(statusesOf(plan), { a: "", b: "" });
    deepEqual(world.writes, []);
  });

  it("learns from the members what the ledger missed", () => {
    const world = released();
    const { ledger } = world;
    world.reconcile(at("2", {}, 2));
    world.writes.length = 0;
    world.ledger = ledger;
    world.reconcile(at("2", {}, 2));
    deepEqual(world.writes, []);
    equal(world.ledger.entries.get("a")?.revision, 2);
  });

  it("rebuilds a lost ledger without a write", () => {
    const world = released();
    const { entries } = world.ledger;
    world.ledger = { entries: new Map(), templateVersion: "", overridesVersion: "" };
    world.reconcile(at("1"));
    deepEqual(world.writes, []);
    equal(world.ledger.entries.get("a")?.hash, entries.get("a")?.hash);
  });

  it("goes on counting revisions where they were lost", () => {
    const world = released();
    world.reconcile(at("2", {}, 2));
    world.revisions = [];
    equal(world.reconcile(at("3", {}, 3)).currentRevision, 3);
  });
});

describe("planSync() where something else is in the way", () => {
  const foreign = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "web" },
    data: { a: "1" },
  };
  const other = (source: string) => ({
    ...foreign,
    metadata: {
      name: "web",
      labels: { [kubefed.managedLabel]: "true" },
      annotations: { [annotations.source]: source },
    },
  });

  it("adopts, and says so in the member", () => {
    const world = new World(["a", "b"]);
    world.put("a", foreign);
    world.reconcile(at("1"));
    deepEqual(world.writes, ["update a", "create b"]);
    equal(world.objectIn("a")?.metadata.annotations?.[annotations.adopted], "true");
    world.reconcile(at("1"));
    equal(world.writes.length, 2);
  });

  it("leaves it, where adoption is disabled", () => {
    const world = new World(["a", "b"]);
    world.put("a", foreign);
    const plan = world.reconcile(at("1"), { settings: { ...settings, adoption: "refuse" } });
    deepEqual(world.writes, ["create b"]);
    deepEqual(statusesOf(plan), { a: "AlreadyExists", b: "" });
  });

  it("never takes what another federated object or control plane owns, and names it", () => {
    const world = new World(["a", "b"]);
    world.put("a", other("cp1/FederatedConfigMap/other/web/a"));
    world.put("b", other("cp2/FederatedConfigMap/bank/web/b"));
    const plan = world.reconcile(at("1"));
    deepEqual(world.writes, []);
    deepEqual(statusesOf(plan), { a: "AlreadyOwned", b: "AlreadyOwned" });
    match(decisionIn(plan, "a").reason, /FederatedConfigMap "other\/web"/);
    match(decisionIn(plan, "b").reason, /control plane cp2/);
  });

  it("does not adopt outside the mask", () => {
    const world = new World(["a", "b"]);
    world.put("a", foreign);
    const plan = world.reconcile(at("1", mask("b")));
    deepEqual(world.writes, ["create b"]);
    deepEqual(statusesOf(plan), { a: "NotReleased", b: "" });
  });

  it("respects kubefed.io/managed=false", () => {
    const world = new World(["a", "b"]);
    const set = { [kubefed.managedLabel]: "false" };
    world.put("a", { ...foreign, metadata: { name: "web", labels: set } });
    deepEqual(statusesOf(world.reconcile(at("1"))), { a: "ManagedLabelFalse", b: "" });
    deepEqual(world.writes, ["create b"]);
  });

  it("stops where something in the member keeps changing a field", () => {
    const world = released();
    world.put("a", { ...(world.objectIn("a") ?? { metadata: {} }), data: { key: "edited" } });
    const view = world.view(at("1"));
    const hash = world.ledger.entries.get("a")?.hash ?? "";
    const members = new Map(view.members);
    const member = members.get("a");
    if (member) members.set("a", { ...member, conflict: { hash, field: "/data/key" } });
    const plan = world.reconcile(view.object, { members });
    deepEqual(world.writes, []);
    equal(decisionIn(plan, "a").status, "FieldConflict");
  });

  it("waits for the objects in a namespace before it removes it", () => {
    const world = released();
    const view = world.view(at("1", { placement: { clusters: names("a") } }, 2));
    const members = new Map(view.members);
    const member = members.get("b");
    if (member) members.set("b", { ...member, dependents: ["FederatedSecret bank/s"] });
    const plan = world.reconcile(view.object, { members });
    deepEqual(world.writes, []);
    match(decisionIn(plan, "b").reason, /waits for FederatedSecret bank\/s/);
  });
});

describe("isPlanCurrent()", () => {
  it("drops a plan once a newer generation, another uid or nothing at all is seen", () => {
    const plan = { generation: 2, uid: "u" };
    ok(isPlanCurrent(plan, { generation: 2, uid: "u" }));
    ok(!isPlanCurrent(plan, { generation: 3, uid: "u" }));
    ok(!isPlanCurrent(plan, { generation: 1, uid: "v" }));
    ok(!isPlanCurrent(plan, undefined));
  });
});
