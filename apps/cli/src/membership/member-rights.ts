import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";

const objectVerbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
// Whoever writes Roles for others must be allowed to give rights that they do not have themselves.
const rbacVerbs = ["escalate", "bind"];
const rbacGroup = "rbac.authorization.k8s.io";

/**
 * The rules that the control plane's account needs in a member: the objects of every federated
 * type, namespaces for cells, and the documents that tell what the member serves. Nothing else.
 */
export function computeMemberRules(
  typeConfigs: readonly KubernetesObject[],
): readonly JsonObject[] {
  const byGroup = new Map<string, Set<string>>([["", new Set(["namespaces"])]]);
  for (const config of typeConfigs) {
    const target = targetOf(config);
    if (!target) continue;
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
    {
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
    },
  ];
}

function targetOf(
  config: KubernetesObject,
): { readonly group: string; readonly resource: string } | undefined {
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
  };
}
