import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import { type CrdController, openCrdController } from "./crd-controller.ts";
import { defaultCrd, prepareNewCrd } from "./crd-defaults.ts";
import {
  cleanupFinalizer,
  conditionOf,
  crdResource,
  decodeCrd,
} from "./custom-resource-definition.ts";

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function crdOf(plural: string, kind: string, rest: object = {}): KubernetesObject {
  return prepareNewCrd(
    defaultCrd({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.ex.test`, generation: 1 },
      spec: {
        group: "ex.test",
        scope: "Namespaced",
        names: { plural, kind, ...rest },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object" } },
          },
        ],
      },
    }),
  );
}

interface Setup {
  readonly objects: MemoryObjectAccess;
  readonly registry: ResourceRegistry;
  readonly controller: CrdController;
}

async function setUp(crds: readonly KubernetesObject[] = []): Promise<Setup> {
  const objects = new MemoryObjectAccess();
  for (const crd of crds) await objects.create(crdResource, crd);
  const registry = createResourceRegistry();
  const controller = openCrdController({
    objects,
    registry,
    nowMs: () => Date.parse("2026-01-01T00:00:00Z"),
    logger: noLog,
    findDefinition: () => undefined,
    conversionOf: () => ({ kind: "none" }),
  });
  await controller.ready;
  return { objects, registry, controller };
}

/** Waits until a CRD is as `is` wants it. */
async function until(
  objects: MemoryObjectAccess,
  name: string,
  is: (crd: KubernetesObject) => boolean,
): Promise<KubernetesObject> {
  for (let turn = 0; turn < 1000; turn += 1) {
    const crd = await objects.get(crdResource, name);
    if (crd && is(crd)) return crd;
    await nextTurn();
  }
  throw new Error(`Waited in vain for ${name}`);
}

const has =
  (type: string, status: string) =>
  (crd: KubernetesObject): boolean =>
    conditionOf(decodeCrd(crd), type)?.status === status;

describe("openCrdController()", () => {
  it("accepts names, establishes a CRD and serves it at once", async () => {
    const { objects, registry, controller } = await setUp();
    await using _ = controller;
    await objects.create(crdResource, crdOf("foos", "Foo", { shortNames: ["f"] }));
    const crd = await until(objects, "foos.ex.test", has("Established", "True"));
    deepEqual(crd["status"], {
      conditions: [
        {
          type: "NamesAccepted",
          status: "True",
          lastTransitionTime: "2026-01-01T00:00:00Z",
          reason: "NoConflicts",
          message: "no conflicts found",
        },
        {
          type: "Established",
          status: "True",
          lastTransitionTime: "2026-01-01T00:00:00Z",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ],
      acceptedNames: {
        plural: "foos",
        singular: "foo",
        shortNames: ["f"],
        kind: "Foo",
        listKind: "FooList",
      },
      storedVersions: ["v1"],
    });
    equal(registry.find("ex.test", "v1", "foos")?.definition.kind, "Foo");
  });

  it("has what was established before in the registry once it is ready", async () => {
    const first = await setUp();
    await first.objects.create(crdResource, crdOf("foos", "Foo"));
    const crd = await until(first.objects, "foos.ex.test", has("Established", "True"));
    await first.controller[Symbol.asyncDispose]();
    const { registry, controller } = await setUp([crd]);
    await using _ = controller;
    equal(registry.findResource("ex.test", "foos")?.kind, "Foo");
  });

  it("refuses a taken short name until the CRD that has it is gone", async () => {
    const { objects, registry, controller } = await setUp();
    await using _ = controller;
    await objects.create(crdResource, crdOf("foos", "Foo", { shortNames: ["x"] }));
    await until(objects, "foos.ex.test", has("Established", "True"));
    await objects.create(crdResource, crdOf("bars", "Bar", { shortNames: ["x"] }));
    const refused = await until(objects, "bars.ex.test", has("NamesAccepted", "False"));
    const condition = conditionOf(decodeCrd(refused), "NamesAccepted");
    deepEqual(
      [condition?.reason, condition?.message],
      ["ShortNamesConflict", '"x" is already in use'],
    );
    equal(registry.findResource("ex.test", "bars"), undefined);
    await objects.delete(crdResource, "foos.ex.test");
    await until(objects, "bars.ex.test", has("Established", "True"));
    equal(registry.findResource("ex.test", "foos"), undefined);
  });

  it("deletes the instances of a deleted CRD, then lets the CRD go", async () => {
    const { objects, registry, controller } = await setUp();
    await using _ = controller;
    await objects.create(crdResource, crdOf("foos", "Foo"));
    await until(objects, "foos.ex.test", has("Established", "True"));
    const scope = { group: "ex.test", resource: "foos", namespace: "default" };
    await objects.create(scope, { kind: "Foo", metadata: { name: "a" } });
    await objects.update(crdResource, "foos.ex.test", (crd) => ({
      ...crd,
      metadata: {
        ...crd.metadata,
        deletionTimestamp: "2026-01-01T00:00:00Z",
        finalizers: [cleanupFinalizer],
      },
    }));
    const crd = await until(
      objects,
      "foos.ex.test",
      ({ metadata }) => metadata.finalizers?.length === 0,
    );
    deepEqual(await objects.list(scope), []);
    equal(conditionOf(decodeCrd(crd), "Terminating")?.reason, "InstanceDeletionCompleted");
    equal(registry.findResource("ex.test", "foos")?.acceptsCreates, true);
  });
});
