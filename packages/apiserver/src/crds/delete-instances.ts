import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "../registry/object-access.ts";
import type { CustomResourceDefinition } from "./custom-resource-definition.ts";

/** Deletes all instances of a CRD, and waits until those with finalizers have gone too. */
export async function deleteInstances(
  objects: ObjectAccess,
  crd: CustomResourceDefinition,
  signal: AbortSignal,
): Promise<void> {
  const scope: ObjectScope = { group: crd.spec.group, resource: crd.spec.names.plural };
  const left = new Set<string>();
  const gone = Promise.withResolvers<void>();
  let isComplete = false;
  const settle = (): void => {
    if (isComplete && left.size === 0) gone.resolve();
  };
  using _watch = await objects.watch(scope, {
    onPut: (object) => void left.add(keyOf(object)),
    onDelete: (object) => {
      left.delete(keyOf(object));
      settle();
    },
  });
  signal.addEventListener("abort", () => gone.reject(signal.reason), { once: true });
  for (const object of await objects.list(scope)) await deleteOne(objects, scope, object);
  isComplete = true;
  settle();
  await gone.promise;
}

async function deleteOne(
  objects: ObjectAccess,
  scope: ObjectScope,
  { metadata }: KubernetesObject,
): Promise<void> {
  const { namespace, name = "", deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return;
  try {
    await objects.delete(namespace === undefined ? scope : { ...scope, namespace }, name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
