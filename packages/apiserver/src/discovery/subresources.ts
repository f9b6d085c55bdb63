import type { GroupVersionKind } from "@cellplane/apimachinery";
import type { CatalogResource } from "./api-catalog.ts";

/** A subresource as discovery names it. `gvk` is absent where it is the resource's own kind. */
export interface ListedSubresource {
  readonly name: string;
  readonly gvk: GroupVersionKind | undefined;
  readonly verbs: readonly string[];
}

const objectVerbs: readonly string[] = ["get", "patch", "update"];
const scaleKind: GroupVersionKind = { group: "autoscaling", version: "v1", kind: "Scale" };

/** The subresources of a resource: built-in kinds by name, CRDs with status before scale. */
export function listSubresources(resource: CatalogResource): readonly ListedSubresource[] {
  const { definition, version } = resource;
  const own = definition.subresources.map(({ name, gvk, verbs }) => ({
    name,
    gvk: isSameKind(gvk, resource) ? undefined : gvk,
    verbs,
  }));
  const listed: readonly ListedSubresource[] = [
    ...(version.hasStatus ? [{ name: "status", gvk: undefined, verbs: objectVerbs }] : []),
    ...(version.scale ? [{ name: "scale", gvk: scaleKind, verbs: objectVerbs }] : []),
    ...own,
  ];
  const unique = listed.filter(
    ({ name }, index) => listed.findIndex((each) => each.name === name) === index,
  );
  if (definition.origin === "crd") return unique;
  return unique.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function isSameKind(gvk: GroupVersionKind, { definition, version }: CatalogResource): boolean {
  return (
    gvk.group === definition.group &&
    gvk.version === version.version &&
    gvk.kind === definition.kind
  );
}
