import { discoverResources } from "@cellplane/client";
import { federatedTypeCrd, type FederatedTypeConfig } from "@cellplane/federation";
import { federatedTypeConfigs } from "../membership/system-namespace.ts";
import { crds } from "../types/enable-type.ts";
import { ensureSpec } from "../types/ensure-object.ts";
import { findConversion } from "../types/find-conversion.ts";
import { readSchema } from "../types/read-schema.ts";
import type { ControlPlaneState } from "./control-plane-state.ts";
import type { KubefedHost } from "./kubefed-host.ts";
import { importedType } from "./plan-migration.ts";

/** Makes the types that KubeFed federates and this control plane does not; returns their names. */
export async function importTypes(
  host: KubefedHost,
  here: ControlPlaneState,
): Promise<readonly string[]> {
  const missing = host.types.filter(({ metadata }) => !here.types.has(metadata.name ?? ""));
  if (missing.length === 0) return [];
  const { resources } = await discoverResources(host.client);
  const conversion = await findConversion(here.client);
  for (const config of missing) {
    const { targetType, federatedType } = config.spec;
    const { group = "", version, pluralName } = targetType;
    const resource = resources.find(
      (each) => each.group === group && each.version === version && each.resource === pluralName,
    );
    const schema = resource && (await readSchema(host.client, resource));
    const crd = federatedTypeCrd({
      target: targetType,
      shortNames: host.shortNames.get(config.metadata.name ?? "") ?? [],
      ...(schema === undefined ? {} : { schema }),
      ...(federatedType.group === undefined ? {} : { federatedGroup: federatedType.group }),
      ...(conversion === undefined ? {} : { conversion }),
    });
    await ensureSpec(here.client, crds, crd);
    await ensureSpec(here.client, federatedTypeConfigs, importedType(config));
  }
  return missing.map(nameOf);
}

function nameOf({ metadata }: FederatedTypeConfig): string {
  return metadata.name ?? "";
}
