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
import {
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
} from "../plain/plain.ts";
import {
  checkEnum,
  checkImmutable,
  checkIntOrPercent,
  checkLabelSelector,
  checkNonNegative,
  selectorMatches,
} from "./checks.ts";
import { validatePodTemplate } from "./pod-validation.ts";

/** apps/v1 Deployment. */
export function validateDeployment(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const minReady = numberAt(spec, "minReadySeconds") ?? 0;
  const progress = numberAt(spec, "progressDeadlineSeconds");
  const slow = progress !== undefined && progress >= 0 && progress <= minReady;
  return [
    ...checkNonNegative("spec.replicas", spec["replicas"]),
    ...validateSelectedTemplate(spec, "deployment"),
    ...validateDeploymentStrategy(objectAt(spec, "strategy")),
    ...checkNonNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...checkNonNegative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"]),
    ...checkNonNegative("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"]),
    ...(slow
      ? [invalid("spec.progressDeadlineSeconds", progress, "must be greater than minReadySeconds")]
      : []),
  ];
}

/** The counts of a Deployment's status. */
export function validateDeploymentStatus(object: JsonObject): FieldError[] {
  const status = objectAt(object, "status");
  const count = (name: string): number => numberAt(status, name) ?? 0;
  const negative = [
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "collisionCount",
  ].flatMap((name) => checkNonNegative(`status.${name}`, status[name]));
  const above = (name: string, limit: string): FieldError[] =>
    count(name) > count(limit)
      ? [
          invalid(
            `status.${name}`,
            count(name),
            `cannot be greater than ${limit === "replicas" ? "status.replicas" : limit}`,
          ),
        ]
      : [];
  return [
    ...negative,
    ...above("updatedReplicas", "replicas"),
    ...above("readyReplicas", "replicas"),
    ...above("availableReplicas", "replicas"),
    ...above("availableReplicas", "readyReplicas"),
  ];
}

/** apps/v1 ReplicaSet. */
export function validateReplicaSet(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  return [
    ...checkNonNegative("spec.replicas", spec["replicas"]),
    ...checkNonNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...validateSelectedTemplate(spec, "deployment"),
  ];
}

/** apps/v1 DaemonSet. */
export function validateDaemonSet(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const strategy = objectAt(spec, "updateStrategy");
  return [
    ...validateSelectedTemplate(spec, "daemonset"),
    ...checkNonNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...validateDaemonStrategy(strategy),
    ...checkNonNegative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"]),
  ];
}

