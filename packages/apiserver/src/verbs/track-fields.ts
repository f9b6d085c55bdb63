import { type KubernetesObject, updateManagedFields } from "@cellplane/apimachinery";
import { formatTime, withMetadata } from "../registry/prepare-metadata.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { versionContext } from "./version-context.ts";
import type { WriteOptions } from "./write-options.ts";

/** A write whose fields get owners. */
export interface TrackedWrite {
  /** In the request's version; absent for a create. */
  readonly live: KubernetesObject | undefined;
  readonly updated: KubernetesObject;
  readonly options: WriteOptions;
  readonly nowMs: number;
}

/** The object with `managedFields` after a write that is no server-side apply. */
export function trackFields(target: ResourceRequest, write: TrackedWrite): KubernetesObject {
  const { live, updated, options, nowMs } = write;
  const managedFields = updateManagedFields({
    ...versionContext(target),
    live,
    updated,
    manager: options.fieldManager,
    subresource: target.request.info.subresource,
    nowIso: formatTime(nowMs),
  });
  if (managedFields === updated.metadata.managedFields) return updated;
  const { managedFields: _, ...rest } = updated.metadata;
  return withMetadata(updated, managedFields === undefined ? rest : { ...rest, managedFields });
}
