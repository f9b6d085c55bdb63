import type { JsonObject } from "@cellplane/apimachinery";
import { formatAge, formatHumanDuration } from "../../registry/human-duration.ts";
import { numberAt, objectAt, objectsAt, stringAt, valueAt } from "../plain/plain.ts";
import {
  ageOf,
  type Cell,
  type Cells,
  containersOf,
  countAt,
  formatLabels,
  formatSelector,
  nameOf,
  none,
} from "./cells.ts";

/** Cells of the kinds of apps and batch. */
export const workloadPrinters: Readonly<Record<string, Cells>> = {
  "apps/deployments": (object, nowMs) => [
    nameOf(object),
    `${statusCount(object, "readyReplicas")}/${numberAt(object, "spec", "replicas") ?? 0}`,
    statusCount(object, "updatedReplicas"),
    statusCount(object, "availableReplicas"),
    ageOf(object, nowMs),
    ...templateOf(object),
    formatSelector(objectAt(object, "spec", "selector")),
  ],
  "apps/replicasets": (object, nowMs) => [
    nameOf(object),
    numberAt(object, "spec", "replicas") ?? 0,
    statusCount(object, "replicas"),
    statusCount(object, "readyReplicas"),
    ageOf(object, nowMs),
    ...templateOf(object),
    formatSelector(objectAt(object, "spec", "selector")),
  ],
  "apps/statefulsets": (object, nowMs) => [
    nameOf(object),
    `${statusCount(object, "readyReplicas")}/${numberAt(object, "spec", "replicas") ?? 0}`,
    ageOf(object, nowMs),
    ...templateOf(object),
  ],
  "apps/daemonsets": (object, nowMs) => [
    nameOf(object),
    statusCount(object, "desiredNumberScheduled"),
    statusCount(object, "currentNumberScheduled"),
    statusCount(object, "numberReady"),
    statusCount(object, "updatedNumberScheduled"),
    statusCount(object, "numberAvailable"),
    formatLabels(objectAt(object, "spec", "template", "spec", "nodeSelector")),
    ageOf(object, nowMs),
    ...templateOf(object),
    formatSelector(objectAt(object, "spec", "selector")),
  ],
  "apps/controllerrevisions": (object, nowMs) => [
    nameOf(object),
    controllerOf(object),
    numberAt(object, "revision") ?? 0,
    ageOf(object, nowMs),
  ],
  "batch/jobs": (object, nowMs) => [
    nameOf(object),
    jobStatus(object),
    completions(object),
    jobDuration(object, nowMs),
    ageOf(object, nowMs),
    ...templateOf(object),
    formatSelector(objectAt(object, "spec", "selector")),
  ],
  "batch/cronjobs": (object, nowMs) => {
    const last = stringAt(object, "status", "lastScheduleTime");
    return [
      nameOf(object),
      stringAt(object, "spec", "schedule"),
      stringAt(object, "spec", "timeZone") || none,
      valueAt(object, "spec", "suspend") === true,
      countAt(object, "status", "active"),
      last === "" ? none : formatAge(last, nowMs),
      ageOf(object, nowMs),
      ...containersOf(objectAt(object, "spec", "jobTemplate", "spec", "template", "spec")),
      formatSelector(objectAt(object, "spec", "jobTemplate", "spec", "selector")),
    ];
  },
};

function statusCount(object: JsonObject, name: string): number {
  return numberAt(object, "status", name) ?? 0;
}

function templateOf(object: JsonObject): readonly [Cell, Cell] {
  return containersOf(objectAt(object, "spec", "template", "spec"));
}

/** `deployment.apps/web`: who controls the object. */
function controllerOf(object: JsonObject): string {
  const owner = objectsAt(object, "metadata", "ownerReferences").find(
    (each) => each["controller"] === true,
  );
  if (!owner) return none;
  const [group = ""] = stringAt(owner, "apiVersion").split("/");
  const suffix = stringAt(owner, "apiVersion").includes("/") ? `.${group}` : "";
  return `${stringAt(owner, "kind").toLowerCase()}${suffix}/${stringAt(owner, "name")}`;
}

function hasCondition(job: JsonObject, type: string): boolean {
  return objectsAt(job, "status", "conditions").some(
    (each) => stringAt(each, "type") === type && stringAt(each, "status") === "True",
  );
}

function jobStatus(job: JsonObject): string {
  if (hasCondition(job, "Complete")) return "Complete";
  if (hasCondition(job, "Failed")) return "Failed";
  if (stringAt(job, "metadata", "deletionTimestamp") !== "") return "Terminating";
  if (hasCondition(job, "Suspended")) return "Suspended";
  if (hasCondition(job, "FailureTarget")) return "FailureTarget";
  return hasCondition(job, "SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function completions(job: JsonObject): string {
  const succeeded = statusCount(job, "succeeded");
  const wanted = numberAt(job, "spec", "completions");
  if (wanted !== undefined) return `${succeeded}/${wanted}`;
  const parallelism = numberAt(job, "spec", "parallelism") ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: JsonObject, nowMs: number): string {
  const started = Date.parse(stringAt(job, "status", "startTime"));
  if (Number.isNaN(started)) return "";
  const ended = Date.parse(stringAt(job, "status", "completionTime"));
  return formatHumanDuration((Number.isNaN(ended) ? nowMs : ended) - started);
}
