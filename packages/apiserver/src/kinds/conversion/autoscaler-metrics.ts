import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import { objectAt, stringAt, valueAt } from "../plain/plain.ts";

/** `target` in specs, `current` in status. */
export type MetricSide = "target" | "current";

/** One metric of v2 as v1 writes it into its annotation. */
export function toV1Metric(metric: JsonObject, side: MetricSide): JsonObject {
  const type = stringAt(metric, "type");
  const source = sourceName(type);
  return { type, [source]: toV1Source(objectAt(metric, source), source, side) };
}

/** One metric of v1's annotation as v2 has it. */
export function fromV1Metric(metric: JsonObject, side: MetricSide): JsonObject {
  const type = stringAt(metric, "type");
  const source = sourceName(type);
  return { type, [source]: fromV1Source(objectAt(metric, source), source, side) };
}

/** `ContainerResource` → `containerResource`. */
function sourceName(type: string): string {
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
}

function toV1Source(source: JsonObject, name: string, side: MetricSide): JsonObject {
  const amount = objectAt(source, side);
  const value = amount["value"];
  const average = amount["averageValue"];
  const utilization = amount["averageUtilization"];
  const metricName = stringAt(source, "metric", "name");
  const selector = valueAt(source, "metric", "selector");
  switch (name) {
    case "object":
      return present({
        target: valueAt(source, "describedObject"),
        metricName,
        [field(side, "Value")]: value ?? "0",
        selector,
        averageValue: average,
      });
    case "pods":
      return present({ metricName, [field(side, "AverageValue")]: average ?? "0", selector });
    case "external":
      return present({
        metricName,
        metricSelector: selector,
        [field(side, "Value")]: value,
        [field(side, "AverageValue")]: average,
      });
    default:
      return present({
        name: valueAt(source, "name"),
        container: valueAt(source, "container"),
        [field(side, "AverageUtilization")]: utilization,
        [field(side, "AverageValue")]: average,
      });
  }
}

function fromV1Source(source: JsonObject, name: string, side: MetricSide): JsonObject {
  const value = source[field(side, "Value")];
  const average = source[field(side, "AverageValue")] ?? source["averageValue"];
  const utilization = source[field(side, "AverageUtilization")];
  const selector = source["metricSelector"] ?? source["selector"];
  const metric = present({ name: source["metricName"], selector });
  switch (name) {
    case "object":
      return present({
        describedObject: source["target"],
        metric,
        [side]: amountOf(side, { value: average === undefined ? value : undefined, average }),
      });
    case "pods":
      return { metric, [side]: amountOf(side, { average }) };
    case "external":
      return { metric, [side]: amountOf(side, { value, average }) };
    default:
      return present({
        name: source["name"],
        container: source["container"],
        [side]: amountOf(side, { average, utilization }),
      });
  }
}

/** What a metric aims at or has; only aims say of which type they are. */
function amountOf(
  side: MetricSide,
  of: {
    readonly value?: JsonValue | undefined;
    readonly average?: JsonValue | undefined;
    readonly utilization?: JsonValue | undefined;
  },
): JsonObject {
  const type =
    of.utilization !== undefined
      ? "Utilization"
      : of.value !== undefined
        ? "Value"
        : "AverageValue";
  return present({
    type: side === "target" ? type : undefined,
    value: of.value,
    averageValue: of.average,
    averageUtilization: of.utilization,
  });
}

/** `targetValue`, `currentAverageValue`, … */
function field(side: MetricSide, name: string): string {
  return `${side}${name}`;
}

function present(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
