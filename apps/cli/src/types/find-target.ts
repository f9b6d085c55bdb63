import { type DiscoveredResource, findResource } from "@cellplane/client";
import type { ApiResource } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";

/** A resource of a member that a federated type is to be made of. */
export interface Target {
  readonly resource: DiscoveredResource;
  readonly apiResource: ApiResource;
}

/**
 * Finds what a user calls `deployments`, `deploy`, `Deployment` or `deployments.apps`. A match in
 * the core group wins; several others must be told apart by their group.
 */
export function findTarget(
  resources: readonly DiscoveredResource[],
  name: string,
  version?: string,
  purpose: "enable" | "federate" = "enable",
): Target {
  const matches = findResource(resources, name).filter(
    (each) => version === undefined || each.version === version,
  );
  const groups = Map.groupBy(matches, (each) => each.group);
  const core = groups.get("");
  const candidates = core ? [core] : Array.from(groups.values());
  const [first] = candidates;
  if (candidates.length > 1) {
    const names = candidates.map((each) => `${each[0]?.resource ?? ""}.${each[0]?.group ?? ""}`);
    throw new CliError(
      `Cannot ${purpose} "${name}" as several resources are called so: ${names.join(", ")}; give the name with its group`,
    );
  }
  const resource = first?.[0];
  if (!resource) {
    const what = version === undefined ? `"${name}"` : `"${name}" in version ${version}`;
    throw new CliError(
      `Cannot ${purpose} ${what} as the API serves no such resource; see "kubectl api-resources" there`,
    );
  }
  return { resource, apiResource: apiResourceOf(resource) };
}

/** A resource as FederatedTypeConfigs name it. */
export function apiResourceOf(resource: DiscoveredResource): ApiResource {
  const { group, version, kind } = resource;
  return {
    ...(group === "" ? {} : { group }),
    version,
    kind,
    pluralName: resource.resource,
    scope: resource.namespaced ? "Namespaced" : "Cluster",
  };
}
