import { equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { createSettler, changeLedger } from "../plan/settle-decision.ts";
import { planSync } from "../plan/plan-sync.ts";
import { federatedConfigMap, names, World } from "../plan/sync-view.suite.ts";
import { explainPlan } from "./explain-plan.ts";
import { findStoredOtherwise } from "./stored-otherwise.ts";

const object = (spec: JsonObject): KubernetesObject => ({
  metadata: { name: "web" },
  spec,
});

describe("findStoredOtherwise()", () => {
  it("names the first field that is another, or not there", () => {
    equal(findStoredOtherwise(object({ a: 1, b: 3 }), object({ a: 1, b: 2 })), "/spec/b");
    equal(findStoredOtherwise(object({ a: 1 }), object({ a: 1, "x/y": "2" })), "/spec/x~1y");
    equal(findStoredOtherwise(object({ list: [1, 2] }), object({ list: [1] })), "/spec/list");
  });

  it("takes no notice of what servers write differently, nor of what they add", () => {
    const live = object({ cpu: "1", memory: "1Gi", added: true, image: "app" });
    const written = { cpu: "1000m", memory: "1024Mi", image: "app", none: "", off: false };
    equal(findStoredOtherwise(live, object(written)), undefined);
    const stored = { ...object({}), data: { a: "Yg==" } };
    equal(findStoredOtherwise(stored, { ...stored, stringData: { a: "b" } }), undefined);
    // A text that looks like a quantity is a text.
    const texts = { metadata: {}, data: { cpu: "1" } };
    equal(findStoredOtherwise(texts, { metadata: {}, data: { cpu: "1000m" } }), "/data/cpu");
  });
});

describe("explainPlan() of a member that changes what is written", () => {
  const federated = federatedConfigMap({
    template: { data: { key: "ours", other: "1" } },
    placement: { clusters: names("a") },
  });

  /** As the controller does, with a webhook in the member. */
  function reconcile(world: World, change: (object: KubernetesObject) => KubernetesObject): void {
    const view = world.view(federated);
    const plan = planSync(view);
    if (plan.newRevision) world.revisions = [plan.newRevision];
    const settle = createSettler(view, "2026-01-01T00:00:00Z");
    const settled = plan.decisions.map((decision) => {
      const { operation, member } = decision;
      ok(operation.kind === "create");
      world.put(member, change(operation.object));
      const stored = world.objectIn(member) ?? operation.object;
      return { member, change: settle(decision, { kind: "written", object: stored }).ledger };
    });
    world.ledger = changeLedger(world.ledger, settled, view);
  }

  it("names the field in a sentence, and calls it no error", () => {
    const world = new World(["a"]);
    reconcile(world, (each) => ({ ...each, data: { key: "theirs", other: "1" } }));
    const view = world.view(federated);
    const [found] = explainPlan(view, planSync(view)).topologies;
    ok(found);
    equal(found.storedOtherwise, "/data/key");
    equal(found.status, "");
    match(found.sentences.join("; "), /stored \/data\/key otherwise than it was written/);
  });

  it("says nothing where all was stored as written", () => {
    const world = new World(["a"]);
    reconcile(world, (each) => each);
    const view = world.view(federated);
    const [found] = explainPlan(view, planSync(view)).topologies;
    equal(found?.storedOtherwise, null);
    ok(!found?.sentences.some((sentence) => sentence.includes("otherwise")));
  });
});
