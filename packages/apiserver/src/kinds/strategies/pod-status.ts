import type { JsonObject } from "@cellplane/apimachinery";
import { objectAt, objectsAt } from "../plain/plain.ts";
import { compareQuantities, quantityNanos } from "../quantity/quantity.ts";

/** The status of a new Pod. One with scheduling gates says that it waits for them. */
export function newPodStatus(pod: JsonObject, context: { readonly nowMs: number }): JsonObject {
  const spec = objectAt(pod, "spec");
  const gated = objectsAt(spec, "schedulingGates").length > 0;
  const condition = {
    type: "PodScheduled",
    status: "False",
    lastProbeTime: null,
    lastTransitionTime: `${new Date(context.nowMs).toISOString().slice(0, 19)}Z`,
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
  };
  return {
    phase: "Pending",
    ...(gated ? { conditions: [condition] } : {}),
    qosClass: qosClass(spec),
  };
}

const computeResources = ["cpu", "memory"];

/**
 * Guaranteed where every container limits CPU and memory and requests as much; BestEffort where
 * nothing is asked for; Burstable between.
 */
export function qosClass(spec: JsonObject): "Guaranteed" | "Burstable" | "BestEffort" {
  const whole = objectAt(spec, "resources");
  const holders = asks(whole)
    ? [whole]
    : [...objectsAt(spec, "containers"), ...objectsAt(spec, "initContainers")].map((container) =>
        objectAt(container, "resources"),
      );
  if (!holders.some(asks)) return "BestEffort";
  return holders.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

function asks(resources: JsonObject): boolean {
  return ["limits", "requests"].some((list) =>
    computeResources.some((name) => isPositive(objectAt(resources, list)[name])),
  );
}

function isGuaranteed(resources: JsonObject): boolean {
  const limits = objectAt(resources, "limits");
  const requests = objectAt(resources, "requests");
  return computeResources.every(
    (name) =>
      isPositive(limits[name]) &&
      compareQuantities(requests[name] ?? limits[name], limits[name]) === 0,
  );
}

function isPositive(value: JsonObject[string]): boolean {
  return (quantityNanos(value) ?? 0n) > 0n;
}
