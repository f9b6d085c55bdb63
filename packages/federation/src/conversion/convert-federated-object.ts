import {
  isJsonArray,
  isJsonEqual,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  type ObjectMeta,
} from "@cellplane/apimachinery";
import type { ClusterOverride, FederatedObject } from "../api/federated-object.ts";
import { annotations, clusterViewVersion, topologyViewVersion } from "../api/names.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import type { TopologyOverride, TopologyViewObject } from "../api/topology-view.ts";
import {
  type Carry,
  carryField,
  type CarriedField,
  formatCarry,
  parseCarry,
  recallField,
  type ViewField,
  viewFields,
} from "./carry.ts";
import { statusToCluster, statusToTopology } from "./convert-status.ts";
import {
  overridesToCluster,
  overridesToTopology,
  selectionToCluster,
  selectionToTopology,
  type TopologyWords,
} from "./topology-words.ts";

/** The two views of a federated object. */
export type FederatedView = typeof clusterViewVersion | typeof topologyViewVersion;

/** Which view an object is in: the version in its `apiVersion`. */
export function viewOf(object: KubernetesObject): FederatedView {
  const version = object.apiVersion?.split("/")[1];
  return version === topologyViewVersion ? topologyViewVersion : clusterViewVersion;
}

/** A federated object in the other view, or as it is where it is in that view already. */
export function convertFederatedObject(
  object: KubernetesObject,
  to: FederatedView,
): KubernetesObject {
  if (viewOf(object) === to) return object;
  return to === topologyViewVersion ? toTopologyView(object) : toClusterView(object);
}

/** The topology type of an object in either view. */
export function topologyTypeOf(object: KubernetesObject): string {
  return wordsOf(object).type;
}

/** What names in this object mean. */
export function wordsOf(object: KubernetesObject): TopologyWords {
  const spec = specOf(object);
  const { namespace = "" } = object.metadata;
  const key = spec["topologyKey"];
  const type =
    viewOf(object) === topologyViewVersion ? spec["topologyType"] : topologyCarryOf(object).type;
  return {
    type: typeof type === "string" && type !== "" ? type : clusterTopologyType,
    namespace,
    topologyKey: typeof key === "string" ? key : undefined,
  };
}

/** What a v1beta1 object carries for the topology view. */
export function topologyCarryOf(object: KubernetesObject): Carry {
  return parseCarry(object.metadata.annotations?.[annotations.topologyCarry]);
}

/** The object in the topology view. */
export function toTopologyView(object: KubernetesObject): TopologyViewObject {
  if (viewOf(object) === topologyViewVersion) return object;
  const words = wordsOf(object);
  const { fields, carry } = convertFields(specOf(object), topologyCarryOf(object), {
    convert: (name, value) => fieldToTopology(name, value, words),
    back: (name, value) => fieldToCluster(name, value, words),
  });
  const status = object["status"];
  const converted = {
    ...object,
    apiVersion: withVersion(object, topologyViewVersion),
    metadata: carryIn(object.metadata, {
      drop: annotations.topologyCarry,
      set: annotations.clusterCarry,
      text: formatCarry({ fields: carry }),
    }),
    ...specMember(object, { topologyType: words.type }, fields),
    ...(isJsonObject(status) ? { status: statusToTopology(status, words) } : {}),
  };
  return converted;
}

/** The object in the cluster view. */
export function toClusterView(object: KubernetesObject): FederatedObject {
  if (viewOf(object) === clusterViewVersion) return object;
  const words = wordsOf(object);
  const carried = parseCarry(object.metadata.annotations?.[annotations.clusterCarry]);
  const { fields, carry } = convertFields(specOf(object), carried, {
    convert: (name, value) => fieldToCluster(name, value, words),
    back: (name, value) => fieldToTopology(name, value, words),
  });
  const type = words.type === clusterTopologyType ? {} : { type: words.type };
  const status = object["status"];
  const converted = {
    ...object,
    apiVersion: withVersion(object, clusterViewVersion),
    metadata: carryIn(object.metadata, {
      drop: annotations.clusterCarry,
      set: annotations.topologyCarry,
      text: formatCarry({ ...type, fields: carry }),
    }),
    ...specMember(object, { topologyType: undefined }, fields),
    ...(isJsonObject(status) ? { status: statusToCluster(status, words) } : {}),
  };
  return converted;
}

