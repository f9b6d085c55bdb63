import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedObject, FederatedSpec } from "../api/federated-object.ts";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import { annotations, kubefed } from "../api/names.ts";
import { overridesHash, templateHash } from "../template/kubefed-hash.ts";
import { type Ledger, memberVersionOf } from "./ledger.ts";
import type { SyncView } from "./sync-view.ts";
import { configMapType, federatedConfigMap, names, statusesOf, World } from "./sync-view.suite.ts";

const managed = { [kubefed.managedLabel]: "true" };
const noMask = {};
const emptyMask = { placementMask: { clusters: [] } };

function objectAt(value: string, more: FederatedSpec = {}, generation = 1): FederatedObject {
  const placement = { clusters: names("a") };
  return federatedConfigMap(
    { template: { data: { key: value } }, placement, ...more },
    { generation },
  );
}

/** What KubeFed has in a member: the label, and nothing else of its own. */
function copy(fields: JsonObject, metadata: KubernetesObject["metadata"] = {}): KubernetesObject {
  return { metadata: { name: "web", namespace: "bank", labels: managed, ...metadata }, ...fields };
}

/** KubeFed's PropagatedVersion for what member `a` has. */
function recorded(world: World, object: FederatedObject, version?: string): Ledger {
  const live = world.objectIn("a") ?? { metadata: {} };
  return {
    entries: new Map([["a", { version: version ?? memberVersionOf(live) }]]),
    templateVersion: templateHash(object.spec?.template),
    overridesVersion: overridesHash(object),
  };
}

function typed(kind: string, pluralName: string): Partial<SyncView> {
  const targetType = { version: "v1", kind, pluralName, scope: "Namespaced" } as const;
  const typeConfig: FederatedTypeConfigSpec = { ...configMapType, targetType };
  return { typeConfig };
}

describe("planSync() after KubeFed", () => {
  it("takes what KubeFed recorded into the ledger without a write, masked or not", () => {
    for (const mask of [noMask, emptyMask]) {
      const world = new World(["a"]);
      const object = objectAt("1", mask);
      world.put("a", copy({ data: { key: "1" } }));
      world.ledger = recorded(world, object);
      const plan = world.reconcile(object);
      deepEqual([world.writes, statusesOf(plan)], [[], { a: "" }]);
      equal(world.ledger.entries.get("a")?.revision, 1);
      equal(typeof world.ledger.entries.get("a")?.hash, "string");
      world.reconcile(object);
      deepEqual(world.writes, []);
    }
  });

  it("writes once, with annotations, when the template is edited afterwards", () => {
    const world = new World(["a"]);
    world.put("a", copy({ data: { key: "1" } }));
    world.ledger = recorded(world, objectAt("1"));
    world.reconcile(objectAt("1"));
    world.reconcile(objectAt("2", {}, 2));
    world.reconcile(objectAt("2", {}, 2));
    deepEqual(world.writes, ["update a"]);
    equal(
      world.objectIn("a")?.metadata.annotations?.[annotations.source],
      "cp1/FederatedConfigMap/bank/web/a",
    );
  });

  it("trusts a generation where the server writes a value in another way", () => {
    const world = new World(["a"]);
    const object = federatedConfigMap({
      template: { spec: { limit: "1000m" } },
      placement: { clusters: names("a") },
    });
    world.put("a", copy({ spec: { limit: "1", strategy: "default" } }, { generation: 3 }));
    world.ledger = recorded(world, object);
    world.reconcile(object, typed("Widget", "widgets"));
    deepEqual(world.writes, []);
  });

  it("sees labels that were changed under the same generation", () => {
    const world = new World(["a"]);
    const object = objectAt("1");
    const labels = { ...managed, extra: "true" };
    world.put("a", copy({ data: { key: "1" } }, { generation: 3, labels }));
    world.ledger = recorded(world, object);
    world.reconcile(object);
    deepEqual(world.writes, ["update a"]);
  });

  it("accepts a version that moved on where the contents are the template's and defaults", () => {
    const world = new World(["a"]);
    const ports = [{ name: "http", port: 80 }];
    const object = federatedConfigMap({
      template: { spec: { ports } },
      placement: { clusters: names("a") },
    });
    const live = { ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_001 }] };
    world.put("a", copy({ spec: { ...live, clusterIP: "10.0.0.1" }, status: {} }));
    world.ledger = recorded(world, object, "rv:0");
    world.reconcile(object, typed("Service", "services"));
    deepEqual(world.writes, []);
    equal(world.ledger.entries.get("a")?.revision, 1);
  });

  it("accepts replicas that a member's own controller set, where they are retained", () => {
    const world = new World(["a"]);
    const object = federatedConfigMap({
      template: { spec: { replicas: 2 } },
      retainReplicas: true,
      placement: { clusters: names("a") },
    });
    world.put("a", copy({ spec: { replicas: 5 } }, { generation: 4 }));
    world.ledger = recorded(world, object, "gen:3");
    world.reconcile(object, typed("Deployment", "deployments"));
    deepEqual(world.writes, []);
  });

  it("accepts without a record only what is the same to the letter", () => {
    const same = new World(["a"]);
    same.put("a", copy({ data: { key: "1" } }));
    same.reconcile(objectAt("1"));
    deepEqual(same.writes, []);

    const more = new World(["a"]);
    more.put("a", copy({ data: { key: "1", another: "2" } }));
    more.reconcile(objectAt("1"));
    deepEqual(more.writes, ["update a"]);
  });

  it("holds what KubeFed had not finished, and writes it once the mask allows it", () => {
    const world = new World(["a"]);
    world.put("a", copy({ data: { key: "1" } }));
    world.ledger = recorded(world, objectAt("1"));
    const held = world.reconcile(objectAt("2", emptyMask, 2));
    deepEqual([world.writes, statusesOf(held)], [[], { a: "Held" }]);
    world.reconcile(objectAt("2", noMask, 3));
    deepEqual(world.writes, ["update a"]);
  });

  it("does not count the label that servers put on Namespaces", () => {
    const world = new World(["a"]);
    const object = federatedConfigMap({ placement: { clusters: names("a") } });
    const labels = { ...managed, "kubernetes.io/metadata.name": "web" };
    world.put("a", copy({ spec: { finalizers: ["kubernetes"] } }, { labels }));
    world.ledger = recorded(world, object, "rv:0");
    world.reconcile(object, typed("Namespace", "namespaces"));
    deepEqual(world.writes, []);
  });
});
