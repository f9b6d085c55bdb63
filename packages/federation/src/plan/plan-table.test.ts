import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedObject, FederatedSpec, HeldPolicy } from "../api/federated-object.ts";
import { annotations, kubefed, labels } from "../api/names.ts";
import type { Ledger } from "./ledger.ts";
import { planSync } from "./plan-sync.ts";
import type { TopologyDecision } from "./sync-plan.ts";
import type { Observation, SyncView } from "./sync-view.ts";
import {
  clusterNamed,
  federatedConfigMap,
  memberNamed,
  names,
  settings,
  viewOf,
  World,
} from "./sync-view.suite.ts";

// Two revisions: the member may stand at 1 (old) or 2 (desired).
const history = new World(["a"]);
const at = (value: string, generation: number, more: FederatedSpec = {}): FederatedObject =>
  federatedConfigMap(
    { template: { data: { key: value } }, placement: { clusters: names("a") }, ...more },
    { generation },
  );
history.reconcile(at("1", 1));
const oldLedger = history.ledger;
const oldObject = history.objectIn("a") ?? { metadata: {} };
history.reconcile(at("2", 2));
const newLedger = history.ledger;
const newObject = history.objectIn("a") ?? { metadata: {} };

function marked(
  object: KubernetesObject,
  metadata: KubernetesObject["metadata"],
): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}
const annotated = (object: KubernetesObject, set: Readonly<Record<string, string>>) =>
  marked(object, { annotations: { ...object.metadata.annotations, ...set } });
const { annotations: _, labels: __, ...bareMetadata } = newObject.metadata;

