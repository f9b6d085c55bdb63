import { type FieldError, invalidObject, type KubernetesObject } from "@cellplane/apimachinery";
import { duplicateOwners } from "./prepare-metadata.ts";
import { validateMetadata, validateMetadataUpdate } from "./validate-metadata.ts";
import { strategyContext, type WriteRequest } from "./write-request.ts";

/** Refuses a new object that breaks a rule. @throws {StatusError} 422 */
export function checkNewObject(request: WriteRequest, object: KubernetesObject): void {
  const { definition } = request.store;
  const errors = [
    ...validateMetadata(object.metadata, definition),
    ...(definition.strategy.validate?.(object, strategyContext(request)) ?? []),
  ];
  refuse(request, object, errors);
  for (const text of definition.strategy.warnings?.(object, undefined) ?? []) request.warn(text);
}

/** Refuses a changed object that breaks a rule. @throws {StatusError} 422 */
export function checkChangedObject(
  request: WriteRequest,
  object: KubernetesObject,
  old: KubernetesObject,
): void {
  const { definition } = request.store;
  const context = strategyContext(request);
  const metadata = validateMetadataUpdate(object.metadata, old.metadata);
  const errors = [
    // Kubernetes checks metadata in general and again with each kind, and tells both.
    ...metadata,
    ...metadata,
    ...(definition.strategy.validateUpdate?.(object, old, context) ?? []),
  ];
  refuse(request, object, errors);
  for (const text of definition.strategy.warnings?.(object, old) ?? []) request.warn(text);
}

/** Each owner once; tells of those that were named twice. */
export function dedupeOwners(request: WriteRequest, object: KubernetesObject): KubernetesObject {
  const owners = object.metadata.ownerReferences;
  if (!owners || owners.length < 2) return object;
  const twice = duplicateOwners(owners);
  if (twice.length === 0) return object;
  request.warn(
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in " +
      "1.20+, and may reject such requests as early as 1.24; please fix your requests; " +
      `duplicate UID(s) observed: ${twice.join(", ")}`,
  );
  const first = owners.filter((owner, at) => {
    return owners.findIndex((other) => JSON.stringify(other) === JSON.stringify(owner)) === at;
  });
  return { ...object, metadata: { ...object.metadata, ownerReferences: first } };
}

function refuse(
  request: WriteRequest,
  object: KubernetesObject,
  errors: readonly FieldError[],
): void {
  if (errors.length === 0) return;
  // A custom resource of the wrong kind is refused under the kind that it says it is.
  const { group, kind } = request.definition;
  throw invalidObject(
    { group, kind: object.kind ?? kind, name: object.metadata.name ?? "" },
    errors,
  );
}
