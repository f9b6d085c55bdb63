import { unionFields } from "./field-set.ts";
import { identifyManager, type Manager, type Managers, timeOf } from "./managers.ts";

// Kubernetes' `DefaultMaxUpdateManagers`.
const maxUpdateManagers = 10;

/**
 * Keeps at most ten `Update` managers: the oldest are merged, by version, into one called
 * `ancient-changes`. Appliers are never merged.
 */
export function capUpdateManagers(managers: Managers): Managers {
  const updaters = Array.from(managers).filter(([, { operation }]) => operation === "Update");
  let excess = updaters.length - maxUpdateManagers;
  if (excess <= 0) return managers;
  updaters.sort(compareAge);
  const capped = new Map(managers);
  const firstOfVersion = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (excess <= 0) break;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, id);
      continue;
    }
    mergeInto(capped, first, id);
    excess -= 1;
  }
  return capped;
}

function mergeInto(managers: Map<string, Manager>, first: string, id: string): void {
  const manager = managers.get(id);
  if (manager === undefined) return;
  const bucket = {
    manager: "ancient-changes",
    operation: "Update",
    apiVersion: manager.apiVersion,
    subresource: "",
  } as const;
  const bucketId = identifyManager(bucket);
  const collected = managers.get(bucketId) ?? managers.get(first);
  if (!managers.has(bucketId)) managers.delete(first);
  managers.delete(id);
  const fields = unionFields(manager.fields, collected?.fields ?? {});
  // The time of the younger one: it is the last change that the bucket stands for.
  managers.set(bucketId, { ...bucket, fields, time: manager.time, entry: undefined });
}

function compareAge(left: readonly [string, Manager], right: readonly [string, Manager]): number {
  const order = timeOf(left[1]) - timeOf(right[1]);
  return order === 0 ? compareIds(left[0], right[0]) : order;
}

function compareIds(left: string, right: string): number {
  return left < right ? -1 : 1;
}
