import type { ResourcePath } from "@cellplane/client";
import type { FederatedTypeConfigSpec } from "@cellplane/federation";
import type { MemberConnection } from "../members/member-connection.ts";

/** The target's resource as one member serves it, or why that is not known. */
export type MemberPath =
  | { readonly kind: "served"; readonly path: ResourcePath }
  | { readonly kind: "unknown" }
  | { readonly kind: "notServed" };

/** Chooses the version to read in: the target's own, else the next of its other versions. */
export function chooseMemberPath(
  connection: MemberConnection,
  { targetType, targetVersions = [] }: FederatedTypeConfigSpec,
): MemberPath {
  const group = targetType.group ?? "";
  const resource = targetType.pluralName;
  const served = connection.servedVersions({ group, resource });
  if (!served) return { kind: "unknown" };
  const version = [targetType.version, ...targetVersions].find((each) => served.includes(each));
  return version === undefined
    ? { kind: "notServed" }
    : { kind: "served", path: { group, version, resource } };
}
