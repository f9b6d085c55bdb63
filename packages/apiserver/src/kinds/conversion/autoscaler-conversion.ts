import {
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseJson,
  stringifyJson,
} from "@cellplane/apimachinery";
import { metricsAnnotation } from "../defaults/autoscaler-defaults.ts";
import { without } from "../plain/edit.ts";
import {
  asJson,
  asObject,
  numberAt,
  objectAt,
  objectsAt,
  optionalObject,
  stringAt,
  valueAt,
} from "../plain/plain.ts";
import { fromV1Metric, toV1Metric } from "./autoscaler-metrics.ts";

const prefix = "autoscaling.alpha.kubernetes.io";
const currentMetricsAnnotation = `${prefix}/current-metrics`;
const conditionsAnnotation = `${prefix}/conditions`;
const behaviorAnnotation = `${prefix}/behavior`;
const annotationNames = [
  metricsAnnotation,
  currentMetricsAnnotation,
  conditionsAnnotation,
  behaviorAnnotation,
];

/** autoscaling v1 ⇄ v2: what v1 has no field for is kept in annotations. */
export function convertAutoscaler(object: KubernetesObject, toVersion: string): KubernetesObject {
  const apiVersion = `autoscaling/${toVersion}`;
  if (object.apiVersion === apiVersion) return object;
  const json = asJson(object);
  return asObject(toVersion === "v1" ? toV1(json) : toV2(json));
}

function toV1(object: JsonObject): JsonObject {
  const { spec, status } = { spec: objectAt(object, "spec"), status: objectAt(object, "status") };
  const metrics = objectsAt(spec, "metrics");
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const current = objectsAt(status, "currentMetrics");
  const currentCpu = current.find((metric) => stringAt(metric, "resource", "name") === "cpu");
  const annotations = {
    [metricsAnnotation]: listText(others.map((metric) => toV1Metric(metric, "target"))),
    [currentMetricsAnnotation]: listText(current.map((metric) => toV1Metric(metric, "current"))),
    [conditionsAnnotation]: listText(objectsAt(status, "conditions")),
    [behaviorAnnotation]: objectText(optionalObject(spec, "behavior")),
  };
  return {
    ...object,
    apiVersion: "autoscaling/v1",
    metadata: annotate(object, annotations),
    spec: {
      ...without(spec, "metrics", "behavior"),
      ...member(
        "targetCPUUtilizationPercentage",
        valueAt(cpu, "resource", "target", "averageUtilization"),
      ),
    },
    status: {
      currentReplicas: 0,
      ...without(status, "currentMetrics", "conditions"),
      ...member(
        "currentCPUUtilizationPercentage",
        valueAt(currentCpu, "resource", "current", "averageUtilization"),
      ),
    },
  };
}

function toV2(object: JsonObject): JsonObject {
  const { spec, status } = { spec: objectAt(object, "spec"), status: objectAt(object, "status") };
  const read = (name: string): JsonValue | undefined =>
    parseAnnotation(stringAt(object, "metadata", "annotations", name));
  const percent = numberAt(spec, "targetCPUUtilizationPercentage");
  const cpu: readonly JsonObject[] =
    percent === undefined
      ? []
      : [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
          },
        ];
  const others = listOf(read(metricsAnnotation)).map((metric) => fromV1Metric(metric, "target"));
  const current = listOf(read(currentMetricsAnnotation)).map((metric) =>
    fromV1Metric(metric, "current"),
  );
  const behavior = read(behaviorAnnotation);
  const conditions = listOf(read(conditionsAnnotation));
  return {
    ...object,
    apiVersion: "autoscaling/v2",
    metadata: annotate(object, {}),
    spec: {
      ...without(spec, "targetCPUUtilizationPercentage"),
      metrics: [...others, ...cpu],
      ...member("behavior", behavior),
    },
    status: {
      ...without(status, "currentCPUUtilizationPercentage"),
      currentMetrics: current.length > 0 ? current : null,
      ...(conditions.length > 0 ? { conditions } : {}),
    },
  };
}

function isCpuUtilization(metric: JsonObject): boolean {
  return (
    stringAt(metric, "type") === "Resource" &&
    stringAt(metric, "resource", "name") === "cpu" &&
    numberAt(metric, "resource", "target", "averageUtilization") !== undefined
  );
}

/** The metadata with these annotations in place of those that v1 uses. */
function annotate(
  object: JsonObject,
  texts: Readonly<Record<string, string | undefined>>,
): JsonObject {
  const metadata = objectAt(object, "metadata");
  const kept = without(objectAt(metadata, "annotations"), ...annotationNames);
  const added = Object.entries(texts).filter(([, text]) => text !== undefined);
  const annotations = { ...kept, ...Object.fromEntries(added) };
  if (Object.keys(annotations).length > 0) return { ...metadata, annotations };
  return without(metadata, "annotations");
}

function parseAnnotation(text: string): JsonValue | undefined {
  if (text === "") return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined; // An annotation that a client spoilt is as good as none.
  }
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return objectsAt({ list: value }, "list");
}

function listText(list: readonly JsonObject[]): string | undefined {
  return list.length > 0 ? stringifyJson(list) : undefined;
}

function objectText(object: JsonObject | undefined): string | undefined {
  return object ? stringifyJson(object) : undefined;
}

function member(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}
