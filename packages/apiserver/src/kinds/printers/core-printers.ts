import type { JsonObject } from "@cellplane/apimachinery";
import { formatAge } from "../../registry/human-duration.ts";
import { numberAt, objectAt, objectsAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";
import {
  ageOf,
  type Cells,
  containersOf,
  countAt,
  createdAt,
  formatLabels,
  nameOf,
  none,
  textAt,
  unset,
} from "./cells.ts";
import { podCells } from "./pod-printer.ts";
import { serviceCells } from "./service-printer.ts";

/** Cells of the kinds of the core group, and of the Events that are the same. */
export const corePrinters: Readonly<Record<string, Cells>> = {
  "/componentstatuses": (object) => {
    const healthy = objectsAt(object, "conditions").find(
      (each) => stringAt(each, "type") === "Healthy",
    );
    const status = stringAt(healthy, "status") === "True" ? "Healthy" : "Unhealthy";
    return [nameOf(object), status, stringAt(healthy, "message"), stringAt(healthy, "error")];
  },
  "/configmaps": (object, nowMs) => [
    nameOf(object),
    countAt(object, "data") + countAt(object, "binaryData"),
    ageOf(object, nowMs),
  ],
  "/secrets": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "type"),
    countAt(object, "data"),
    ageOf(object, nowMs),
  ],
  "/namespaces": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "status", "phase"),
    ageOf(object, nowMs),
  ],
  "/serviceaccounts": (object, nowMs) => [nameOf(object), ageOf(object, nowMs)],
  "/limitranges": (object) => [nameOf(object), createdAt(object)],
  "/endpoints": (object, nowMs) => [
    nameOf(object),
    formatEndpoints(objectsAt(object, "subsets")),
    ageOf(object, nowMs),
  ],
  "/events": eventCells("involvedObject", "source", "message"),
  "events.k8s.io/events": eventCells("regarding", "deprecatedSource", "note"),
  "/nodes": nodeCells,
  "/persistentvolumes": persistentVolumeCells,
  "/persistentvolumeclaims": claimCells,
  "/pods": podCells,
  "/services": serviceCells,
  "/podtemplates": (object) => [
    nameOf(object),
    ...containersOf(objectAt(object, "template", "spec")),
    formatLabels(objectAt(object, "template", "metadata", "labels")),
  ],
  "/replicationcontrollers": (object, nowMs) => [
    nameOf(object),
    numberAt(object, "spec", "replicas") ?? 0,
    numberAt(object, "status", "replicas") ?? 0,
    numberAt(object, "status", "readyReplicas") ?? 0,
    ageOf(object, nowMs),
    ...containersOf(objectAt(object, "spec", "template", "spec")),
    formatLabels(objectAt(object, "spec", "selector")),
  ],
  "/resourcequotas": (object, nowMs) => [
    nameOf(object),
    formatQuota(object, (name) => !name.startsWith("limits.")),
    formatQuota(object, (name) => name.startsWith("limits.")),
    ageOf(object, nowMs),
  ],
};

/** At most three addresses with their ports. */
function formatEndpoints(subsets: readonly JsonObject[]): string {
  const max = 3;
  const all = subsets.flatMap((subset) => {
    const ports = objectsAt(subset, "ports");
    const ips = objectsAt(subset, "addresses").map((address) => stringAt(address, "ip"));
    if (ports.length === 0) return ips;
    return ports.flatMap((port) => ips.map((ip) => `${ip}:${numberAt(port, "port") ?? 0}`));
  });
  if (all.length === 0) return none;
  const more = all.length > max ? ` + ${all.length - max} more...` : "";
  return `${all.slice(0, max).join(",")}${more}`;
}

