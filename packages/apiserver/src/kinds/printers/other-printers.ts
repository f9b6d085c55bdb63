import type { JsonObject } from "@cellplane/apimachinery";
import { formatHumanDuration } from "../../registry/human-duration.ts";
import {
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
  textsAt,
} from "../plain/plain.ts";
import {
  ageOf,
  type Cells,
  countAt,
  createdAt,
  formatSelector,
  nameOf,
  none,
  textAt,
  unset,
} from "./cells.ts";
import { autoscalerCells } from "./autoscaler-printer.ts";
import { loadBalancerAddresses } from "./service-printer.ts";

const nameAndAge: Cells = (object, nowMs) => [nameOf(object), ageOf(object, nowMs)];
const nameAndTime: Cells = (object) => [nameOf(object), createdAt(object)];

/** Name, one number of items, age. */
const counted =
  (...path: readonly string[]): Cells =>
  (object, nowMs) => [nameOf(object), countAt(object, ...path), ageOf(object, nowMs)];

/** Cells of the kinds outside core, apps and batch. */
export const otherPrinters: Readonly<Record<string, Cells>> = {
  "apiregistration.k8s.io/apiservices": apiServiceCells,
  "autoscaling/horizontalpodautoscalers": autoscalerCells,
  "certificates.k8s.io/certificatesigningrequests": signingRequestCells,
  "networking.k8s.io/ingressclasses": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "spec", "controller"),
    ingressParameters(object),
    ageOf(object, nowMs),
  ],
  "networking.k8s.io/ingresses": (object, nowMs) => [
    nameOf(object),
    textAt(object, ["spec", "ingressClassName"]),
    ingressHosts(object),
    loadBalancerAddresses(object).join(","),
    objectsAt(object, "spec", "tls").length > 0 ? "80, 443" : "80",
    ageOf(object, nowMs),
  ],
  "networking.k8s.io/ipaddresses": (object) => [nameOf(object), formatParent(object)],
  "networking.k8s.io/networkpolicies": (object, nowMs) => [
    nameOf(object),
    formatSelector(objectAt(object, "spec", "podSelector")),
    ageOf(object, nowMs),
  ],
  "networking.k8s.io/servicecidrs": (object, nowMs) => [
    nameOf(object),
    textsAt(object, "spec", "cidrs").join(","),
    ageOf(object, nowMs),
  ],
  "policy/poddisruptionbudgets": (object, nowMs) => [
    nameOf(object),
    textAt(object, ["spec", "minAvailable"], "N/A"),
    textAt(object, ["spec", "maxUnavailable"], "N/A"),
    numberAt(object, "status", "disruptionsAllowed") ?? 0,
    ageOf(object, nowMs),
  ],
  "rbac.authorization.k8s.io/clusterrolebindings": bindingCells,
  "rbac.authorization.k8s.io/rolebindings": bindingCells,
  "rbac.authorization.k8s.io/clusterroles": nameAndTime,
  "rbac.authorization.k8s.io/roles": nameAndTime,
  "storage.k8s.io/csidrivers": (object, nowMs) => [
    nameOf(object),
    valueAt(object, "spec", "attachRequired") !== false,
    valueAt(object, "spec", "podInfoOnMount") === true,
    valueAt(object, "spec", "storageCapacity") === true,
    objectsAt(object, "spec", "tokenRequests")
      .map((each) => stringAt(each, "audience"))
      .join(",") || unset,
    valueAt(object, "spec", "requiresRepublish") === true,
    textsAt(object, "spec", "volumeLifecycleModes").join(",") || none,
    ageOf(object, nowMs),
  ],
  "storage.k8s.io/csinodes": counted("spec", "drivers"),
  "storage.k8s.io/csistoragecapacities": nameAndTime,
  "storage.k8s.io/storageclasses": (object, nowMs) => [
    nameOf(object) + defaultMark(object, "storageclass.kubernetes.io/is-default-class"),
    stringAt(object, "provisioner"),
    stringAt(object, "reclaimPolicy"),
    stringAt(object, "volumeBindingMode"),
    valueAt(object, "allowVolumeExpansion") === true,
    ageOf(object, nowMs),
  ],
  "storage.k8s.io/volumeattachments": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "spec", "attacher"),
    stringAt(object, "spec", "source", "persistentVolumeName"),
    stringAt(object, "spec", "nodeName"),
    valueAt(object, "status", "attached") === true,
    ageOf(object, nowMs),
  ],
  "storage.k8s.io/volumeattributesclasses": (object, nowMs) => [
    nameOf(object) +
      defaultMark(object, "volumeattributesclass.alpha.kubernetes.io/is-default-class"),
    stringAt(object, "driverName"),
    ageOf(object, nowMs),
  ],
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": counted("webhooks"),
  "admissionregistration.k8s.io/validatingwebhookconfigurations": counted("webhooks"),
  "admissionregistration.k8s.io/mutatingadmissionpolicies": policyCells("mutations"),
  "admissionregistration.k8s.io/validatingadmissionpolicies": policyCells("validations"),
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": policyBindingCells,
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": policyBindingCells,
  "apiextensions.k8s.io/customresourcedefinitions": nameAndTime,
  "scheduling.k8s.io/priorityclasses": (object, nowMs) => [
    nameOf(object),
    numberAt(object, "value") ?? 0,
    valueAt(object, "globalDefault") === true,
    ageOf(object, nowMs),
    stringAt(object, "preemptionPolicy"),
  ],
  "coordination.k8s.io/leases": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "spec", "holderIdentity"),
    ageOf(object, nowMs),
  ],
  "node.k8s.io/runtimeclasses": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "handler"),
    ageOf(object, nowMs),
  ],
  "discovery.k8s.io/endpointslices": endpointSliceCells,
  "resource.k8s.io/deviceclasses": nameAndAge,
  "resource.k8s.io/resourceclaimtemplates": nameAndAge,
  "resource.k8s.io/resourceclaims": (object, nowMs) => [
    nameOf(object),
    claimState(object),
    ageOf(object, nowMs),
  ],
  "resource.k8s.io/resourceslices": (object, nowMs) => [
    nameOf(object),
    stringAt(object, "spec", "nodeName"),
    stringAt(object, "spec", "driver"),
    stringAt(object, "spec", "pool", "name"),
    ageOf(object, nowMs),
  ],
  "flowcontrol.apiserver.k8s.io/flowschemas": flowSchemaCells,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": priorityLevelCells,
};

function apiServiceCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const service = optionalObject(object, "spec", "service");
  const name = service && `${stringAt(service, "namespace")}/${stringAt(service, "name")}`;
  const available = objectsAt(object, "status", "conditions").find(
    (each) => stringAt(each, "type") === "Available",
  );
  const status = stringAt(available, "status") || "Unknown";
  const reason = stringAt(available, "reason");
  const shown = status === "True" || reason === "" ? status : `${status} (${reason})`;
  return [nameOf(object), name ?? "Local", shown, ageOf(object, nowMs)];
}

function signingRequestCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const seconds = numberAt(object, "spec", "expirationSeconds");
  const conditions = objectsAt(object, "status", "conditions").map((each) =>
    stringAt(each, "type"),
  );
  const issued = stringAt(object, "status", "certificate") !== "" ? ["Issued"] : [];
  const states = [
    ...(conditions.includes("Denied") ? ["Denied"] : []),
    ...(conditions.includes("Approved") ? ["Approved"] : []),
    ...(conditions.includes("Failed") ? ["Failed"] : []),
  ];
  return [
    nameOf(object),
    ageOf(object, nowMs),
    textAt(object, ["spec", "signerName"]),
    stringAt(object, "spec", "username"),
    seconds === undefined ? none : formatHumanDuration(seconds * 1000),
    [...(states.length === 0 ? ["Pending"] : states), ...issued].join(","),
  ];
}

function ingressParameters(object: JsonObject): string {
  const parameters = optionalObject(object, "spec", "parameters");
  if (!parameters) return none;
  const group = stringAt(parameters, "apiGroup");
  const kind = stringAt(parameters, "kind");
  return `${kind}${group === "" ? "" : `.${group}`}/${stringAt(parameters, "name")}`;
}

/** At most three hosts; `*` for rules that name none. */
function ingressHosts(object: JsonObject): string {
  const hosts = objectsAt(object, "spec", "rules")
    .map((rule) => stringAt(rule, "host"))
    .filter((host) => host !== "");
  if (hosts.length === 0) return "*";
  const more = hosts.length > 3 ? ` + ${hosts.length - 3} more...` : "";
  return `${hosts.slice(0, 3).join(",")}${more}`;
}