const observations: Readonly<Record<string, Observation>> = {
  unreachable: { kind: "unreachable" },
  unsynced: { kind: "unsynced" },
  absent: { kind: "absent" },
  current: { kind: "present", object: newObject },
  old: { kind: "present", object: oldObject },
  drifted: {
    kind: "present",
    object: { ...marked(newObject, { resourceVersion: "99" }), data: { key: "edited" } },
  },
  ahead: { kind: "present", object: annotated(newObject, { [annotations.generation]: "9" }) },
  deleting: {
    kind: "present",
    object: marked(newObject, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  },
  unmanaged: { kind: "present", object: { ...newObject, metadata: bareMetadata } },
  anothers: {
    kind: "present",
    object: annotated(newObject, { [annotations.source]: "cp2/F/n/o/a" }),
  },
  refused: {
    kind: "present",
    object: marked(newObject, { labels: { [kubefed.managedLabel]: "false" } }),
  },
};
const ours = new Set(["current", "old", "drifted"]);
const ledgers: Readonly<Record<string, Ledger>> = {
  none: { entries: new Map(), templateVersion: "", overridesVersion: "" },
  old: oldLedger,
  current: newLedger,
};

interface Case {
  readonly inP: boolean;
  readonly mask: "absent" | "in" | "out";
  readonly policy: HeldPolicy;
  readonly seen: string;
  readonly ledger: string;
  readonly adoption: "adopt" | "refuse";
}

function* everyCase(): Generator<Case> {
  for (const inP of [true, false])
    for (const mask of ["absent", "in", "out"] as const)
      for (const policy of ["Freeze", "Pin"] as const)
        for (const seen of Object.keys(observations))
          for (const ledger of Object.keys(ledgers))
            for (const adoption of ["adopt", "refuse"] as const)
              yield { inP, mask, policy, seen, ledger, adoption };
}

function viewFor({ inP, mask, policy, seen, ledger, adoption }: Case): SyncView {
  const heldPolicy = { heldPolicy: policy };
  const masks = {
    absent: {},
    in: { placementMask: { clusters: names("a"), ...heldPolicy } },
    out: { placementMask: { clusters: [], ...heldPolicy } },
  };
  const placement = { clusters: inP ? names("a") : [] };
  const member = memberNamed("a", observations[seen]);
  return {
    ...viewOf(at("2", 2, { placement, ...masks[mask] }), [member]),
    ledger: ledgers[ledger] ?? newLedger,
    revisions: history.revisions,
    settings: { ...settings, adoption },
  };
}

function decide(view: SyncView): TopologyDecision | undefined {
  return planSync(view).decisions[0];
}

/** The table of design/federation.md §4 once more, in its own words. */
function expected({ inP, mask, policy, seen, ledger, adoption }: Case): string {
  const inM = mask !== "out";
  const known = ledger !== "none";
  if (seen === "unreachable") return inP || known ? "none ClusterNotReady" : "none -";
  if (seen === "unsynced") return inP || known ? "none CachedRetrievalFailed" : "none -";
  if (seen === "ahead") return "none AheadOfControlPlane";
  if (seen === "deleting") return "none WaitingForRemoval";
  if (!inP) {
    if (!ours.has(seen)) return "none -";
    return inM ? "delete WaitingForRemoval" : "none PendingRemoval";
  }
  if (inM) return expectedApply(seen, adoption);
  if (ours.has(seen)) return expectedHold(seen, ledger, policy);
  if (seen === "refused") return "none ManagedLabelFalse";
  if (!known) return "none NotReleased";
  // Gone, or replaced by what is not ours, which not even Pin writes over.
  if (policy === "Freeze" || seen !== "absent") return "none Held";
  return ledger === "current" ? "create" : "create Held";
}

function expectedApply(seen: string, adoption: string): string {
  if (seen === "absent") return "create";
  if (seen === "current") return "none";
  if (seen === "old") return "update";
  if (seen === "drifted") return "update";
  if (seen === "unmanaged") return adoption === "adopt" ? "update" : "none AlreadyExists";
  return seen === "anothers" ? "none AlreadyOwned" : "none ManagedLabelFalse";
}

function expectedHold(seen: string, ledger: string, policy: HeldPolicy): string {
  if (seen === "current") return "none";
  if (seen === "old") return "none Held";
  if (policy === "Freeze") return "none Held";
  // Only to bytes whose hash is the ledger's.
  return ledger === "current" ? "update" : "none Held";
}

function shown(decision: TopologyDecision | undefined): string {
  if (decision === undefined) return "none -";
  const { operation, status, reported } = decision;
  if (!reported) return `${operation.kind} -`;
  return status === "" ? operation.kind : `${operation.kind} ${status}`;
}

describe("the table of what happens in one topology", () => {
  it("is followed in every case", () => {
    let cases = 0;
    for (const each of everyCase()) {
      cases += 1;
      equal(shown(decide(viewFor(each))), expected(each), JSON.stringify(each));
    }
    equal(cases, 2 * 3 * 2 * 11 * 3 * 2);
  });

  it("writes outside the mask only to bytes whose hash is the ledger's, and only under Pin", () => {
    for (const each of everyCase()) {
      if (each.mask !== "out") continue;
      const view = viewFor(each);
      const decision = decide(view);
      if (decision === undefined || decision.operation.kind === "none") continue;
      equal(each.policy, "Pin");
      ok(each.inP);
      equal(decision.brings?.hash, view.ledger.entries.get("a")?.hash);
      ok(decision.operation.kind === "create" || decision.operation.kind === "update");
    }
  });

  it("never creates over, adopts or deletes anything that is another's, in any case", () => {
    for (const each of everyCase()) {
      const { operation } = decide(viewFor(each)) ?? { operation: { kind: "none" } };
      const foreign = ["anothers", "refused", "ahead", "deleting", "unreachable", "unsynced"];
      if (foreign.includes(each.seen)) equal(operation.kind, "none", JSON.stringify(each));
      if (each.seen === "unmanaged") ok(operation.kind === "none" || each.adoption === "adopt");
      if (operation.kind === "delete") ok(ours.has(each.seen) && !each.inP);
      if (operation.kind === "create") equal(each.seen, "absent");
    }
  });

  it("gives a reason for every decision", () => {
    for (const each of everyCase()) ok((decide(viewFor(each))?.reason ?? "-") !== "");
  });

  it("keeps to its tenant: a member of another's is not even named, and nothing is done", () => {
    for (const each of everyCase()) {
      const view = viewFor(each);
      const foreign = clusterNamed("a", { [labels.tenant]: "t", [labels.workspaceGroup]: "g" });
      const member = { ...memberNamed("a", observations[each.seen]), cluster: foreign };
      const decision = decide({ ...view, members: new Map([["a", member]]) });
      const concerned = each.inP || each.ledger !== "none";
      deepEqual(shown(decision), concerned ? "none TopologyNotFound" : "none -");
      equal(decision?.ledger.kind ?? "keep", "keep");
    }
  });
});

describe("the deletion of the whole object", () => {
  const deleted = (each: Case, set: Readonly<Record<string, string>> = {}): SyncView => {
    const view = viewFor(each);
    const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z", annotations: set };
    return {
      ...view,
      object: { ...view.object, metadata: { ...view.object.metadata, ...metadata } },
    };
  };

  it("ignores the mask, removes what is ours, and waits for what it cannot see", () => {
    for (const each of everyCase()) {
      const plan = planSync(deleted(each));
      const [decision] = plan.decisions;
      const unseen = each.seen === "unreachable" || each.seen === "unsynced";
      const concerned = each.ledger !== "none" || (each.inP && each.mask !== "out");
      const removed = ours.has(each.seen);
      equal(decision?.operation.kind ?? "none", removed ? "delete" : "none", JSON.stringify(each));
      const waits = removed || ["ahead", "deleting"].includes(each.seen) || (unseen && concerned);
      equal(plan.blockedBy.length, waits ? 1 : 0, JSON.stringify(each));
      equal(plan.finalizer, waits ? "keep" : "remove");
      equal(plan.newRevision, undefined);
    }
  });

  it("does not wait for what is abandoned, which gets a tombstone", () => {
    for (const each of everyCase()) {
      const plan = planSync(deleted(each, { [annotations.abandon]: "x, a" }));
      equal(plan.finalizer, "remove");
      deepEqual(plan.blockedBy, []);
      const without = planSync(deleted(each));
      equal(plan.abandoned.length, without.blockedBy.length);
    }
  });

  it("orphans what is labelled so: nothing is deleted", () => {
    for (const each of everyCase()) {
      const plan = planSync(deleted(each, { [kubefed.orphanAnnotation]: "true" }));
      const kind = plan.decisions[0]?.operation.kind ?? "none";
      equal(kind, ours.has(each.seen) ? "release" : "none");
    }
  });

  it("waits for a cluster that is lost with an entry in the ledger", () => {
    for (const each of everyCase()) {
      const plan = planSync({ ...deleted(each), members: new Map() });
      deepEqual(
        plan.blockedBy.map(({ status }) => status),
        each.ledger === "none" ? [] : ["TopologyNotFound"],
      );
    }
  });
});
