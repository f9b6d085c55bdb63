/** A kind in one version of one group. The core group is `""`. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource (plural) in one version of one group. The core group is `""`. */
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** A resource (plural) whatever its version. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** `v1` for the core group, `apps/v1` else: what stands in `apiVersion`. */
export function formatGroupVersion(of: {
  readonly group: string;
  readonly version: string;
}): string {
  return of.group === "" ? of.version : `${of.group}/${of.version}`;
}

/** Splits an `apiVersion`; `undefined` where it has more than one slash. */
export function parseGroupVersion(
  apiVersion: string,
): { readonly group: string; readonly version: string } | undefined {
  const parts = apiVersion.split("/");
  if (parts.length > 2) return undefined;
  const [first = "", second] = parts;
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
}

/** `configmaps`, or `deployments.apps`: how Kubernetes names a resource in its messages. */
export function formatGroupResource(of: GroupResource): string {
  return of.group === "" ? of.resource : `${of.resource}.${of.group}`;
}