/**
 * The object without carries that no longer hold or say nothing new: there and back is the
 * identity on what this returns.
 */
export function normalizeCarries(object: KubernetesObject): KubernetesObject {
  const view = viewOf(object);
  const { topologyType = "" } = specOf(object);
  // The other view could not show it, and it is about to be refused.
  if (typeof topologyType !== "string") return object;
  return view === clusterViewVersion
    ? toClusterView(toTopologyView(object))
    : toTopologyView(toClusterView(object));
}

interface FieldMappings {
  readonly convert: (name: ViewField, value: JsonValue) => JsonValue | undefined;
  readonly back: (name: ViewField, value: JsonValue) => JsonValue | undefined;
}

type ConvertedFields = Readonly<Record<string, JsonValue | undefined>>;

function convertFields(
  spec: JsonObject,
  carried: Carry,
  { convert, back }: FieldMappings,
): { readonly fields: ConvertedFields; readonly carry: ReadonlyMap<ViewField, CarriedField> } {
  const fields: Record<string, JsonValue | undefined> = {};
  const carry = new Map<ViewField, CarriedField>();
  for (const name of viewFields) {
    const value = spec[name];
    const recalled = recallField(carried, name, value);
    const converted = recalled ? recalled.value : apply(convert, name, value);
    // Carried wherever the plain rules alone would not lead back.
    if (!isJsonEqual(apply(back, name, converted) ?? null, value ?? null)) {
      carry.set(name, carryField(value, converted));
    }
    fields[name] = converted;
  }
  return { fields, carry };
}

function apply(
  mapping: FieldMappings["convert"],
  name: ViewField,
  value: JsonValue | undefined,
): JsonValue | undefined {
  return value === undefined ? undefined : mapping(name, value);
}

// What is not of the right form is left as it is: conversion comes before the schema's refusal.

function fieldToTopology(name: ViewField, value: JsonValue, words: TopologyWords): JsonValue {
  if (name === "overrides") {
    return isObjectArray(value)
      ? overridesToTopology(value as readonly ClusterOverride[], words)
      : value;
  }
  return isSelection(value, "clusters") ? selectionToTopology(value, words) : value;
}

function fieldToCluster(name: ViewField, value: JsonValue, words: TopologyWords): JsonValue {
  if (name === "overrides") {
    return isObjectArray(value)
      ? overridesToCluster(value as readonly TopologyOverride[], words)
      : value;
  }
  return isSelection(value, "topologies") ? selectionToCluster(value, words) : value;
}

function isSelection(value: JsonValue, names: "clusters" | "topologies"): value is JsonObject {
  return isJsonObject(value) && (value[names] === undefined || isObjectArray(value[names]));
}

function isObjectArray(value: JsonValue): boolean {
  return isJsonArray(value) && value.every(isJsonObject);
}

function specOf(object: KubernetesObject): JsonObject {
  const spec = object["spec"];
  return isJsonObject(spec) ? spec : {};
}

function specMember(
  object: KubernetesObject,
  type: { readonly topologyType: string | undefined },
  fields: ConvertedFields,
): { readonly spec?: JsonObject } {
  const spec = object["spec"];
  if (!isJsonObject(spec)) return {};
  const entries = Object.entries({ ...spec, ...type, ...fields });
  return { spec: Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}

function withVersion(object: KubernetesObject, version: string): string {
  return `${object.apiVersion?.split("/")[0] ?? ""}/${version}`;
}

function carryIn(
  metadata: ObjectMeta,
  {
    drop,
    set,
    text,
  }: { readonly drop: string; readonly set: string; readonly text: string | undefined },
): ObjectMeta {
  const { annotations: all, ...rest } = metadata;
  const kept = Object.entries(all ?? {}).filter(([key]) => key !== drop && key !== set);
  const entries = text === undefined ? kept : [...kept, [set, text] as const];
  if (entries.length === 0 && (all === undefined || Object.keys(all).length > 0)) return rest;
  return { ...rest, annotations: Object.fromEntries(entries) };
}
