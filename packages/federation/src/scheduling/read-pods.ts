import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";

/** What the pods of one target tell. */
export interface PodFacts {
  /** Pods that run and are ready. */
  readonly ready: number;
  /** Pods that found no node for longer than `unschedulableAfterMs`. */
  readonly unschedulable: number;
  /** When the next pod that finds no node counts as unschedulable; absent where none waits. */
  readonly nextAtMs?: number;
}

/** KubeFed's patience with a pod that finds no node. */
export const unschedulableAfterMs = 60_000;

/** Counts pods as KubeFed does (reference §2.15), but asks for the value of the Ready condition. */
export function readPods(pods: readonly KubernetesObject[], nowMs: number): PodFacts {
  let ready = 0;
  let unschedulable = 0;
  let nextAtMs = Infinity;
  for (const { metadata, status } of pods) {
    if (metadata.deletionTimestamp !== undefined || !isJsonObject(status)) continue;
    if (status["phase"] === "Running" && isTrue(conditionOf(status, "Ready"))) ready += 1;
    const since = unschedulableSince(status);
    if (since === undefined) continue;
    const atMs = since + unschedulableAfterMs;
    if (atMs <= nowMs) unschedulable += 1;
    else nextAtMs = Math.min(nextAtMs, atMs);
  }
  return { ready, unschedulable, ...(nextAtMs === Infinity ? {} : { nextAtMs }) };
}

function unschedulableSince(status: JsonObject): number | undefined {
  const condition = conditionOf(status, "PodScheduled");
  if (condition?.["status"] !== "False" || condition["reason"] !== "Unschedulable")
    return undefined;
  const time = condition["lastTransitionTime"];
  const sinceMs = typeof time === "string" ? Date.parse(time) : NaN;
  // A pod that does not say since when has waited long enough.
  return Number.isNaN(sinceMs) ? -Infinity : sinceMs;
}

function conditionOf({ conditions }: JsonObject, type: string): JsonObject | undefined {
  if (!isJsonArray(conditions)) return undefined;
  return conditions.filter(isJsonObject).find((each) => each["type"] === type);
}

function isTrue(condition: JsonObject | undefined): boolean {
  return condition?.["status"] === "True";
}
