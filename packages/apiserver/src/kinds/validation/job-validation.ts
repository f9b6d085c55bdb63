import {
  type FieldError,
  invalid,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { numberAt, objectAt, optionalObject, stringAt, valueAt } from "../plain/plain.ts";
import {
  checkEnum,
  checkImmutable,
  checkLabelSelector,
  checkNonNegative,
  selectorMatches,
} from "./checks.ts";
import { validatePodTemplate } from "./pod-validation.ts";
import { validateCronSchedule } from "./cron-schedule.ts";

/** Jobs of a CronJob get 11 more characters, and names may have 63. */
const maxCronJobNameLength = 52;

/** batch/v1 Job. */
export function validateJob(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const selector = optionalObject(spec, "selector");
  const labels = optionalObject(spec, "template", "metadata", "labels");
  return [
    ...(selector ? checkLabelSelector("spec.selector", selector) : [required("spec.selector")]),
    ...(selector && !selectorMatches(selector, labels ?? {})
      ? [
          invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
          ),
        ]
      : []),
    ...validateJobSpec("spec", spec),
  ];
}

/** What a Job may not change. */
export function validateJobUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const fixed = [
    "completions",
    "selector",
    "template",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
  ];
  const suspended = valueAt(old, "spec", "suspend") === true;
  const checked = suspended ? fixed.filter((name) => name !== "template") : fixed;
  return checked.flatMap((name) =>
    checkImmutable(`spec.${name}`, valueAt(object, "spec", name), valueAt(old, "spec", name)),
  );
}

/** batch/v1 CronJob. */
export function validateCronJob(object: JsonObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const schedule = stringAt(spec, "schedule");
  const name = stringAt(object, "metadata", "name");
  return [
    ...(schedule === ""
      ? [required("spec.schedule")]
      : validateCronSchedule("spec.schedule", schedule)),
    ...validateTimeZone(spec),
    ...checkNonNegative("spec.startingDeadlineSeconds", spec["startingDeadlineSeconds"]),
    ...checkEnum("spec.concurrencyPolicy", stringAt(spec, "concurrencyPolicy"), [
      "Allow",
      "Forbid",
      "Replace",
    ]),
    ...validateJobSpec("spec.jobTemplate.spec", objectAt(spec, "jobTemplate", "spec")),
    ...checkNonNegative("spec.successfulJobsHistoryLimit", spec["successfulJobsHistoryLimit"]),
    ...checkNonNegative("spec.failedJobsHistoryLimit", spec["failedJobsHistoryLimit"]),
    ...(name.length > maxCronJobNameLength
      ? [invalid("metadata.name", name, `must be no more than ${maxCronJobNameLength} characters`)]
      : []),
  ];
}

function validateJobSpec(path: string, spec: JsonObject): FieldError[] {
  const template = objectAt(spec, "template");
  const policy = stringAt(template, "spec", "restartPolicy");
  const numbers = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
  ];
  const indexed = stringAt(spec, "completionMode") === "Indexed";
  return [
    ...numbers.flatMap((name) => checkNonNegative(`${path}.${name}`, spec[name])),
    ...checkEnum(`${path}.completionMode`, stringAt(spec, "completionMode"), [
      "Indexed",
      "NonIndexed",
    ]),
    ...(indexed && numberAt(spec, "completions") === undefined
      ? [required(`${path}.completions`, "when completion mode is Indexed")]
      : []),
    ...validatePodTemplate(`${path}.template`, template),
    ...(policy === "OnFailure" || policy === "Never"
      ? []
      : [notSupported(`${path}.template.spec.restartPolicy`, policy, ["OnFailure", "Never"])]),
  ];
}

function validateTimeZone(spec: JsonObject): FieldError[] {
  const zone = spec["timeZone"];
  if (typeof zone !== "string") return [];
  if (zone.trim() === "") {
    return [invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")];
  }
  return isTimeZone(zone) ? [] : [invalid("spec.timeZone", zone, `unknown time zone ${zone}`)];
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false; // A RangeError is the only way to ask.
  }
}
