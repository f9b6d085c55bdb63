import { setImmediate } from "node:timers/promises";
import {
  conflict,
  formatGroupVersion,
  invalid,
  invalidObject,
  isJsonEqual,
  type JsonObject,
  type KubernetesObject,
  StatusError,
} from "@cellplane/apimachinery";
import { displayKey, objectPath } from "../storage/object-key.ts";
import { encodeStoredObject } from "../storage/stored-object.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import { toAnswer, toRequestVersion, toStorageVersion } from "./convert-object.ts";
import { objectNotFound } from "./create-object.ts";
import { normalizeObject } from "./normalize-object.ts";
import { prepareChange } from "./prepare-change.ts";
import { withRevision } from "./prepare-metadata.ts";
import { checkChangedObject, dedupeOwners } from "./validate-object.ts";
import { conditionOf, type WriteRequest, type WriteResult } from "./write-request.ts";

/** One update: how the new object comes from the current one, and what must hold. */
export interface UpdateRequest extends WriteRequest {
  /** In the request's version. Called again after a lost race. The same object: no change. */
  readonly change: (current: KubernetesObject) => Promise<KubernetesObject> | KubernetesObject;
  /** The uid that a PUT names must be that of the object; a patch may not change it. */
  readonly uidIsPrecondition: boolean;
  /** Creates the object where there is none; absent: 404. */
  readonly createMissing?: () => Promise<WriteResult>;
}

/**
 * Changes an object: read → change → admit → prepare → validate → admit → compare-and-swap, again
 * after a lost race. Removes it where it was waiting for its last finalizer.
 *
 * @throws {StatusError} NotFound, Conflict, Invalid, what admission says, …
 */
export async function updateObject(request: UpdateRequest): Promise<WriteResult> {
  const { cache } = request.store;
  await cache.reachHead(request.signal);
  let cached = cache.get(request.namespace, request.name);
  for (;;) {
    request.signal.throwIfAborted();
    if (!cached) {
      if (request.createMissing) return await request.createMissing();
      throw objectNotFound(request);
    }
    try {
      const outcome = await tryUpdate(request, cached);
      if (outcome.kind !== "lost") return outcome;
      cached = outcome.current;
    } finally {
      request.admission.guards?.release();
    }
    // A store in memory answers without I/O: racing writers must not starve timers and signals.
    await setImmediate();
  }
}

type Attempt = WriteResult | { readonly kind: "lost"; readonly current: CachedObject | undefined };

async function tryUpdate(request: UpdateRequest, cached: CachedObject): Promise<Attempt> {
  const { definition, store, version } = request;
  const current = await toRequestVersion(request, store.cache.parse(cached));
  const wanted = await request.change(current);
  checkUid(request, { wanted, current });
  const mutated = await request.admission.mutate({
    operation: "UPDATE",
    name: request.name,
    object: wanted,
    oldObject: current,
  });
  const admitted = mutated === wanted ? wanted : normalizeObject(mutated, definition, version);
  checkRevision(request, { wanted: admitted, current });
  const next = prepareChange(request, dedupeOwners(request, admitted), current);
  checkChangedObject(request, next, current);
  await request.admission.validate({
    operation: "UPDATE",
    name: request.name,
    object: next,
    oldObject: current,
  });
  if (isReadyToGo(request, next)) return await remove(request, { cached, last: next });
  const isSame = isJsonEqual(asJson(next), asJson(current));
  if (isSame && (await isStoredAsWritten(request, cached))) {
    return { kind: "unchanged", object: current };
  }
  if (request.dryRun) return { kind: "updated", object: next };
  return await swap(request, { cached, next });
}

// An update without a change is how objects are brought to a new storage version, or a new key.
async function isStoredAsWritten(request: UpdateRequest, cached: CachedObject): Promise<boolean> {
  const { definition, prefix, storage } = request.store;
  const { group, storageVersion: version } = definition;
  if (cached.differsFromStore) return false;
  if (cached.apiVersion !== formatGroupVersion({ group, version })) return false;
  return !(await storage.isStale(prefix + objectPath(request.namespace, request.name)));
}

async function swap(
  request: UpdateRequest,
  write: { readonly cached: CachedObject; readonly next: KubernetesObject },
): Promise<Attempt> {
  const { cache, storage, prefix } = request.store;
  const stored = await toStorageVersion(request, write.next);
  const path = objectPath(request.namespace, request.name);
  const value = encodeStoredObject(stored);
  using _ = cache.announce(path, { value, object: stored });
  const outcome = await storage.put(prefix + path, value, conditionOf(request, write.cached));
  if (outcome.kind === "written") {
    const answer = await toAnswer(request, { object: write.next, stored });
    return { kind: "updated", object: withRevision(answer, outcome.revision) };
  }
  return { kind: "lost", current: outcome.current && cache.decode({ path, ...outcome.current }) };
}

async function remove(
  request: UpdateRequest,
  write: { readonly cached: CachedObject; readonly last: KubernetesObject },
): Promise<Attempt> {
  if (request.dryRun) return { kind: "deleted", object: write.last };
  const { cache, storage, prefix } = request.store;
  const path = objectPath(request.namespace, request.name);
  const outcome = await storage.delete(prefix + path, conditionOf(request, write.cached));
  if (outcome.kind === "written") return { kind: "deleted", object: write.last };
  return { kind: "lost", current: outcome.current && cache.decode({ path, ...outcome.current }) };
}

/** Whether this was the last thing that a deletion waited for. */
function isReadyToGo(request: UpdateRequest, object: KubernetesObject): boolean {
  const { metadata } = object;
  if (metadata.deletionTimestamp === undefined) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  if ((metadata.finalizers ?? []).length > 0) return false;
  return request.definition.strategy.deletion?.holds?.(object) !== true;
}

interface Change {
  readonly wanted: KubernetesObject;
  readonly current: KubernetesObject;
}

function checkUid(request: UpdateRequest, { wanted, current }: Change): void {
  const { uid } = wanted.metadata;
  if (!request.uidIsPrecondition || uid === undefined || uid === "") return;
  if (uid === current.metadata.uid) return;
  const { definition } = request;
  const key = displayKey(definition, objectPath(request.namespace, request.name));
  const why =
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, ` +
    `AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, ` +
    `UID in object meta: ${current.metadata.uid ?? ""}`;
  throw conflict(
    { group: definition.group, resource: definition.resource, name: request.name },
    why,
  );
}

function checkRevision(request: UpdateRequest, { wanted, current }: Change): void {
  const { group, resource, strategy } = request.definition;
  const { resourceVersion = "" } = wanted.metadata;
  if (resourceVersion === current.metadata.resourceVersion) return;
  if (resourceVersion === "" || resourceVersion === "0") {
    if (strategy.allowsUnconditionalUpdate) return;
    throw invalidObject({ group, kind: resource, name: request.name }, [
      invalid("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (!/^\d+$/.test(resourceVersion)) {
    const shown = JSON.stringify(resourceVersion);
    throw new StatusError("", `strconv.ParseUint: parsing ${shown}: invalid syntax`, { code: 500 });
  }
  const why =
    "the object has been modified; please apply your changes to the latest version and try again";
  throw conflict({ group, resource, name: request.name }, why);
}

function asJson(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}
