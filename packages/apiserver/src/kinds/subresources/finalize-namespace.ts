import type { ObjectHandler } from "../../registry/resource.ts";

/**
 * `namespaces/finalize`: the only way to change `spec.finalizers`. Without any left, a Namespace
 * that is being deleted is gone.
 */
export const finalizeNamespace: ObjectHandler = async ({ objects, name, object }) =>
  await objects.update(
    { group: "", resource: "namespaces" },
    name,
    (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        ...(object?.metadata.resourceVersion === undefined
          ? {}
          : { resourceVersion: object.metadata.resourceVersion }),
      },
      spec: object?.["spec"] ?? {},
    }),
    "finalize",
  );
