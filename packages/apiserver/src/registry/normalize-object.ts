import {
  applyDefaults,
  type JsonObject,
  type KubernetesObject,
  pruneUnknown,
} from "@cellplane/apimachinery";
import type { ResourceDefinition, ResourceVersion } from "./resource.ts";

/** An object of this version without what its schema does not know, and with its defaults. */
export function normalizeObject(
  object: KubernetesObject,
  definition: ResourceDefinition,
  version: ResourceVersion,
): KubernetesObject {
  const pruned = pruneUnknown(version.schema, object as unknown as JsonObject);
  const defaulted = applyDefaults(version.schema, pruned) as unknown as KubernetesObject;
  return definition.strategy.defaults?.(defaulted) ?? defaulted;
}
