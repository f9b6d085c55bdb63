import { setImmediate } from "node:timers/promises";
import { type KubernetesObject, isJsonEqual, StatusError } from "@cellplane/apimachinery";
import { objectPath } from "../storage/object-key.ts";
import { encodeStoredObject } from "../storage/stored-object.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { toRequestVersion, toStorageVersion } from "./convert-object.ts";
import { objectNotFound } from "./create-object.ts";
import { deletionFinalizers, type DeleteOptions } from "./delete-options.ts";
import { formatTime, withMetadata, withRevision } from "./prepare-metadata.ts";
import { conditionOf, type WriteRequest } from "./write-request.ts";

/** `deleted`: it is gone. `marked`: it stays until its finalizers or its grace period are over. */
export interface DeleteResult {
  readonly kind: "deleted" | "marked";
  /** The last state, in the request's version. */
  readonly object: KubernetesObject;
}

/**
 * Deletes an object, or marks it where something has to happen first.
 *
 * @throws {StatusError} NotFound, Conflict where a precondition fails, what admission says, …
 */
export async function deleteObject(
  request: WriteRequest,
  options: DeleteOptions,
): Promise<DeleteResult> {
  const { cache } = request.store;
  await cache.reachHead(request.signal);
  let cached = cache.get(request.namespace, request.name);
  for (;;) {
    request.signal.throwIfAborted();
    if (!cached) throw objectNotFound(request);
    const outcome = await tryDelete(request, { cached, options });
    if (outcome.kind !== "lost") return outcome;
    cached = outcome.current;
    // A store in memory answers without I/O: racing writers must not starve timers and signals.
    await setImmediate();
  }
}

type Attempt = DeleteResult | { readonly kind: "lost"; readonly current: CachedObject | undefined };

interface Deletion {
  readonly cached: CachedObject;
  readonly options: DeleteOptions;
}

async function tryDelete(request: WriteRequest, deletion: Deletion): Promise<Attempt> {
  const { store } = request;
  const current = await toRequestVersion(request, store.cache.parse(deletion.cached));
  checkPreconditions(request, current, deletion.options);
  await request.admission.validate({
    operation: "DELETE",
    name: request.name,
    oldObject: current,
  });
  const marked = markForDeletion(request, current, deletion.options);
  if (!marked) return await remove(request, { ...deletion, last: current });
  if (isJsonEqual(asJson(marked), asJson(current))) return { kind: "marked", object: current };
  if (request.dryRun) return { kind: "marked", object: marked };
  return await writeMark(request, { ...deletion, marked });
}

/** The object as it waits for its end; `undefined`: nothing to wait for. */
function markForDeletion(
  request: WriteRequest,
  current: KubernetesObject,
  options: DeleteOptions,
): KubernetesObject | undefined {
  const { strategy } = request.definition;
  const { deletion } = strategy;
  const { deletionTimestamp, finalizers: _, generation, ...meta } = current.metadata;
  const finalizers = deletionFinalizers(current, options, strategy.defaultPropagation);
  const grace = graceSeconds(request, current, options);
  const isHeld = deletion?.holds?.(current) === true;
  if (finalizers.length === 0 && grace === 0 && !isHeld) return undefined;
  const isFirst = deletionTimestamp === undefined;
  const shortened = grace !== (current.metadata.deletionGracePeriodSeconds ?? 0);
  const object = withMetadata(current, {
    ...meta,
    ...(generation === undefined ? {} : { generation: isFirst ? generation + 1 : generation }),
    deletionTimestamp:
      isFirst || shortened ? formatTime(request.nowMs + grace * 1000) : deletionTimestamp,
    deletionGracePeriodSeconds: grace,
    ...(finalizers.length === 0 ? {} : { finalizers }),
  });
  return deletion?.prepare?.(object) ?? object;
}

/** A later request may shorten the grace period, never prolong it. */
function graceSeconds(
  request: WriteRequest,
  current: KubernetesObject,
  options: DeleteOptions,
): number {
  const { deletion } = request.definition.strategy;
  const wanted = deletion?.gracePeriodSeconds?.(current, options.gracePeriodSeconds) ?? 0;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = current.metadata;
  if (deletionTimestamp === undefined) return wanted;
  return Math.min(wanted, deletionGracePeriodSeconds);
}

async function writeMark(
  request: WriteRequest,
  write: Deletion & { readonly marked: KubernetesObject },
): Promise<Attempt> {
  const { cache, storage, prefix } = request.store;
  const stored = await toStorageVersion(request, write.marked);
  const path = objectPath(request.namespace, request.name);
  const value = encodeStoredObject(stored);
  const outcome = await storage.put(prefix + path, value, conditionOf(request, write.cached));
  if (outcome.kind === "written") {
    return { kind: "marked", object: withRevision(write.marked, outcome.revision) };
  }
  return { kind: "lost", current: outcome.current && cache.decode({ path, ...outcome.current }) };
}

async function remove(
  request: WriteRequest,
  write: Deletion & { readonly last: KubernetesObject },
): Promise<Attempt> {
  if (request.dryRun) return { kind: "deleted", object: write.last };
  const { cache, storage, prefix } = request.store;
  const path = objectPath(request.namespace, request.name);
  const outcome = await storage.delete(prefix + path, conditionOf(request, write.cached));
  if (outcome.kind === "written") return { kind: "deleted", object: write.last };
  return { kind: "lost", current: outcome.current && cache.decode({ path, ...outcome.current }) };
}

function checkPreconditions(
  request: WriteRequest,
  current: KubernetesObject,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = current.metadata;
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw preconditionFailed(
      request,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record ` +
        `(${uid ?? ""}). The object might have been deleted and then recreated`,
    );
  }
  const wanted = preconditions?.resourceVersion;
  if (wanted !== undefined && wanted !== resourceVersion) {
    throw preconditionFailed(
      request,
      `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion ` +
        `in record (${resourceVersion ?? ""}). The object might have been modified`,
    );
  }
}

// Kubernetes names the kind here, not the resource.
function preconditionFailed(request: WriteRequest, why: string): StatusError {
  const { group, kind } = request.definition;
  const subject = group === "" ? kind : `${kind}.${group}`;
  const message = `Operation cannot be fulfilled on ${subject} ${JSON.stringify(request.name)}: ${why}`;
  const details = { name: request.name, ...(group === "" ? {} : { group }), kind };
  return new StatusError("Conflict", message, { details });
}

function asJson(object: KubernetesObject): Parameters<typeof isJsonEqual>[0] {
  return object as unknown as Parameters<typeof isJsonEqual>[0];
}