// oxlint-disable-next-line max-params -- three names of fields
function eventCells(about: string, source: string, text: string): Cells {
  const deprecated = source === "source" ? "" : "deprecated";
  const field = (name: string): string =>
    deprecated === "" ? name : `${deprecated}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return (event, nowMs) => {
    const first = stringAt(event, field("firstTimestamp")) || stringAt(event, "eventTime");
    const last =
      stringAt(event, "series", "lastObservedTime") ||
      stringAt(event, field("lastTimestamp")) ||
      first;
    const count = numberAt(event, "series", "count") ?? numberAt(event, field("count")) ?? 1;
    const object = objectAt(event, about);
    const name = stringAt(object, "name");
    const kind = stringAt(object, "kind").toLowerCase();
    const component = stringAt(event, source, "component");
    const host = stringAt(event, source, "host");
    const reporter =
      stringAt(event, "reportingComponent") || stringAt(event, "reportingController");
    const from = component === "" ? reporter : host === "" ? component : `${component}, ${host}`;
    return [
      formatAge(last, nowMs),
      stringAt(event, "type"),
      stringAt(event, "reason"),
      name === "" ? kind : `${kind}/${name}`,
      stringAt(object, "fieldPath"),
      from,
      stringAt(event, text).trim(),
      formatAge(first, nowMs),
      count,
      nameOf(event),
    ];
  };
}

function nodeCells(node: JsonObject, nowMs: number): ReturnType<Cells> {
  const conditions = objectsAt(node, "status", "conditions");
  const ready = conditions.find((each) => stringAt(each, "type") === "Ready");
  const state = !ready ? "Unknown" : stringAt(ready, "status") === "True" ? "Ready" : "NotReady";
  const cordoned = valueAt(node, "spec", "unschedulable") === true ? ",SchedulingDisabled" : "";
  const info = objectAt(node, "status", "nodeInfo");
  const address = (type: string): string =>
    stringAt(
      objectsAt(node, "status", "addresses").find((each) => stringAt(each, "type") === type),
      "address",
    ) || none;
  return [
    nameOf(node),
    `${state}${cordoned}`,
    nodeRoles(objectAt(node, "metadata", "labels")),
    ageOf(node, nowMs),
    stringAt(info, "kubeletVersion"),
    address("InternalIP"),
    address("ExternalIP"),
    textAt(info, ["osImage"], "<unknown>"),
    textAt(info, ["kernelVersion"], "<unknown>"),
    textAt(info, ["containerRuntimeVersion"], "<unknown>"),
  ];
}

function nodeRoles(labels: JsonObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(prefix)) return [key.slice(prefix.length)];
    return key === "kubernetes.io/role" && typeof value === "string" ? [value] : [];
  });
  const named = [...new Set(roles)].filter((role) => role !== "").toSorted();
  return named.length === 0 ? none : named.join(",");
}

const modeNames: readonly (readonly [string, string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];

function formatModes(modes: readonly unknown[]): string {
  return modeNames.flatMap(([name, short]) => (modes.includes(name) ? [short] : [])).join(",");
}

function persistentVolumeCells(volume: JsonObject, nowMs: number): ReturnType<Cells> {
  const claim = objectAt(volume, "spec", "claimRef");
  const terminating = stringAt(volume, "metadata", "deletionTimestamp") !== "";
  return [
    nameOf(volume),
    textAt(volume, ["spec", "capacity", "storage"], ""),
    formatModes(valuesAt(volume, "spec", "accessModes")),
    stringAt(volume, "spec", "persistentVolumeReclaimPolicy"),
    terminating ? "Terminating" : stringAt(volume, "status", "phase"),
    stringAt(claim, "name") === ""
      ? ""
      : `${stringAt(claim, "namespace")}/${stringAt(claim, "name")}`,
    stringAt(volume, "spec", "storageClassName"),
    textAt(volume, ["spec", "volumeAttributesClassName"], unset),
    stringAt(volume, "status", "reason"),
    ageOf(volume, nowMs),
    textAt(volume, ["spec", "volumeMode"], unset),
  ];
}

function claimCells(claim: JsonObject, nowMs: number): ReturnType<Cells> {
  const terminating = stringAt(claim, "metadata", "deletionTimestamp") !== "";
  const volume = stringAt(claim, "spec", "volumeName");
  const bound = volume !== "";
  return [
    nameOf(claim),
    terminating ? "Terminating" : stringAt(claim, "status", "phase"),
    volume,
    bound ? textAt(claim, ["status", "capacity", "storage"], "0") : "",
    bound ? formatModes(valuesAt(claim, "status", "accessModes")) : "",
    stringAt(claim, "spec", "storageClassName"),
    textAt(claim, ["spec", "volumeAttributesClassName"], unset),
    ageOf(claim, nowMs),
    textAt(claim, ["spec", "volumeMode"], unset),
  ];
}

function formatQuota(object: JsonObject, wanted: (name: string) => boolean): string {
  const hard = objectAt(object, "status", "hard");
  const used = objectAt(object, "status", "used");
  return Object.keys(hard)
    .toSorted()
    .filter(wanted)
    .map((name) => `${name}: ${textAt(used, [name], "0")}/${textAt(hard, [name], "0")}`)
    .join(", ");
}
