import type { KubernetesObject } from "@cellplane/apimachinery";
import {
  discoverResources,
  findResource,
  type ResourcePath,
  type RestClient,
} from "@cellplane/client";
import { clusterViewVersion, type FederatedTypeConfig } from "@cellplane/federation";
import { federatedTypeConfigs } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";

/** All types that are federated, or were and are switched off. */
export async function readTypeConfigs(
  controlPlane: RestClient,
): Promise<readonly FederatedTypeConfig[]> {
  const { items } = await controlPlane.list(federatedTypeConfigs);
  return items.filter(isTypeConfig);
}

/**
 * The type that a user calls `deployments`, `deploy`, `Deployment`, `deployments.apps`,
 * `federateddeployments`, `fdeploy` or so; nothing where there is none.
 */
export async function findTypeConfig(
  controlPlane: RestClient,
  name: string,
): Promise<FederatedTypeConfig | undefined> {
  const configs = await readTypeConfigs(controlPlane);
  const exact = configs.filter((config) => namesOf(config).includes(name.toLowerCase()));
  const found = exact.length > 0 ? exact : await findByShortName(controlPlane, configs, name);
  const [first, second] = found;
  if (first && second) {
    const names = found.map(({ metadata }) => metadata.name ?? "").join(", ");
    throw new CliError(
      `Cannot tell which type "${name}" is, as several are called so: ${names}; give the name with its group`,
    );
  }
  return first;
}

/** Where a type's federated objects are read and written, in the cluster view. */
export function federatedPath({ spec }: FederatedTypeConfig, namespace?: string): ResourcePath {
  const { group = "", pluralName } = spec.federatedType;
  return {
    group,
    version: clusterViewVersion,
    resource: pluralName,
    ...(namespace === undefined || spec.federatedType.scope === "Cluster" ? {} : { namespace }),
  };
}

function namesOf({ metadata, spec }: FederatedTypeConfig): readonly string[] {
  const { targetType, federatedType } = spec;
  const federated = [federatedType.pluralName, federatedType.kind.toLowerCase()];
  return [
    metadata.name ?? "",
    targetType.pluralName,
    targetType.kind.toLowerCase(),
    ...federated,
    ...federated.map((each) => `${each}.${federatedType.group ?? ""}`),
  ];
}

async function findByShortName(
  controlPlane: RestClient,
  configs: readonly FederatedTypeConfig[],
  name: string,
): Promise<readonly FederatedTypeConfig[]> {
  const { resources } = await discoverResources(controlPlane);
  // `deploy` is the target's short name, and `fdeploy` the federated kind's.
  const named = [...findResource(resources, name), ...findResource(resources, `f${name}`)];
  return configs.filter(({ spec: { federatedType } }) =>
    named.some(
      ({ group, resource }) =>
        resource === federatedType.pluralName && group === federatedType.group,
    ),
  );
}

function isTypeConfig(object: KubernetesObject): object is FederatedTypeConfig {
  return object["spec"] !== undefined;
}
