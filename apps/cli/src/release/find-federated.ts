import { isStatus } from "@cellplane/apimachinery";
import {
  type DiscoveredResource,
  discoverResources,
  findResource,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { type FederatedTypeConfig, groups, topologyViewVersion } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";
import { readTypeConfigs } from "../types/type-configs.ts";

/** A federated object that a command is about. */
export interface FederatedTarget {
  /** Where it lies, in the topology view. */
  readonly path: ResourcePath;
  readonly name: string;
  /** `federateddeployment.types.kubefed.io/txnflow`, as kubectl prints names. */
  readonly shown: string;
  /** As the user called it, for hints: `deployment/txnflow`. */
  readonly called: string;
}

/**
 * Finds what a user calls `deployment/txnflow`, `fdeploy/txnflow` or `FederatedDeployment/txnflow`.
 * Those who may not list the type configs find the kinds of `types.kubefed.io` by discovery.
 */
export async function findFederated(
  controlPlane: RestClient,
  called: string,
  namespace: string,
): Promise<FederatedTarget> {
  const [type = "", name = "", ...more] = called.split("/");
  if (type === "" || name === "" || more.length > 0) {
    throw new CliError(
      `Cannot find the object as it must be given as KIND/NAME, such as deployment/web: it is "${called}"`,
    );
  }
  const [{ resources }, configs] = await Promise.all([
    discoverResources(controlPlane),
    readConfigs(controlPlane),
  ]);
  const found = distinct([
    ...byName(resources, configs, type),
    ...byTarget(resources, configs, type),
  ]);
  const [resource, other] = found;
  if (!resource) {
    throw new CliError(
      `Cannot find "${type}" as no such type is federated; see "kubectl api-resources --categories=federated"`,
    );
  }
  if (other) {
    const names = found.map((each) => `${each.resource}.${each.group}`).join(", ");
    throw new CliError(`Cannot tell which type "${type}" is, as several are called so: ${names}`);
  }
  const { group, singular, namespaced } = resource;
  const path = { group, version: topologyViewVersion, resource: resource.resource };
  return {
    path: namespaced ? { ...path, namespace } : path,
    name,
    shown: `${singular === "" ? resource.resource : singular}.${group}/${name}`,
    called,
  };
}

async function readConfigs(controlPlane: RestClient): Promise<readonly FederatedTypeConfig[]> {
  try {
    return await readTypeConfigs(controlPlane);
  } catch (error) {
    if (isStatus(error, "Forbidden") || isStatus(error, "NotFound")) return [];
    throw error;
  }
}

/** Federated kinds of this name. */
function byName(
  resources: readonly DiscoveredResource[],
  configs: readonly FederatedTypeConfig[],
  type: string,
): readonly DiscoveredResource[] {
  const named = findResource(resources, type);
  return named.filter(({ group, resource }) => {
    if (group === groups.types) return true;
    return configs.some(
      ({ spec: { federatedType } }) =>
        federatedType.group === group && federatedType.pluralName === resource,
    );
  });
}

/** Federated kinds whose target has this name. */
function byTarget(
  resources: readonly DiscoveredResource[],
  configs: readonly FederatedTypeConfig[],
  type: string,
): readonly DiscoveredResource[] {
  const [bare = "", ...rest] = type.toLowerCase().split(".");
  const group = rest.join(".");
  const targets = configs.filter(({ spec: { targetType } }) => {
    const isNamed = targetType.pluralName === bare || targetType.kind.toLowerCase() === bare;
    return isNamed && (group === "" || (targetType.group ?? "") === group);
  });
  const known = targets.flatMap(({ spec: { federatedType } }) =>
    findResource(resources, `${federatedType.pluralName}.${federatedType.group ?? ""}`),
  );
  if (known.length > 0 || group !== "") return known;
  // By convention: kind and plural begin with `federated`, short names with `f`.
  return [`federated${bare}`, `f${bare}`].flatMap((guess) =>
    findResource(resources, `${guess}.${groups.types}`),
  );
}

function distinct(found: readonly DiscoveredResource[]): readonly DiscoveredResource[] {
  const byResource = new Map(found.map((each) => [`${each.resource}.${each.group}`, each]));
  return Array.from(byResource.values());
}
