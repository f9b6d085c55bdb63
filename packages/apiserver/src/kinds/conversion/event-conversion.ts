import type { JsonValue, KubernetesObject } from "@cellplane/apimachinery";

/** core/v1 name → events.k8s.io/v1 name of the fields that differ; the rest have the same name. */
const names: readonly (readonly [core: string, group: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];
const toGroupNames = new Map(names);
const toCoreNames = new Map(names.map(([core, group]) => [group, core] as const));
/** Always written in core/v1, left out when empty in events.k8s.io/v1. */
const emptyInCore = ["reportingComponent", "reportingInstance"];

/** An Event as events.k8s.io/v1, from either form. */
export function toGroupEvent(event: KubernetesObject): KubernetesObject {
  if (event.apiVersion === "events.k8s.io/v1") return event;
  const members = Object.entries(event).filter(
    ([name, value]) => !(emptyInCore.includes(name) && value === ""),
  );
  return rename(members, toGroupNames, "events.k8s.io/v1", event);
}

/** An Event as core/v1, from either form. */
export function toCoreEvent(event: KubernetesObject): KubernetesObject {
  if (event.apiVersion === "v1") return event;
  const renamed = rename(Object.entries(event), toCoreNames, "v1", event);
  return { reportingComponent: "", reportingInstance: "", ...renamed };
}

function rename(
  members: readonly (readonly [string, KubernetesObject[string]])[],
  to: ReadonlyMap<string, string>,
  apiVersion: string,
  event: KubernetesObject,
): KubernetesObject {
  const renamed = members.map(([name, value]) => [to.get(name) ?? name, value] as const);
  const fields: Record<string, JsonValue | KubernetesObject[string]> = Object.fromEntries(renamed);
  return { ...fields, apiVersion, metadata: event.metadata };
}
