/** The groups of Kubernetes in the order of `/apis`; others follow by name. */
const knownGroups: readonly string[] = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

const ranks: ReadonlyMap<string, number> = new Map(
  knownGroups.map((group, index) => [group, index]),
);

/** Orders groups as discovery lists them, which decides whose kind a bare `kubectl get x` means. */
export function compareGroups(left: string, right: string): number {
  const a = ranks.get(left) ?? knownGroups.length;
  const b = ranks.get(right) ?? knownGroups.length;
  if (a !== b) return a - b;
  return left < right ? -1 : left > right ? 1 : 0;
}
