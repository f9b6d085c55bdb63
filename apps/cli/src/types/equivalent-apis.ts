import { formatGroupResource } from "@cellplane/apimachinery";
import type { ApiResource } from "@cellplane/federation";

// Groups that served, or serve, the same stored objects (reference §3.3).
const groupsOf: Readonly<Record<string, readonly string[]>> = {
  deployments: ["apps", "extensions"],
  daemonsets: ["apps", "extensions"],
  statefulsets: ["apps"],
  replicasets: ["apps", "extensions"],
  networkpolicies: ["networking.k8s.io", "extensions"],
  podsecuritypolicies: ["policy", "extensions"],
  ingresses: ["networking.k8s.io", "extensions"],
};

/**
 * Names of the other resources through which a server gives out the same objects: two types that
 * write the same objects would undo each other's work.
 */
export function equivalentApis({ pluralName, group = "" }: ApiResource): readonly string[] {
  const groups = groupsOf[pluralName] ?? [];
  if (!groups.includes(group)) return [];
  return groups
    .filter((other) => other !== group)
    .map((other) => formatGroupResource({ group: other, resource: pluralName }));
}
