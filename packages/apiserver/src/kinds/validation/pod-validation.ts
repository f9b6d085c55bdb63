import {
  type FieldError,
  forbiddenField,
  invalid,
  isJsonEqual,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { without } from "../plain/edit.ts";
import { numberAt, objectAt, objectsAt, optionalObject, stringAt } from "../plain/plain.ts";
import { checkEnum, checkLabels, checkUnique } from "./checks.ts";
import { validateContainers, validateReferenceName } from "./container-validation.ts";
import { brokenLabel, requireName } from "./names.ts";

/** A pod's `spec`, in a Pod or in a template. */
export function validatePodSpec(path: string, spec: JsonObject): FieldError[] {
  const containers = objectsAt(spec, "containers");
  const init = objectsAt(spec, "initContainers");
  const volumes = objectsAt(spec, "volumes");
  const scope = {
    volumes: new Set(volumes.map((volume) => stringAt(volume, "name"))),
    taken: new Set<string>(),
  };
  const names = new Set(containers.map((container) => stringAt(container, "name")));
  return [
    ...validateVolumes(`${path}.volumes`, volumes),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...validateContainers(`${path}.containers`, containers, scope),
    ...validateContainers(`${path}.initContainers`, init, { ...scope, taken: names }),
    ...validateRestartPolicy(`${path}.restartPolicy`, stringAt(spec, "restartPolicy")),
    ...validateDnsPolicy(path, spec),
    ...checkLabels(`${path}.nodeSelector`, objectAt(spec, "nodeSelector")),
    ...validateReferenceName(`${path}.serviceAccountName`, stringAt(spec, "serviceAccountName")),
    ...validateReferenceName(`${path}.nodeName`, stringAt(spec, "nodeName")),
    ...validateDeadline(`${path}.activeDeadlineSeconds`, numberAt(spec, "activeDeadlineSeconds")),
    ...["hostname", "subdomain"].flatMap((name) => validateHost(path, name, spec)),
    ...objectsAt(spec, "tolerations").flatMap((each, at) =>
      validateToleration(`${path}.tolerations[${at}]`, each),
    ),
    ...validateReferenceName(`${path}.priorityClassName`, stringAt(spec, "priorityClassName")),
    ...validateGracePeriod(path, spec),
  ];
}

/** A workload's `template`. */
export function validatePodTemplate(path: string, template: JsonObject): FieldError[] {
  return [
    ...checkLabels(`${path}.metadata.labels`, objectAt(template, "metadata", "labels")),
    ...validatePodSpec(`${path}.spec`, objectAt(template, "spec")),
  ];
}

/** What may change in a Pod's `spec`: images, deadline, tolerations to add, few others. */
export function validatePodUpdate(spec: JsonObject, old: JsonObject): FieldError[] {
  const wrongLists = (["containers", "initContainers"] as const).filter(
    (list) => objectsAt(spec, list).length !== objectsAt(old, list).length,
  );
  if (wrongLists.length > 0) {
    return wrongLists.map((list) =>
      forbiddenField(`spec.${list}`, "pod updates may not add or remove containers"),
    );
  }
  if (isJsonEqual(fixedPart(spec), fixedPart(old))) return [];
  return [
    forbiddenField(
      "spec",
      "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ),
  ];
}

/** A Pod's `spec` without what may change after its creation. */
function fixedPart(spec: JsonObject): JsonObject {
  const imageless = (list: string): readonly JsonObject[] =>
    objectsAt(spec, list).map((container) => without(container, "image", "imagePullPolicy"));
  return {
    ...without(
      spec,
      "activeDeadlineSeconds",
      "tolerations",
      "schedulingGates",
      "ephemeralContainers",
      "terminationGracePeriodSeconds",
    ),
    containers: imageless("containers"),
    initContainers: imageless("initContainers"),
  };
}

function validateVolumes(path: string, volumes: readonly JsonObject[]): FieldError[] {
  const names = volumes.map((volume) => stringAt(volume, "name"));
  const each = volumes.flatMap((volume, at) => {
    const here = `${path}[${at}]`;
    const sources = Object.keys(volume).filter((name) => optionalObject(volume, name));
    return [
      ...requireName(`${here}.name`, names[at] ?? "", brokenLabel),
      ...sources
        .slice(1)
        .map((name) =>
          forbiddenField(`${here}.${name}`, "may not specify more than 1 volume type"),
        ),
      ...validateSource(here, volume),
    ];
  });
  return [...each, ...checkUnique(names, (at) => `${path}[${at}].name`)];
}

const requiredOfSource: readonly (readonly [string, string])[] = [
  ["configMap", "name"],
  ["secret", "secretName"],
  ["hostPath", "path"],
  ["persistentVolumeClaim", "claimName"],
  ["nfs", "server"],
  ["nfs", "path"],
  ["csi", "driver"],
];

function validateSource(path: string, volume: JsonObject): FieldError[] {
  return requiredOfSource.flatMap(([source, field]) => {
    const value = optionalObject(volume, source);
    return value && stringAt(value, field) === "" ? [required(`${path}.${source}.${field}`)] : [];
  });
}

function validateRestartPolicy(path: string, policy: string): FieldError[] {
  if (policy === "") return [required(path)];
  return checkEnum(path, policy, ["Always", "Never", "OnFailure"]);
}

function validateDnsPolicy(path: string, spec: JsonObject): FieldError[] {
  const policy = stringAt(spec, "dnsPolicy");
  const supported = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
  if (policy === "") return [required(`${path}.dnsPolicy`)];
  if (!supported.includes(policy)) return [notSupported(`${path}.dnsPolicy`, policy, supported)];
  const servers = objectAt(spec, "dnsConfig")["nameservers"];
  if (policy !== "None" || (Array.isArray(servers) && servers.length > 0)) return [];
  if (!optionalObject(spec, "dnsConfig")) {
    return [required(`${path}.dnsConfig`, "must provide `dnsConfig` when `dnsPolicy` is None")];
  }
  return [
    required(
      `${path}.dnsConfig.nameservers`,
      "must provide at least one DNS nameserver when `dnsPolicy` is None",
    ),
  ];
}

function validateDeadline(path: string, seconds: number | undefined): FieldError[] {
  return seconds === undefined || (seconds >= 1 && seconds <= 2_147_483_647)
    ? []
    : [invalid(path, seconds, "must be between 1 and 2147483647, inclusive")];
}

function validateHost(path: string, name: string, spec: JsonObject): FieldError[] {
  const value = stringAt(spec, name);
  const broken = value === "" ? undefined : brokenLabel(value);
  return broken === undefined ? [] : [invalid(`${path}.${name}`, value, broken)];
}

function validateToleration(path: string, toleration: JsonObject): FieldError[] {
  const key = stringAt(toleration, "key");
  const operator = stringAt(toleration, "operator");
  const effect = stringAt(toleration, "effect");
  const errors: FieldError[] = [];
  if (key === "" && operator !== "Exists") {
    errors.push(
      invalid(
        `${path}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  }
  if (numberAt(toleration, "tolerationSeconds") !== undefined && effect !== "NoExecute") {
    errors.push(
      invalid(
        `${path}.effect`,
        effect,
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    );
  }
  if (operator === "Exists" && stringAt(toleration, "value") !== "") {
    errors.push(
      invalid(
        `${path}.operator`,
        { ...toleration },
        "value must be empty when `operator` is 'Exists'",
      ),
    );
  }
  return [
    ...errors,
    ...checkEnum(`${path}.operator`, operator, ["Equal", "Exists"]),
    ...checkEnum(`${path}.effect`, effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]),
  ];
}

function validateGracePeriod(path: string, spec: JsonObject): FieldError[] {
  const seconds = numberAt(spec, "terminationGracePeriodSeconds");
  return seconds === undefined || seconds >= 0
    ? []
    : [
        invalid(
          `${path}.terminationGracePeriodSeconds`,
          seconds,
          "must be greater than or equal to 0",
        ),
      ];
}
