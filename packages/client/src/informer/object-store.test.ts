import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { type Holding, holdPacked, holdWhole } from "./holding.ts";
import { ObjectStore } from "./object-store.ts";
import { TextPool } from "./text-pool.ts";

const source = "example.io/source";

function configMap(cluster: string, revision: number, text = "same"): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "a",
      namespace: "n",
      uid: `uid-${cluster}`,
      resourceVersion: String(revision),
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: text },
      annotations: { [source]: `id/kind/n/a/${cluster}`, other: "x" },
    },
    data: { text, big: 9007199254740993n },
    status: { phase: text },
  };
}

function describeStore<H>(name: string, open: () => Holding<KubernetesObject, H>): void {
  describe(`ObjectStore, ${name}`, () => {
    it("shows objects as they were put, also by index, and tells of changes", () => {
      const byApp = ({ metadata }: KubernetesObject): readonly string[] => [
        metadata.labels?.["app"] ?? "",
      ];
      const store = new ObjectStore<KubernetesObject, H>({ app: byApp }, open());
      const told: unknown[] = [];
      store.addHandler({
        onAdd: (object) => told.push(["add", object]),
        onUpdate: (object, old) => told.push(["update", object, old]),
        onPut: (object) => told.push(["put", object]),
        onDelete: (object) => told.push(["delete", object]),
      });
      const [first, second] = [configMap("m", 1), configMap("m", 2, "other")];
      store.put(first);
      deepEqual(store.byIndex("app", "same"), [first]);
      store.put(second);
      store.put(first);
      deepEqual([store.get("n/a"), store.list()], [second, [second]]);
      deepEqual([store.byIndex("app", "same"), store.byIndex("app", "other")], [[], [second]]);
      store.replace([], "3");
      deepEqual(told, [
        ["add", first],
        ["put", first],
        ["update", second, first],
        ["put", second],
        ["delete", second],
      ]);
      deepEqual(store.byIndex("app", "other"), []);
    });
  });
}

describeStore("whole", holdWhole);
describeStore("packed", () => holdPacked({ texts: new TextPool(), ownAnnotation: source }));

describe("holdPacked()", () => {
  it("holds what a hundred clusters have in common once, and nothing when it is gone", () => {
    const texts = new TextPool();
    const stores = Array.from({ length: 100 }, (_, i) => {
      const packed = holdPacked<KubernetesObject>({ texts, ownAnnotation: source });
      const store = new ObjectStore({}, packed);
      store.put(configMap(`m${i}`, i + 1));
      return store;
    });
    equal(texts.size, 3);
    deepEqual(stores[7]?.get("n/a"), configMap("m7", 8));
    for (const store of stores) store.clear();
    equal(texts.size, 0);
  });

  it("gives back objects that lack everything", () => {
    const packed = holdPacked({ texts: new TextPool(), ownAnnotation: source });
    deepEqual(packed.show(packed.hold({ metadata: {} })), { metadata: {} });
  });
});
