import type { GroupVersionKind, JsonObject } from "@cellplane/apimachinery";
import type { CatalogGroup, CatalogResource, CatalogVersion } from "./api-catalog.ts";
import { listSubresources } from "./subresources.ts";

/** The versions of `apidiscovery.k8s.io` that clients ask for; their documents differ by name only. */
export const aggregatedVersions = ["v2", "v2beta1"] as const;

/** One of them. */
export type AggregatedVersion = (typeof aggregatedVersions)[number];

/** Every group with its versions and resources in one document. */
export function renderAggregated(
  groups: readonly CatalogGroup[],
  version: AggregatedVersion,
): JsonObject {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(renderGroup),
  };
}

function renderGroup({ name, versions }: CatalogGroup): JsonObject {
  return {
    metadata: name === "" ? {} : { name },
    versions: versions.map((served) => renderVersion(served)),
  };
}

function renderVersion(served: CatalogVersion): JsonObject {
  return {
    version: served.version,
    resources: served.resources.map((resource) => renderResource(resource)),
    // Kubernetes' core group comes from another code path, which leaves it out.
    ...(served.group === "" ? {} : { freshness: "Current" }),
  };
}

function renderResource(resource: CatalogResource): JsonObject {
  const { definition } = resource;
  const { shortNames, categories } = definition;
  const subresources = listSubresources(resource).map(({ name, gvk, verbs }) => ({
    subresource: name,
    responseKind: gvk ? { ...gvk } : renderOwnKind(resource),
    verbs,
  }));
  return {
    resource: definition.resource,
    responseKind: renderOwnKind(resource),
    scope: definition.namespaced ? "Namespaced" : "Cluster",
    singularResource: definition.singular,
    verbs: definition.verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** Kubernetes spells out group and version for CRDs, and leaves them empty for built-in kinds. */
function renderOwnKind({ definition, version }: CatalogResource): JsonObject {
  const kind: GroupVersionKind =
    definition.origin === "crd"
      ? { group: definition.group, version: version.version, kind: definition.kind }
      : { group: "", version: "", kind: definition.kind };
  return { ...kind };
}
