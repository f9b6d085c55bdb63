import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";

const objectVerbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
// Whoever writes Roles for others must be allowed to give rights that they do not have themselves.
const rbacVerbs = ["escalate", "bind"];
const rbacGroup = "rbac.authorization.k8s.io";

/** The rules of an account in a member. */
export interface MemberRights {
  /** Of a ClusterRole: they hold in all of the cluster. */
  readonly cluster: readonly JsonObject[];
  /** Of a Role in the system namespace; none where the control plane federates all namespaces. */
  readonly namespace: readonly JsonObject[];
}

/**
 * What the control plane's account needs in a member: the objects of every federated type,
 * namespaces for cells, and the documents that tell what the member serves. Nothing else; and in
 * the scope Namespaced, objects of the system namespace alone.
 */
export function computeMemberRights(
  typeConfigs: readonly KubernetesObject[],
  scope: "Cluster" | "Namespaced",
): MemberRights {
  const objects = objectRules(typeConfigs, scope);
  return scope === "Cluster"
    ? { cluster: [...objects, documentsRule], namespace: [] }
    : { cluster: [documentsRule], namespace: objects };
}

/**
 * The rights by which the control plane acts for its users there: users, groups, and what else is
 * told of them. Not service accounts: those of the member are others than those of the control plane.
 */
export const impersonationRules: readonly JsonObject[] = [
  { apiGroups: [""], resources: ["users", "groups"], verbs: ["impersonate"] },
  { apiGroups: ["authentication.k8s.io"], resources: ["*"], verbs: ["impersonate"] },
];

// What tells how the member is, and what it serves.
const documentsRule: JsonObject = {
  nonResourceURLs: [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/openapi/*",
    "/readyz",
    "/version",
  ],
  verbs: ["get"],
};

function objectRules(
  typeConfigs: readonly KubernetesObject[],
  scope: "Cluster" | "Namespaced",
): readonly JsonObject[] {
  const byGroup = new Map<string, Set<string>>();
  if (scope === "Cluster") byGroup.set("", new Set(["namespaces"]));
  for (const config of typeConfigs) {
    const target = targetOf(config);
    if (!target || (scope === "Namespaced" && target.scope === "Cluster")) continue;
    const resources = byGroup.get(target.group) ?? new Set<string>();
    resources.add(target.resource);
    byGroup.set(target.group, resources);
  }
  const rules = Array.from(byGroup).map(([group, resources]) => ({
    apiGroups: [group],
    resources: Array.from(resources).sort(),
    verbs: group === rbacGroup ? [...objectVerbs, ...rbacVerbs] : objectVerbs,
  }));
  return [
    ...rules,
    // What a scheduling preference counts where a workload is not wholly ready.
    ...(byGroup.has("apps") ? [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }] : []),
    ...(byGroup.has(rbacGroup)
      ? [{ apiGroups: [rbacGroup], resources: ["clusterroles"], verbs: ["bind"] }]
      : []),
  ];
}

function targetOf(
  config: KubernetesObject,
): { readonly group: string; readonly resource: string; readonly scope: unknown } | undefined {
  const spec = config["spec"];
  const target = isJsonObject(spec) ? spec["targetType"] : undefined;
  if (!isJsonObject(target)) return undefined;
  // Both may be left out: then the name of the FederatedTypeConfig says them.
  const [plural = "", ...group] = (config.metadata.name ?? "").split(".");
  const pluralName = target["pluralName"];
  const groupName = target["group"];
  return {
    resource: typeof pluralName === "string" && pluralName !== "" ? pluralName : plural,
    group: typeof groupName === "string" ? groupName : group.join("."),
    scope: target["scope"],
  };
}
