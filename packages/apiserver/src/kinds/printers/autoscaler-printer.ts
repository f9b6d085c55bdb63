import type { JsonObject } from "@cellplane/apimachinery";
import { numberAt, objectAt, objectsAt, stringAt, valueAt } from "../plain/plain.ts";
import { ageOf, type Cells, nameOf, none, textAt, unset } from "./cells.ts";

/** Cells of a HorizontalPodAutoscaler, in either version. */
export const autoscalerCells: Cells = (object, nowMs) => {
  const target = objectAt(object, "spec", "scaleTargetRef");
  return [
    nameOf(object),
    `${stringAt(target, "kind")}/${stringAt(target, "name")}`,
    isV1(object) ? v1Targets(object) : v2Targets(object),
    textAt(object, ["spec", "minReplicas"], unset),
    numberAt(object, "spec", "maxReplicas") ?? 0,
    numberAt(object, "status", "currentReplicas") ?? 0,
    ageOf(object, nowMs),
  ];
};

function isV1(object: JsonObject): boolean {
  return stringAt(object, "apiVersion") === "autoscaling/v1";
}

function v1Targets(object: JsonObject): string {
  const target = numberAt(object, "spec", "targetCPUUtilizationPercentage");
  if (target === undefined) return none;
  const current = textAt(object, ["status", "currentCPUUtilizationPercentage"], "<unknown>");
  return `cpu: ${current === "<unknown>" ? current : `${current}%`}/${target}%`;
}

function v2Targets(object: JsonObject): string {
  const metrics = objectsAt(object, "spec", "metrics");
  if (metrics.length === 0) return none;
  const current = objectsAt(object, "status", "currentMetrics");
  const texts = metrics.map((metric, at) => formatMetric(metric, current[at] ?? {}));
  const max = 2;
  const more = texts.length > max ? ` + ${texts.length - max} more...` : "";
  return `${texts.slice(0, max).join(", ")}${more}`;
}

function formatMetric(metric: JsonObject, status: JsonObject): string {
  const type = stringAt(metric, "type");
  const source = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  const target = objectAt(metric, source, "target");
  const current = objectAt(status, source, "current");
  const label = stringAt(metric, source, "name");
  const prefix = label === "" ? "" : `${label}: `;
  const utilization = target["averageUtilization"];
  if (utilization !== undefined) {
    const now = valueAt(current, "averageUtilization");
    const percent = textAt({ utilization }, ["utilization"], "<auto>");
    return `${prefix}${now === undefined ? "<unknown>" : `${textAt({ now }, ["now"])}%`}/${percent}%`;
  }
  const average = target["averageValue"] !== undefined;
  const field = average ? "averageValue" : "value";
  const suffix = average && type !== "Pods" && type !== "Resource" ? " (avg)" : "";
  return `${prefix}${textAt(current, [field], "<unknown>")}/${textAt(target, [field])}${suffix}`;
}
