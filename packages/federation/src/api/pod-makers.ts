import type { ApiResource } from "./federated-type-config.ts";

// Where a kind keeps the spec of its pods, by `group/Kind`.
const podSpecPaths: Readonly<Record<string, readonly string[]>> = {
  "/Pod": ["spec"],
  "/ReplicationController": ["spec", "template", "spec"],
  "apps/DaemonSet": ["spec", "template", "spec"],
  "apps/Deployment": ["spec", "template", "spec"],
  "apps/ReplicaSet": ["spec", "template", "spec"],
  "apps/StatefulSet": ["spec", "template", "spec"],
  "batch/CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
  "batch/Job": ["spec", "template", "spec"],
};

/** Where a kind keeps the spec of its pods; `undefined` where it makes none. */
export function podSpecPath({
  group = "",
  kind,
}: Pick<ApiResource, "group" | "kind">): readonly string[] | undefined {
  return podSpecPaths[`${group}/${kind}`];
}

/** Whether objects of a kind make pods. */
export function makesPods(kind: Pick<ApiResource, "group" | "kind">): boolean {
  return podSpecPath(kind) !== undefined;
}
