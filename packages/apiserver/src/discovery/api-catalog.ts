import type { ResourceDefinition, ResourceVersion } from "../registry/resource.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import { compareGroups } from "./group-priority.ts";
import { compareVersions } from "./version-priority.ts";

/** One resource of a served group version. */
export interface CatalogResource {
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
}

/** One served version of a group, with its resources by name. */
export interface CatalogVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly CatalogResource[];
}

/** One group; its first version is the preferred one. */
export interface CatalogGroup {
  readonly name: string;
  readonly versions: readonly CatalogVersion[];
}

/** What is served, in the order of discovery. */
export function computeCatalog(
  definitions: readonly ResourceDefinition[],
): readonly CatalogGroup[] {
  const groups = new Map<string, Map<string, CatalogResource[]>>();
  for (const definition of definitions) {
    const versions = groups.getOrInsertComputed(definition.group, () => new Map());
    for (const version of definition.versions) {
      if (!version.served) continue;
      versions.getOrInsertComputed(version.version, () => []).push({ definition, version });
    }
  }
  return Array.from(groups, ([name, versions]) => toGroup(name, versions))
    .filter((group) => group.versions.length > 0)
    .toSorted((left, right) => compareGroups(left.name, right.name));
}

/** The catalog of a registry, computed once a generation. */
export function createCatalog(registry: ResourceRegistry): () => readonly CatalogGroup[] {
  return perGeneration(registry, () => computeCatalog(registry.list()));
}

/** Computes a value when first asked for and again only after the registry has changed. */
export function perGeneration<T>(
  registry: Pick<ResourceRegistry, "generation">,
  compute: () => T,
): () => T {
  let cached: { readonly generation: number; readonly value: T } | undefined;
  return () => {
    if (cached?.generation !== registry.generation)
      cached = { generation: registry.generation, value: compute() };
    return cached.value;
  };
}

function toGroup(
  name: string,
  versions: ReadonlyMap<string, readonly CatalogResource[]>,
): CatalogGroup {
  return {
    name,
    versions: Array.from(versions, ([version, resources]) => ({
      group: name,
      version,
      resources: resources.toSorted((left, right) =>
        left.definition.resource < right.definition.resource ? -1 : 1,
      ),
    })).toSorted((left, right) => compareVersions(left.version, right.version)),
  };
}
