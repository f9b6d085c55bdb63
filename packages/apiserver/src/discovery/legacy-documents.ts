import { formatGroupVersion, type JsonObject } from "@cellplane/apimachinery";
import type { CatalogGroup, CatalogResource, CatalogVersion } from "./api-catalog.ts";
import { computeStorageVersionHash } from "./storage-version-hash.ts";
import { listSubresources } from "./subresources.ts";

/** `/api`: the versions of the core group. `serverAddress` is the `host:port` that was asked. */
export function renderApiVersions(
  core: CatalogGroup | undefined,
  serverAddress: string,
): JsonObject {
  return {
    kind: "APIVersions",
    versions: (core?.versions ?? []).map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** `/apis`: every group but the core one. */
export function renderGroupList(groups: readonly CatalogGroup[]): JsonObject {
  return {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: groups.filter(({ name }) => name !== "").map(renderGroupEntry),
  };
}

/** `/apis/{group}`. */
export function renderGroup(group: CatalogGroup): JsonObject {
  return { kind: "APIGroup", apiVersion: "v1", ...renderGroupEntry(group) };
}

/** `/api/v1` and `/apis/{group}/{version}`. */
export function renderResourceList(served: CatalogVersion): JsonObject {
  return {
    kind: "APIResourceList",
    ...(served.group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: formatGroupVersion(served),
    resources: served.resources.flatMap(renderResource),
  };
}

function renderGroupEntry({ name, versions }: CatalogGroup): JsonObject {
  const listed = versions.map((served) => ({
    groupVersion: formatGroupVersion(served),
    version: served.version,
  }));
  return {
    name,
    versions: listed,
    ...(listed[0] === undefined ? {} : { preferredVersion: listed[0] }),
  };
}

function renderResource(resource: CatalogResource): readonly JsonObject[] {
  const { definition } = resource;
  const { shortNames, categories } = definition;
  const main: JsonObject = {
    name: definition.resource,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: definition.verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(definition.virtual ? {} : { storageVersionHash: computeStorageVersionHash(definition) }),
  };
  const subresources = listSubresources(resource).map(({ name, gvk, verbs }) => ({
    name: `${definition.resource}/${name}`,
    singularName: "",
    namespaced: definition.namespaced,
    ...(gvk ? { group: gvk.group, version: gvk.version } : {}),
    kind: gvk?.kind ?? definition.kind,
    verbs,
  }));
  return [main, ...subresources];
}
