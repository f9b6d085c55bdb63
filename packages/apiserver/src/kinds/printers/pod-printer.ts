import type { JsonObject } from "@cellplane/apimachinery";
import { formatAge } from "../../registry/human-duration.ts";
import { numberAt, objectAt, objectsAt, stringAt, valueAt } from "../plain/plain.ts";
import { ageOf, type Cells, nameOf, none } from "./cells.ts";

/** Cells of a Pod: what its containers do, in one word. */
export const podCells: Cells = (pod, nowMs) => {
  const containers = objectsAt(pod, "status", "containerStatuses");
  const init = objectsAt(pod, "status", "initContainerStatuses");
  const sidecars = objectsAt(pod, "spec", "initContainers").filter(isSidecar);
  const total = objectsAt(pod, "spec", "containers").length + sidecars.length;
  const ready = [...containers, ...init.filter((each) => isNamed(each, sidecars))].filter(
    (each) => each["ready"] === true,
  ).length;
  return [
    nameOf(pod),
    `${ready}/${total}`,
    podReason(pod),
    formatRestarts([...containers, ...init.filter((each) => isNamed(each, sidecars))], nowMs),
    ageOf(pod, nowMs),
    stringAt(objectsAt(pod, "status", "podIPs")[0], "ip") || none,
    stringAt(pod, "spec", "nodeName") || none,
    stringAt(pod, "status", "nominatedNodeName") || none,
    formatGates(pod),
  ];
};

function isSidecar(container: JsonObject): boolean {
  return stringAt(container, "restartPolicy") === "Always";
}

function isNamed(status: JsonObject, among: readonly JsonObject[]): boolean {
  return among.some((each) => stringAt(each, "name") === stringAt(status, "name"));
}

function podReason(pod: JsonObject): string {
  const status = objectAt(pod, "status");
  const gated = objectsAt(status, "conditions").some(
    (each) =>
      stringAt(each, "type") === "PodScheduled" && stringAt(each, "reason") === "SchedulingGated",
  );
  const phase = stringAt(status, "reason") || stringAt(status, "phase");
  const base = gated ? "SchedulingGated" : phase;
  const reason = initReason(pod) ?? containerReason(pod, base);
  if (stringAt(pod, "metadata", "deletionTimestamp") === "") return reason;
  return stringAt(status, "reason") === "NodeLost" ? "Unknown" : "Terminating";
}

/** What an init container that has not succeeded says, with how far they are. */
function initReason(pod: JsonObject): string | undefined {
  const specs = objectsAt(pod, "spec", "initContainers");
  const statuses = objectsAt(pod, "status", "initContainerStatuses");
  for (const [at, status] of statuses.entries()) {
    const terminated = valueAt(status, "state", "terminated");
    if (terminated !== undefined && numberAt(terminated, "exitCode") === 0) continue;
    if (status["started"] === true && isNamed(status, specs.filter(isSidecar))) continue;
    if (terminated !== undefined)
      return `Init:${terminationReason(objectAt(status, "state", "terminated"))}`;
    const waiting = stringAt(status, "state", "waiting", "reason");
    if (waiting !== "" && waiting !== "PodInitializing") return `Init:${waiting}`;
    return `Init:${at}/${specs.length}`;
  }
  return undefined;
}

function containerReason(pod: JsonObject, base: string): string {
  let reason = base;
  let running = false;
  for (const status of objectsAt(pod, "status", "containerStatuses").toReversed()) {
    const waiting = stringAt(status, "state", "waiting", "reason");
    const terminated = valueAt(status, "state", "terminated");
    if (waiting !== "") reason = waiting;
    else if (terminated !== undefined)
      reason = terminationReason(objectAt(status, "state", "terminated"));
    else if (status["ready"] === true && valueAt(status, "state", "running") !== undefined) {
      running = true;
    }
  }
  if (reason !== "Completed" || !running) return reason;
  const isReady = objectsAt(pod, "status", "conditions").some(
    (each) => stringAt(each, "type") === "Ready" && stringAt(each, "status") === "True",
  );
  return isReady ? "Running" : "NotReady";
}

function terminationReason(terminated: JsonObject): string {
  const reason = stringAt(terminated, "reason");
  if (reason !== "") return reason;
  const signal = numberAt(terminated, "signal") ?? 0;
  return signal === 0 ? `ExitCode:${numberAt(terminated, "exitCode") ?? 0}` : `Signal:${signal}`;
}

function formatRestarts(statuses: readonly JsonObject[], nowMs: number): string {
  const count = statuses.reduce((sum, each) => sum + (numberAt(each, "restartCount") ?? 0), 0);
  const last = statuses
    .map((each) => stringAt(each, "lastState", "terminated", "finishedAt"))
    .toSorted()
    .at(-1);
  return count === 0 || !last ? String(count) : `${count} (${formatAge(last, nowMs)} ago)`;
}

function formatGates(pod: JsonObject): string {
  const gates = objectsAt(pod, "spec", "readinessGates");
  if (gates.length === 0) return none;
  const conditions = objectsAt(pod, "status", "conditions");
  const passed = gates.filter((gate) =>
    conditions.some(
      (each) =>
        stringAt(each, "type") === stringAt(gate, "conditionType") &&
        stringAt(each, "status") === "True",
    ),
  );
  return `${passed.length}/${gates.length}`;
}
