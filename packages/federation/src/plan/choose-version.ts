import { formatGroupVersion, type JsonObject } from "@cellplane/apimachinery";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";

/**
 * The apiVersion to write to one member: the template's own where the member serves it, else the
 * first of the type's versions that it serves. `undefined`: it serves none of them.
 */
export function chooseApiVersion(
  { targetType, targetVersions = [] }: FederatedTypeConfigSpec,
  template: JsonObject | undefined,
  served: readonly string[] | undefined,
): string | undefined {
  const group = targetType.group ?? "";
  const asked = template?.["apiVersion"];
  const inTemplate = typeof asked === "string" ? [asked.split("/").at(-1) ?? ""] : [];
  const candidates = [...inTemplate, targetType.version, ...targetVersions];
  const version = candidates.find((candidate) => served?.includes(candidate) ?? true);
  return version === undefined ? undefined : formatGroupVersion({ group, version });
}
