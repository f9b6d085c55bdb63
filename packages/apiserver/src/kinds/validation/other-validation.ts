import {
  type FieldError,
  forbiddenField,
  invalid,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import {
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
  valuesAt,
} from "../plain/plain.ts";
import {
  checkEnum,
  checkImmutable,
  checkIntOrPercent,
  checkLabelSelector,
  checkNonNegative,
} from "./checks.ts";
import { brokenQualifiedName, brokenSubdomain, requireName } from "./names.ts";

/** coordination.k8s.io Lease. */
export function validateLease(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const seconds = numberAt(spec, "leaseDurationSeconds");
  return [
    ...(seconds !== undefined && seconds <= 0
      ? [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
      : []),
    ...checkNonNegative("spec.leaseTransitions", spec["leaseTransitions"]),
  ];
}

/** policy PodDisruptionBudget. */
export function validateDisruptionBudget(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const both = spec["minAvailable"] !== undefined && spec["maxUnavailable"] !== undefined;
  return [
    ...(both ? [invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")] : []),
    ...checkIntOrPercent("spec.minAvailable", spec["minAvailable"]),
    ...checkIntOrPercent("spec.maxUnavailable", spec["maxUnavailable"]),
    ...checkLabelSelector("spec.selector", objectAt(spec, "selector")),
    ...checkEnum("spec.unhealthyPodEvictionPolicy", stringAt(spec, "unhealthyPodEvictionPolicy"), [
      "AlwaysAllow",
      "IfHealthyBudget",
    ]),
  ];
}

/** autoscaling HorizontalPodAutoscaler, in either version. */
export function validateAutoscaler(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const min = numberAt(spec, "minReplicas");
  const max = numberAt(spec, "maxReplicas") ?? 0;
  const ref = objectAt(spec, "scaleTargetRef");
  return [
    ...(min !== undefined && min < 1
      ? [invalid("spec.minReplicas", min, "must be greater than or equal to 1")]
      : []),
    ...(max < 1 ? [invalid("spec.maxReplicas", max, "must be greater than 0")] : []),
    ...(min !== undefined && max < min
      ? [invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`")]
      : []),
    ...["kind", "name"].flatMap((name) =>
      stringAt(ref, name) === "" ? [required(`spec.scaleTargetRef.${name}`)] : [],
    ),
  ];
}

/** networking.k8s.io Ingress. */
export function validateIngress(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const rules = objectsAt(spec, "rules");
  const backend = optionalObject(spec, "defaultBackend");
  const none = rules.length === 0 && !backend;
  return [
    ...(none
      ? [invalid("spec", spec, "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...rules.flatMap((rule, at) => validateIngressRule(`spec.rules[${at}]`, rule)),
    ...(backend ? validateBackend("spec.defaultBackend", backend) : []),
    ...(stringAt(spec, "ingressClassName") === ""
      ? []
      : requireName("spec.ingressClassName", stringAt(spec, "ingressClassName"), brokenSubdomain)),
  ];
}

function validateIngressRule(path: string, rule: JsonObject): FieldError[] {
  const host = stringAt(rule, "host");
  const broken = host === "" ? undefined : brokenSubdomain(host.replace(/^\*\./, ""));
  const http = optionalObject(rule, "http");
  const paths = objectsAt(http, "paths");
  return [
    ...(broken === undefined ? [] : [invalid(`${path}.host`, host, broken)]),
    ...(http && paths.length === 0 ? [required(`${path}.http.paths`)] : []),
    ...paths.flatMap((each, at) => validateIngressPath(`${path}.http.paths[${at}]`, each)),
  ];
}

function validateIngressPath(path: string, each: JsonObject): FieldError[] {
  const type = stringAt(each, "pathType");
  const value = stringAt(each, "path");
  const supported = ["Exact", "ImplementationSpecific", "Prefix"];
  const absolute = type === "Exact" || type === "Prefix";
  return [
    ...(type === "" ? [required(`${path}.pathType`, "pathType must be specified")] : []),
    ...(type === "" || supported.includes(type)
      ? []
      : [notSupported(`${path}.pathType`, type, supported)]),
    ...(absolute && !value.startsWith("/")
      ? [invalid(`${path}.path`, value, "must be an absolute path")]
      : []),
    ...validateBackend(`${path}.backend`, objectAt(each, "backend")),
  ];
}

function validateBackend(path: string, backend: JsonObject): FieldError[] {
  const service = optionalObject(backend, "service");
  const resource = optionalObject(backend, "resource");
  if (service && resource) {
    return [invalid(path, "", "cannot set both resource and service backends")];
  }
  if (resource) return [];
  if (!service) return [required(path, "must specify a resource or service backend")].slice(0, 1);
  const port = objectAt(service, "port");
  const hasName = stringAt(port, "name") !== "";
  const hasNumber = (numberAt(port, "number") ?? 0) !== 0;
  return [
    ...(stringAt(service, "name") === "" ? [required(`${path}.service.name`)] : []),
    ...(hasName && hasNumber ? [invalid(path, "", "cannot set both port name & port number")] : []),
    ...(!hasName && !hasNumber ? [required(path, "port name or number is required")] : []),
  ];
}

/** scheduling.k8s.io PriorityClass: its own names start otherwise than the system's. */
export function validatePriorityClass(object: JsonObject): FieldError[] {
  const name = stringAt(object, "metadata", "name");
  const value = numberAt(object, "value") ?? 0;
  const system = ["system-node-critical", "system-cluster-critical"].includes(name);
  const highest = 1_000_000_000;
  return [
    ...(name.startsWith("system-") && !system
      ? [
          forbiddenField(
            "metadata.name",
            "priority class names with 'system-' prefix are reserved for system use only. error: it is not a known system priority class",
          ),
        ]
      : []),
    ...(value > highest && !system
      ? [forbiddenField("value", `maximum allowed value of a user defined priority is ${highest}`)]
      : []),
    ...checkEnum("preemptionPolicy", stringAt(object, "preemptionPolicy"), [
      "Never",
      "PreemptLowerPriority",
    ]),
  ];
}

/** The value and the policy of a PriorityClass stay. */
export function validatePriorityClassUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const changed = (object["value"] ?? 0) !== (old["value"] ?? 0);
  return [
    ...(changed ? [forbiddenField("value", "may not be changed in an update.")] : []),
    ...checkImmutable("preemptionPolicy", object["preemptionPolicy"], old["preemptionPolicy"]),
  ];
}

/** storage.k8s.io StorageClass. */
export function validateStorageClass(object: JsonObject): FieldError[] {
  const provisioner = stringAt(object, "provisioner");
  if (provisioner === "") return [required("provisioner")];
  return [
    ...brokenQualifiedName(provisioner.toLowerCase()).map((rule) =>
      invalid("provisioner", provisioner, rule),
    ),
    ...checkEnum("reclaimPolicy", stringAt(object, "reclaimPolicy"), ["Delete", "Retain"]),
    ...checkEnum("volumeBindingMode", stringAt(object, "volumeBindingMode"), [
      "Immediate",
      "WaitForFirstConsumer",
    ]),
  ];
}

/** What makes a StorageClass stays. */
export function validateStorageClassUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const parameters = checkImmutable("parameters", object["parameters"], old["parameters"]);
  return [
    ...(parameters.length > 0
      ? [forbiddenField("parameters", "updates to parameters are forbidden.")]
      : []),
    ...(object["provisioner"] === old["provisioner"]
      ? []
      : [forbiddenField("provisioner", "updates to provisioner are forbidden.")]),
    ...(object["reclaimPolicy"] === old["reclaimPolicy"]
      ? []
      : [forbiddenField("reclaimPolicy", "updates to reclaimPolicy are forbidden.")]),
    ...checkImmutable("volumeBindingMode", object["volumeBindingMode"], old["volumeBindingMode"]),
  ];
}

/** discovery.k8s.io EndpointSlice. */
export function validateEndpointSlice(object: JsonObject): FieldError[] {
  const type = stringAt(object, "addressType");
  const endpoints = objectsAt(object, "endpoints");
  const supported = ["FQDN", "IPv4", "IPv6"];
  return [
    ...(type === "" ? [required("addressType")] : []),
    ...(type === "" || supported.includes(type)
      ? []
      : [notSupported("addressType", type, supported)]),
    ...endpoints.flatMap((endpoint, at) =>
      valuesAt(endpoint, "addresses").length === 0
        ? [required(`endpoints[${at}].addresses`, "must contain at least 1 address")]
        : [],
    ),
  ];
}

/** The address type of an EndpointSlice stays. */
export function validateEndpointSliceUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  return checkImmutable("addressType", valueAt(object, "addressType"), valueAt(old, "addressType"));
}

/** core/v1 PersistentVolumeClaim. */
export function validateClaim(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  return [
    ...(valuesAt(spec, "accessModes").length === 0
      ? [required("spec.accessModes", "at least 1 access mode is required")]
      : []),
    ...(valueAt(spec, "resources", "requests", "storage") === undefined
      ? [required("spec.resources[storage]")]
      : []),
  ];
}
