import type { JsonObject } from "@cellplane/apimachinery";
import { isJsonEqual } from "@cellplane/apimachinery";
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultStatefulSet,
} from "../defaults/workload-defaults.ts";
import { editAll, editMember, editOrCreate, withDefaults, withMember } from "../plain/edit.ts";
import {
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
} from "../plain/plain.ts";
import { checkImmutable } from "../validation/checks.ts";
import { validateCronJob, validateJob, validateJobUpdate } from "../validation/job-validation.ts";
import {
  validateDaemonSet,
  validateDeployment,
  validateDeploymentStatus,
  validateReplicaSet,
  validateSelectorUpdate,
  validateStatefulSet,
  validateStatefulSetUpdate,
} from "../validation/workload-validation.ts";
import type { KindRules, RulesByResource } from "./kind-rules.ts";
import { volumeWarnings } from "./pod-rules.ts";

/** The annotation that counts the changes of a DaemonSet's template, for old clients. */
const templateGeneration = "deprecated.daemonset.template.generation";

const templateRules = (rules: KindRules): KindRules => ({
  tracksGeneration: true,
  warnings: (object) =>
    volumeWarnings(
      "spec.template.spec.volumes",
      objectsAt(object, "spec", "template", "spec", "volumes"),
    ),
  ...rules,
});

/** What differs for apps and batch. */
export const workloadRules: RulesByResource = {
  "apps/deployments": templateRules({
    defaults: defaultDeployment,
    validate: validateDeployment,
    validateUpdate: validateSelectorUpdate,
    validateStatus: validateDeploymentStatus,
    statusKeepsLabels: true,
  }),
  "apps/replicasets": templateRules({
    defaults: defaultReplicaSet,
    validate: validateReplicaSet,
    validateUpdate: validateSelectorUpdate,
    selectableFields: ["status.replicas"],
  }),
  "apps/daemonsets": templateRules({
    defaults: defaultDaemonSet,
    prepareForCreate: (object) => countTemplate(object, 1),
    prepareForUpdate: countChangedTemplate,
    validate: validateDaemonSet,
    validateUpdate: validateSelectorUpdate,
  }),
  "apps/statefulsets": templateRules({
    defaults: defaultStatefulSet,
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
  }),
  "apps/controllerrevisions": {
    validateUpdate: (object, old) => checkImmutable("data", object["data"], old["data"]),
  },
  "batch/jobs": templateRules({
    defaults: defaultJob,
    prepareForCreate: selectByUid,
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    selectableFields: ["status.successful"],
    fieldValue: (job, field) =>
      field === "status.successful" ? String(numberAt(job, "status", "succeeded") ?? 0) : undefined,
    defaultPropagation: "orphan",
  }),
  "batch/cronjobs": { tracksGeneration: true, defaults: defaultCronJob, validate: validateCronJob },
};

/** A Job finds its pods by its own uid, unless it says how. */
function selectByUid(job: JsonObject): JsonObject {
  if (valueAt(job, "spec", "manualSelector") === true) return job;
  const uid = stringAt(job, "metadata", "uid");
  const name = stringAt(job, "metadata", "name");
  const controller = { "batch.kubernetes.io/controller-uid": uid };
  const labels = {
    ...controller,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const label = (metadata: JsonObject): JsonObject =>
    editOrCreate(metadata, "labels", (each) => ({ ...each, ...labels }));
  // The Job itself carries its template's labels unless it has some of its own.
  const labelOwn = (metadata: JsonObject): JsonObject =>
    optionalObject(metadata, "labels") ? metadata : withMember(metadata, "labels", labels);
  return editAll(
    job,
    (each) => editMember(each, "metadata", labelOwn),
    (each) =>
      editMember(each, "spec", (spec) =>
        editMember(
          withMember(spec, "selector", {
            ...objectAt(spec, "selector"),
            matchLabels: { ...objectAt(spec, "selector", "matchLabels"), ...controller },
          }),
          "template",
          (template) => editOrCreate(template, "metadata", label),
        ),
      ),
  );
}

function countTemplate(object: JsonObject, count: number): JsonObject {
  return editMember(object, "metadata", (metadata) =>
    editOrCreate(metadata, "annotations", (annotations) =>
      withMember(annotations, templateGeneration, String(count)),
    ),
  );
}

function countChangedTemplate(object: JsonObject, old: JsonObject): JsonObject {
  const before = Number(stringAt(old, "metadata", "annotations", templateGeneration) || "0");
  const same = isJsonEqual(valueAt(object, "spec", "template"), valueAt(old, "spec", "template"));
  if (!same) return countTemplate(object, before + 1);
  if (before === 0) return object;
  return editMember(object, "metadata", (metadata) =>
    editOrCreate(metadata, "annotations", (annotations) =>
      withDefaults(withMember(annotations, templateGeneration, String(before)), {}),
    ),
  );
}
