import type { JsonObject } from "@cellplane/apimachinery";
import { toCoreEvent, toGroupEvent } from "../conversion/event-conversion.ts";
import {
  defaultEndpoints,
  defaultLimitRange,
  defaultNamespace,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultSecret,
} from "../defaults/core-defaults.ts";
import { defaultPodTemplate } from "../defaults/pod-defaults.ts";
import { defaultService } from "../defaults/service-defaults.ts";
import { defaultReplicationController } from "../defaults/workload-defaults.ts";
import { editMember, withMember } from "../plain/edit.ts";
import { asJson, asObject, objectAt, stringAt, valueAt, valuesAt } from "../plain/plain.ts";
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateSecret,
  validateSecretUpdate,
} from "../validation/config-validation.ts";
import { validateEvent } from "../validation/event-validation.ts";
import { labelName } from "../validation/names.ts";
import { validateClaim } from "../validation/other-validation.ts";
import { validatePodTemplate } from "../validation/pod-validation.ts";
import { validateService, validateServiceUpdate } from "../validation/service-validation.ts";
import { validateReplicationController } from "../validation/workload-validation.ts";
import type { KindRules, RulesByResource } from "./kind-rules.ts";
import { podRules } from "./pod-rules.ts";

const namespaceRules: KindRules = {
  validateName: (name, prefix) =>
    name.includes(".") ? "must not contain dots" : labelName(name, prefix),
  defaults: defaultNamespace,
  initialStatus: () => ({ phase: "Active" }),
  prepareForCreate: (namespace) => {
    const finalizers = valuesAt(namespace, "spec", "finalizers");
    if (finalizers.includes("kubernetes")) return namespace;
    const spec = { ...objectAt(namespace, "spec"), finalizers: [...finalizers, "kubernetes"] };
    return { ...namespace, spec };
  },
  // Only `finalize` changes what holds a Namespace.
  prepareForUpdate: (namespace, old, context) =>
    context.subresource === "finalize"
      ? { ...old, metadata: namespace["metadata"], spec: namespace["spec"] }
      : withMember(namespace, "spec", old["spec"]),
  selectableFields: ["status.phase"],
  deletion: {
    answersObject: true,
    holds: (namespace) => valuesAt(asJson(namespace), "spec", "finalizers").length > 0,
    prepare: (namespace) =>
      asObject(
        withMember(asJson(namespace), "status", {
          ...objectAt(namespace, "status"),
          phase: "Terminating",
        }),
      ),
  },
};

const eventFields = (about: string, names: readonly string[]): readonly string[] => [
  ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
    (name) => `${about}.${name}`,
  ),
  ...names,
];

/** core/v1 Events; those of events.k8s.io are stored as these. */
const eventRules: KindRules = {
  allowsCreateOnUpdate: true,
  validate: validateEvent,
  selectableFields: eventFields("involvedObject", [
    "reason",
    "reportingComponent",
    "source",
    "type",
  ]),
  fieldValue: (event, field) => {
    if (field !== "source") return undefined;
    return stringAt(event, "source", "component") || stringAt(event, "reportingComponent");
  },
  convert: toCoreEvent,
};

const groupEventRules: KindRules = {
  allowsCreateOnUpdate: true,
  validate: validateEvent,
  selectableFields: eventFields("regarding", ["reason", "reportingController", "type"]),
  convert: toGroupEvent,
};

const nodeRules: KindRules = {
  prepareForCreate: (node) => editMember(node, "spec", (spec) => taintNotReady(spec)),
  selectableFields: ["spec.unschedulable"],
  fieldValue: (node, field) =>
    field === "spec.unschedulable" && valueAt(node, "spec", "unschedulable") !== true
      ? "false"
      : undefined,
};

const volumeFinalizer = "kubernetes.io/pv-protection";
const claimFinalizer = "kubernetes.io/pvc-protection";

/** What differs for the kinds of the core group. */
export const coreRules: RulesByResource = {
  "/configmaps": {
    validate: validateConfigMap,
    validateUpdate: validateConfigMapUpdate,
  },
  "/secrets": {
    defaults: defaultSecret,
    validate: validateSecret,
    validateUpdate: validateSecretUpdate,
    selectableFields: ["type"],
  },
  "/namespaces": namespaceRules,
  "/pods": podRules,
  "/services": {
    allowsCreateOnUpdate: true,
    validateName: labelName,
    defaults: defaultService,
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    selectableFields: ["spec.clusterIP", "spec.type"],
  },
  "/endpoints": {
    allowsCreateOnUpdate: true,
    defaults: defaultEndpoints,
  },
  "/events": eventRules,
  "events.k8s.io/events": groupEventRules,
  "/nodes": nodeRules,
  "/limitranges": { allowsCreateOnUpdate: true, defaults: defaultLimitRange },
  "/podtemplates": {
    tracksGeneration: true,
    defaults: (object) =>
      withMember(object, "template", defaultPodTemplate(objectAt(object, "template"))),
    validate: (object) => validatePodTemplate("template", objectAt(object, "template")),
  },
  "/replicationcontrollers": {
    tracksGeneration: true,
    defaults: defaultReplicationController,
    validate: validateReplicationController,
    selectableFields: ["status.replicas"],
    defaultPropagation: "orphan",
  },
  "/persistentvolumes": {
    defaults: defaultPersistentVolume,
    initialStatus: (_object, context) => ({
      phase: "Pending",
      lastPhaseTransitionTime: `${new Date(context.nowMs).toISOString().slice(0, 19)}Z`,
    }),
    prepareForCreate: (object) => protect(object, volumeFinalizer),
  },
  "/persistentvolumeclaims": {
    defaults: defaultPersistentVolumeClaim,
    initialStatus: () => ({ phase: "Pending" }),
    prepareForCreate: (object) => protect(object, claimFinalizer),
    validate: validateClaim,
  },
};

/** Adds the finalizer that keeps an object in use from going. */
export function protect(object: JsonObject, finalizer: string): JsonObject {
  return editMember(object, "metadata", (metadata) => {
    const finalizers = valuesAt(metadata, "finalizers");
    if (finalizers.includes(finalizer)) return metadata;
    return { ...metadata, finalizers: [...finalizers, finalizer] };
  });
}

/** A new Node takes no pods until it is ready. */
function taintNotReady(spec: JsonObject): JsonObject {
  const key = "node.kubernetes.io/not-ready";
  const taints = valuesAt(spec, "taints");
  if (taints.some((taint) => stringAt(taint, "key") === key)) return spec;
  return { ...spec, taints: [...taints, { key, effect: "NoSchedule" }] };
}
