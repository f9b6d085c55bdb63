import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";

/** Where the kinds of a server are. */
export const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};

/** Where the objects under load are. */
export const things: ResourcePath = {
  group: "example.com",
  version: "v1",
  resource: "things",
  namespace: "load",
};

/** The kind of the objects under load. */
export const thingCrd: KubernetesObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
};

/** About a kilobyte, as usual objects are. */
const padding = "x".repeat(900);

/** An object that tells which write made it; `revision` is the one that the write expects. */
export function makeThing(name: string, write: string, revision?: number): KubernetesObject {
  const at = revision === undefined ? {} : { resourceVersion: String(revision) };
  return {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name, ...at },
    spec: { write, padding },
  };
}

/** What an object was when it was read. */
export interface ThingState {
  readonly revision: number;
  /** Which write made it. */
  readonly write: string;
}

/** Reads what `makeThing` wrote. */
export function readThing(object: KubernetesObject): ThingState & { readonly name: string } {
  const spec = object["spec"] as { readonly write?: string } | undefined;
  return {
    name: object.metadata?.name ?? "",
    revision: Number(object.metadata?.resourceVersion),
    write: spec?.write ?? "",
  };
}
