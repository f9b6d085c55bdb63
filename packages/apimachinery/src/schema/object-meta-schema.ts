import type { JsonObject } from "../meta/json-value.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const string: JsonObject = { type: "string" };
const strings: JsonObject = { type: "object", additionalProperties: string };
const time: JsonObject = { $ref: `${meta}.Time` };
const int64: JsonObject = { type: "integer", format: "int64" };
const boolean: JsonObject = { type: "boolean" };

const ownerReference: JsonObject = {
  type: "object",
  "x-kubernetes-map-type": "atomic",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: string,
    blockOwnerDeletion: boolean,
    controller: boolean,
    kind: string,
    name: string,
    uid: string,
  },
};

const managedFieldsEntry: JsonObject = {
  type: "object",
  properties: {
    apiVersion: string,
    fieldsType: string,
    fieldsV1: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    manager: string,
    operation: string,
    subresource: string,
    time,
  },
};

const objectMeta: JsonObject = {
  type: "object",
  properties: {
    annotations: strings,
    creationTimestamp: time,
    deletionGracePeriodSeconds: int64,
    deletionTimestamp: time,
    finalizers: {
      type: "array",
      items: string,
      "x-kubernetes-list-type": "set",
      "x-kubernetes-patch-strategy": "merge",
    },
    generateName: string,
    generation: int64,
    labels: strings,
    managedFields: {
      type: "array",
      items: { $ref: `${meta}.ManagedFieldsEntry` },
      "x-kubernetes-list-type": "atomic",
    },
    name: string,
    namespace: string,
    ownerReferences: {
      type: "array",
      items: { $ref: `${meta}.OwnerReference` },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      "x-kubernetes-patch-merge-key": "uid",
      "x-kubernetes-patch-strategy": "merge",
    },
    resourceVersion: string,
    selfLink: string,
    uid: string,
  },
};

/** `metadata` of every object, for custom resources and for whole objects inside them. */
export const objectMetaSchema: JsonObject = { $ref: `${meta}.ObjectMeta` };

/** The definitions behind `objectMetaSchema`. */
export const objectMetaDefinitions: Readonly<Record<string, JsonObject>> = {
  [`${meta}.ObjectMeta`]: objectMeta,
  [`${meta}.OwnerReference`]: ownerReference,
  [`${meta}.ManagedFieldsEntry`]: managedFieldsEntry,
  [`${meta}.Time`]: { type: "string", format: "date-time" },
};