function formatParent(object: JsonObject): string {
  const parent = objectAt(object, "spec", "parentRef");
  const group = stringAt(parent, "group");
  const namespace = stringAt(parent, "namespace");
  const resource = `${stringAt(parent, "resource")}${group === "" ? "" : `.${group}`}`;
  return `${resource}/${namespace === "" ? "" : `${namespace}/`}${stringAt(parent, "name")}`;
}

function bindingCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const names = (kind: string): string =>
    objectsAt(object, "subjects")
      .filter((subject) => stringAt(subject, "kind") === kind)
      .map((subject) => {
        const name = stringAt(subject, "name");
        return kind === "ServiceAccount" ? `${stringAt(subject, "namespace")}/${name}` : name;
      })
      .join(", ");
  return [
    nameOf(object),
    `${stringAt(object, "roleRef", "kind")}/${stringAt(object, "roleRef", "name")}`,
    ageOf(object, nowMs),
    names("User"),
    names("Group"),
    names("ServiceAccount"),
  ];
}

function defaultMark(object: JsonObject, annotation: string): string {
  const annotations = objectAt(object, "metadata", "annotations");
  return annotations[annotation] === "true" ? " (default)" : "";
}

function policyCells(list: string): Cells {
  return (object, nowMs) => {
    const kind = optionalObject(object, "spec", "paramKind");
    const param = kind && `${stringAt(kind, "apiVersion")}/${stringAt(kind, "kind")}`;
    return [nameOf(object), countAt(object, "spec", list), param ?? unset, ageOf(object, nowMs)];
  };
}

function policyBindingCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const ref = optionalObject(object, "spec", "paramRef");
  const namespace = stringAt(ref, "namespace") || "*";
  const name = stringAt(ref, "name") || formatSelector(objectAt(ref, "selector"));
  return [
    nameOf(object),
    stringAt(object, "spec", "policyName"),
    ref ? `${namespace}/${name}` : unset,
    ageOf(object, nowMs),
  ];
}

function endpointSliceCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const ports = objectsAt(object, "ports").map((port) => textAt(port, ["port"], "*"));
  const addresses = objectsAt(object, "endpoints").flatMap((each) => textsAt(each, "addresses"));
  const limited = (all: readonly string[]): string => {
    const more = all.length > 3 ? ` + ${all.length - 3} more...` : "";
    return all.length === 0 ? unset : `${all.slice(0, 3).join(",")}${more}`;
  };
  return [
    nameOf(object),
    stringAt(object, "addressType"),
    limited(ports),
    limited(addresses),
    ageOf(object, nowMs),
  ];
}

function claimState(object: JsonObject): string {
  const states = [
    ...(stringAt(object, "metadata", "deletionTimestamp") === "" ? [] : ["deleted"]),
    optionalObject(object, "status", "allocation") ? "allocated" : "pending",
    ...(countAt(object, "status", "reservedFor") > 0 ? ["reserved"] : []),
  ];
  return states.join(",");
}

function flowSchemaCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const dangling = objectsAt(object, "status", "conditions").find(
    (each) => stringAt(each, "type") === "Dangling",
  );
  return [
    nameOf(object),
    textAt(object, ["spec", "priorityLevelConfiguration", "name"]),
    numberAt(object, "spec", "matchingPrecedence") ?? 0,
    textAt(object, ["spec", "distinguisherMethod", "type"]),
    ageOf(object, nowMs),
    stringAt(dangling, "status") || "?",
  ];
}

function priorityLevelCells(object: JsonObject, nowMs: number): ReturnType<Cells> {
  const limited = objectAt(object, "spec", "limited");
  const queuing = objectAt(limited, "limitResponse", "queuing");
  const exempt = objectAt(object, "spec", "exempt");
  const shares = limited["nominalConcurrencyShares"] ?? exempt["nominalConcurrencyShares"];
  return [
    nameOf(object),
    stringAt(object, "spec", "type"),
    textAt({ shares }, ["shares"]),
    textAt(queuing, ["queues"]),
    textAt(queuing, ["handSize"]),
    textAt(queuing, ["queueLengthLimit"]),
    ageOf(object, nowMs),
  ];
}
