import {
  formatGroupResource,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { discoverResources, type ResourcePath, type RestClient } from "@cellplane/client";
import {
  createTypeConfig,
  type FederatedTypeConfig,
  federatedTypeCrd,
} from "@cellplane/federation";
import {
  federatedTypeConfigs,
  kubeFedConfigName,
  kubeFedConfigs,
  namespaces,
  systemNamespace,
} from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import type { EnableRequest } from "./enable-directive.ts";
import { ensureSpec, findObject } from "./ensure-object.ts";
import { equivalentApis } from "./equivalent-apis.ts";
import { findConversion } from "./find-conversion.ts";
import { findTarget } from "./find-target.ts";
import { groupsIn } from "../program/groups-in.ts";
import { readSchema } from "./read-schema.ts";
import { readTypeConfigs } from "./type-configs.ts";

/** CRDs of the control plane. */
export const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};

/** What makes a kind a federated one. */
export interface TypeObjects {
  readonly config: FederatedTypeConfig;
  readonly crd: KubernetesObject;
}

/**
 * The objects for a type, with its name and schema as `source` serves them, to be converted as the
 * control plane's other kinds are. Writes nothing.
 */
export async function renderType(
  { source, controlPlane }: { readonly source: RestClient; readonly controlPlane: RestClient },
  { type, version, federatedGroup }: EnableRequest,
): Promise<TypeObjects> {
  const { resources } = await discoverResources(source, undefined, { groups: groupsIn([type]) });
  const target = findTarget(resources, type, version);
  const schema = await readSchema(source, target.resource);
  const conversion = await findConversion(controlPlane);
  const options = federatedGroup === undefined ? {} : { federatedGroup };
  return {
    config: createTypeConfig(target.apiResource, options),
    crd: federatedTypeCrd({
      target: target.apiResource,
      shortNames: target.resource.shortNames,
      ...(schema === undefined ? {} : { schema }),
      ...(conversion === undefined ? {} : { conversion }),
      ...options,
    }),
  };
}

/** Makes, or brings up to date, what a type needs; returns what to tell, in KubeFed's words. */
export async function enableType(
  controlPlane: RestClient,
  { config, crd }: TypeObjects,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<readonly string[]> {
  await checkSystemNamespace(controlPlane);
  refuseConflicts(config, crd, await readTypeConfigs(controlPlane));
  const suffix = dryRun ? " (dry run)" : "";
  const merge = (current: JsonObject, wanted: JsonObject): JsonObject => ({
    ...current,
    ...wanted,
  });
  const crdOutcome = await ensureSpec(controlPlane, crds, crd, { merge, dryRun });
  const configOutcome = await ensureSpec(controlPlane, federatedTypeConfigs, config, {
    // What an administrator has set besides, such as annotations that are propagated, stays.
    merge: (current, wanted) => ({ ...wanted, ...current, ...essentials(wanted) }),
    dryRun,
  });
  return [
    `customresourcedefinition.apiextensions.k8s.io/${crd.metadata.name ?? ""} ${crdOutcome}${suffix}`,
    `federatedtypeconfig.core.kubefed.io/${config.metadata.name ?? ""} ${configOutcome} in namespace ${systemNamespace}${suffix}`,
  ];
}

function essentials({ targetType, federatedType, propagation }: JsonObject): JsonObject {
  return { targetType, federatedType, propagation };
}

async function checkSystemNamespace(controlPlane: RestClient): Promise<void> {
  const home =
    (await findObject(controlPlane, namespaces, systemNamespace)) ??
    (await findObject(controlPlane, kubeFedConfigs, kubeFedConfigName));
  if (home) return;
  throw new CliError(
    `Cannot enable as ${controlPlane.server} has no namespace "${systemNamespace}": is it a cellplane control plane? Choose it with --kubeconfig and --context`,
  );
}

/** Refuses what would federate the same objects twice, or two kinds as one (reference §3.3). */
export function refuseConflicts(
  config: FederatedTypeConfig,
  crd: KubernetesObject,
  existing: readonly FederatedTypeConfig[],
): void {
  const name = config.metadata.name ?? "";
  const own = existing.find(({ metadata }) => metadata.name === name);
  const crdName = crd.metadata.name ?? "";
  if (own && federatedName(own) !== crdName) {
    throw new CliError(
      `Cannot enable ${name} as it is federated already, as "${federatedName(own)}" and not as "${crdName}"; disable it first`,
    );
  }
  const equivalent = new Set(equivalentApis(config.spec.targetType));
  const same = existing.find(({ metadata }) => equivalent.has(metadata.name ?? ""));
  if (same) {
    throw new CliError(
      `Cannot enable ${name} as the same objects are federated already, as ${same.metadata.name ?? ""}`,
    );
  }
  const other = existing.find(
    (each) => each.metadata.name !== name && federatedName(each) === crdName,
  );
  if (!other) return;
  throw new CliError(
    `Cannot enable ${name} as its federated kind "${crdName}" is that of "${other.metadata.name ?? ""}"; give another group with --federated-group`,
  );
}

function federatedName({ spec: { federatedType } }: FederatedTypeConfig): string {
  return formatGroupResource({
    group: federatedType.group ?? "",
    resource: federatedType.pluralName,
  });
}