/** apps/v1 StatefulSet. */
export function validateStatefulSet(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const policy = stringAt(spec, "podManagementPolicy");
  const type = stringAt(spec, "updateStrategy", "type");
  const rolling = optionalObject(spec, "updateStrategy", "rollingUpdate");
  return [
    ...(policy === "" ? [required("spec.podManagementPolicy")] : []),
    ...(policy === "" || policy === "OrderedReady" || policy === "Parallel"
      ? []
      : [invalid("spec.podManagementPolicy", policy, 'must be "OrderedReady" or "Parallel"')]),
    ...(type === "RollingUpdate" || type === "OnDelete"
      ? []
      : [
          invalid(
            "spec.updateStrategy",
            objectAt(spec, "updateStrategy"),
            "must be 'RollingUpdate' or 'OnDelete'",
          ),
        ]),
    ...(type === "OnDelete" && rolling
      ? [
          invalid(
            "spec.updateStrategy.rollingUpdate",
            rolling,
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
      : []),
    ...checkNonNegative("spec.updateStrategy.rollingUpdate.partition", rolling?.["partition"]),
    ...checkNonNegative("spec.replicas", spec["replicas"]),
    ...checkNonNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...validateSelectedTemplate(spec, "statefulset"),
  ];
}

/** What may change in a StatefulSet's spec. */
export function validateStatefulSetUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const mutable = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
  ];
  const fixed = (from: JsonObject): JsonObject => without(objectAt(from, "spec"), ...mutable);
  if (isJsonEqual(fixed(object), fixed(old))) return [];
  return [
    forbiddenField(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

/** The selector of a Deployment, ReplicaSet or DaemonSet stays as it was. */
export function validateSelectorUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  return checkImmutable(
    "spec.selector",
    valueAt(object, "spec", "selector"),
    valueAt(old, "spec", "selector"),
  );
}

/** core/v1 ReplicationController: its selector is a map. */
export function validateReplicationController(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const selector = objectAt(spec, "selector");
  const template = optionalObject(spec, "template");
  const labels = objectAt(template, "metadata", "labels");
  const matches = Object.entries(selector).every(([key, value]) => labels[key] === value);
  return [
    ...checkNonNegative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...(Object.keys(selector).length === 0 ? [required("spec.selector")] : []),
    ...checkNonNegative("spec.replicas", spec["replicas"]),
    ...(template ? [] : [required("spec.template")]),
    ...(matches || !template
      ? []
      : [
          invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
          ),
        ]),
    ...(template ? validatePodTemplate("spec.template", template) : []),
    ...(template ? requireAlways("spec.template.spec.restartPolicy", template) : []),
  ];
}

function validateSelectedTemplate(spec: JsonObject, kind: string): FieldError[] {
  const selector = optionalObject(spec, "selector");
  const template = objectAt(spec, "template");
  const labels = optionalObject(template, "metadata", "labels");
  const everything =
    selector !== undefined &&
    Object.keys(objectAt(selector, "matchLabels")).length === 0 &&
    objectsAt(selector, "matchExpressions").length === 0;
  const mismatch = !everything && !selectorMatches(selector, labels ?? {});
  return [
    ...(selector ? checkLabelSelector("spec.selector", selector) : [required("spec.selector")]),
    ...(everything
      ? [invalid("spec.selector", selector, `empty selector is invalid for ${kind}`)]
      : []),
    ...(mismatch
      ? [
          invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
          ),
        ]
      : []),
    ...validatePodTemplate("spec.template", template),
    ...requireAlways("spec.template.spec.restartPolicy", template),
    ...(valueAt(template, "spec", "activeDeadlineSeconds") === undefined
      ? []
      : [
          forbiddenField(
            "spec.template.spec.activeDeadlineSeconds",
            "activeDeadlineSeconds in ReplicaSet is not Supported",
          ),
        ]),
  ];
}

function requireAlways(path: string, template: JsonObject): FieldError[] {
  const policy = stringAt(template, "spec", "restartPolicy");
  return policy === "Always" || policy === "" ? [] : [notSupported(path, policy, ["Always"])];
}

function validateDeploymentStrategy(strategy: JsonObject): FieldError[] {
  const type = stringAt(strategy, "type");
  const rolling = optionalObject(strategy, "rollingUpdate");
  if (type === "Recreate") {
    if (!rolling) return [];
    return [
      forbiddenField(
        "spec.strategy.rollingUpdate",
        "may not be specified when strategy `type` is 'Recreate'",
      ),
    ];
  }
  if (type !== "RollingUpdate") {
    return checkEnum("spec.strategy.type", type, ["Recreate", "RollingUpdate"]);
  }
  return validateRolling("spec.strategy.rollingUpdate", objectAt(strategy, "rollingUpdate"));
}

function validateRolling(path: string, rolling: JsonObject): FieldError[] {
  const isZero = (name: string): boolean => rolling[name] === 0 || rolling[name] === "0%";
  return [
    ...checkIntOrPercent(`${path}.maxUnavailable`, rolling["maxUnavailable"]),
    ...checkIntOrPercent(`${path}.maxSurge`, rolling["maxSurge"]),
    ...(isZero("maxUnavailable") && isZero("maxSurge")
      ? [
          invalid(
            `${path}.maxUnavailable`,
            rolling["maxUnavailable"],
            "may not be 0 when `maxSurge` is 0",
          ),
        ]
      : []),
  ];
}

function validateDaemonStrategy(strategy: JsonObject): FieldError[] {
  const type = stringAt(strategy, "type");
  if (type !== "RollingUpdate") {
    return checkEnum("spec.updateStrategy.type", type, ["RollingUpdate", "OnDelete"]);
  }
  const path = "spec.updateStrategy.rollingUpdate";
  const rolling = objectAt(strategy, "rollingUpdate");
  return [
    ...checkIntOrPercent(`${path}.maxUnavailable`, rolling["maxUnavailable"]),
    ...checkIntOrPercent(`${path}.maxSurge`, rolling["maxSurge"]),
  ];
}
