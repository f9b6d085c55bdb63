import type { JsonObject } from "@cellplane/apimachinery";
import {
  type Edit,
  editAll,
  editItems,
  editMember,
  editOrCreate,
  withDefaults,
  withMember,
} from "../plain/edit.ts";
import { numberAt, objectAt, optionalObject, stringAt } from "../plain/plain.ts";
import { defaultPodTemplate } from "./pod-defaults.ts";
import { defaultClaimSpec } from "./volume-defaults.ts";

const maxInt32 = 2_147_483_647;
const inSpec =
  (change: Edit): Edit =>
  (object) =>
    editOrCreate(object, "spec", change);
const withTemplate: Edit = (spec) => editOrCreate(spec, "template", defaultPodTemplate);

/** apps/v1 Deployment. */
export const defaultDeployment: Edit = inSpec((spec) =>
  editAll(
    withDefaults(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
    withTemplate,
    (each) =>
      editOrCreate(each, "strategy", (strategy) =>
        defaultRolling(strategy, { maxUnavailable: "25%", maxSurge: "25%" }),
      ),
  ),
);

/** apps/v1 ReplicaSet. */
export const defaultReplicaSet: Edit = inSpec((spec) =>
  withTemplate(withDefaults(spec, { replicas: 1 })),
);

/** apps/v1 DaemonSet. */
export const defaultDaemonSet: Edit = inSpec((spec) =>
  editAll(withDefaults(spec, { revisionHistoryLimit: 10 }), withTemplate, (each) =>
    editOrCreate(each, "updateStrategy", (strategy) =>
      defaultRolling(strategy, { maxUnavailable: 1, maxSurge: 0 }),
    ),
  ),
);

/** apps/v1 StatefulSet. */
export const defaultStatefulSet: Edit = inSpec((spec) =>
  editAll(
    withDefaults(spec, {
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
    }),
    withTemplate,
    (each) =>
      editOrCreate(each, "updateStrategy", (strategy) =>
        defaultRolling(strategy, { partition: 0 }),
      ),
    (each) =>
      editOrCreate(each, "persistentVolumeClaimRetentionPolicy", (policy) =>
        withDefaults(policy, { whenDeleted: "Retain", whenScaled: "Retain" }),
      ),
    (each) => editItems(each, "volumeClaimTemplates", defaultClaimTemplate),
  ),
);

/** core/v1 ReplicationController: labels and selector follow the template. */
export const defaultReplicationController: Edit = (object) => {
  const labels = optionalObject(object, "spec", "template", "metadata", "labels");
  const labelled = labels
    ? editAll(
        object,
        (each) =>
          editMember(each, "metadata", (metadata) =>
            optionalObject(metadata, "labels") ? metadata : withMember(metadata, "labels", labels),
          ),
        (each) => editMember(each, "spec", (spec) => withDefaults(spec, { selector: labels })),
      )
    : object;
  return editOrCreate(labelled, "spec", (spec) =>
    editMember(withDefaults(spec, { replicas: 1 }), "template", defaultPodTemplate),
  );
};

/** batch/v1 Job. */
export const defaultJob: Edit = (job) => {
  const labels = optionalObject(job, "spec", "template", "metadata", "labels");
  const manual = objectAt(job, "spec")["manualSelector"] === true;
  const labelled =
    manual && labels
      ? editMember(job, "metadata", (metadata) => withDefaults(metadata, { labels }))
      : job;
  return editOrCreate(labelled, "spec", defaultJobSpec);
};

/** batch/v1 CronJob. */
export const defaultCronJob: Edit = inSpec((spec) =>
  editAll(
    withDefaults(spec, {
      concurrencyPolicy: "Allow",
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    }),
    (each) =>
      editMember(each, "jobTemplate", (template) =>
        editOrCreate(template, "spec", (job) => withTemplate(job)),
      ),
  ),
);

function defaultJobSpec(spec: JsonObject): JsonObject {
  const completions = numberAt(spec, "completions");
  const parallelism = numberAt(spec, "parallelism");
  const perIndex = numberAt(spec, "backoffLimitPerIndex") !== undefined;
  const failurePolicy = optionalObject(spec, "podFailurePolicy") !== undefined;
  return editAll(
    withDefaults(spec, {
      ...(completions === undefined && parallelism === undefined ? { completions: 1 } : {}),
      parallelism: 1,
      backoffLimit: perIndex ? maxInt32 : 6,
      completionMode: "NonIndexed",
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: failurePolicy ? "Failed" : "TerminatingOrFailed",
    }),
    withTemplate,
    (each) => editMember(each, "podFailurePolicy", defaultFailurePolicy),
  );
}

function defaultFailurePolicy(policy: JsonObject): JsonObject {
  return editItems(policy, "rules", (rule) =>
    editItems(rule, "onPodConditions", (condition) => withDefaults(condition, { status: "True" })),
  );
}

function defaultClaimTemplate(claim: JsonObject): JsonObject {
  return editAll(
    withDefaults(claim, { apiVersion: "v1", kind: "PersistentVolumeClaim" }),
    (each) => editOrCreate(each, "spec", defaultClaimSpec),
    (each) => editOrCreate(each, "status", (status) => withDefaults(status, { phase: "Pending" })),
  );
}

/** `type` RollingUpdate by default, and only then its parameters. */
function defaultRolling(strategy: JsonObject, parameters: JsonObject): JsonObject {
  const typed = withDefaults(strategy, { type: "RollingUpdate" });
  if (stringAt(typed, "type") !== "RollingUpdate") return typed;
  return editOrCreate(typed, "rollingUpdate", (rolling) => withDefaults(rolling, parameters));
}
