import { randomInt, randomUUID } from "node:crypto";
import {
  alreadyExists,
  type KubernetesObject,
  notFound,
  StatusError,
} from "@cellplane/apimachinery";
import { encodeStoredObject } from "../storage/stored-object.ts";
import { objectPath } from "../storage/object-key.ts";
import { toAnswer, toStorageVersion } from "./convert-object.ts";
import { normalizeObject } from "./normalize-object.ts";
import { prepareNewMetadata, withMetadata, withRevision } from "./prepare-metadata.ts";
import { checkNewObject, dedupeOwners } from "./validate-object.ts";
import {
  conditionOf,
  strategyContext,
  type WriteRequest,
  type WriteResult,
} from "./write-request.ts";

// No vowels and no look-alikes, as Kubernetes' `utilrand.SafeEncodeString`.
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const maxGeneratedBase = 58;
const maxGenerateAttempts = 8;

/**
 * Stores a new object: admit → prepare → validate → admit → write.
 *
 * @throws {StatusError} AlreadyExists, Invalid, what admission says, …
 */
export async function createObject(
  request: WriteRequest,
  object: KubernetesObject,
): Promise<WriteResult> {
  refuseRevision(object);
  const fresh = inNamespace(request, wipeSystemFields(object));
  for (;;) {
    try {
      const result = await tryCreate(request, fresh);
      if (result !== "overtaken") return result;
    } finally {
      request.admission.guards?.release();
    }
    request.signal.throwIfAborted();
  }
}

/** `overtaken`: what admission has decided by has changed through another server. */
async function tryCreate(
  request: WriteRequest,
  fresh: KubernetesObject,
): Promise<WriteResult | "overtaken"> {
  const asked = { operation: "CREATE", name: fresh.metadata.name ?? "" } as const;
  const mutated = await request.admission.mutate({ ...asked, object: fresh });
  const { definition, version } = request;
  const admitted = mutated === fresh ? fresh : normalizeObject(mutated, definition, version);
  const deduped = dedupeOwners(request, admitted);
  for (let attempt = 1; ; attempt += 1) {
    const named = await prepare(request, deduped);
    const result = await insertAndSettle(request, named);
    if (result !== "exists") return result;
    const generated = (deduped.metadata.name ?? "") === "";
    if (!generated || attempt === maxGenerateAttempts) throw await explainLoss(request, named);
  }
}

/** Admission sees the namespace of the request also where the body names none. */
function inNamespace(request: WriteRequest, object: KubernetesObject): KubernetesObject {
  const { metadata } = object;
  const { namespace, definition } = request;
  if (!definition.namespaced || metadata.namespace === namespace) return object;
  return withMetadata(object, { ...metadata, namespace });
}

async function prepare(request: WriteRequest, object: KubernetesObject): Promise<KubernetesObject> {
  const { strategy, namespaced } = request.definition;
  const { generateName = "", name = "" } = object.metadata;
  const metadata = prepareNewMetadata(object.metadata, {
    uid: randomUUID(),
    nowMs: request.nowMs,
    // That of a cluster-wide object is ignored.
    namespace: namespaced ? request.namespace : "",
    name: name === "" && generateName !== "" ? generateNameFrom(generateName) : name,
    tracksGeneration: strategy.tracksGeneration,
  });
  const filled = withMetadata(object, metadata);
  const prepared = strategy.prepareForCreate?.(filled, strategyContext(request)) ?? filled;
  checkNewObject(request, prepared);
  const change = { operation: "CREATE", name: metadata.name ?? "", object: prepared } as const;
  try {
    await request.admission.validate(change);
  } catch (error) {
    request.admission.settle?.(change, "failed");
    throw error;
  }
  return prepared;
}

async function insertAndSettle(
  request: WriteRequest,
  object: KubernetesObject,
): Promise<Insertion> {
  const change = { operation: "CREATE", name: object.metadata.name ?? "", object } as const;
  try {
    const result = await insert(request, object);
    const isStored = typeof result === "object" && !request.dryRun;
    request.admission.settle?.(change, isStored ? "stored" : "failed");
    return result;
  } catch (error) {
    request.admission.settle?.(change, "unknown");
    throw error;
  }
}

/** `exists`: there is one of that name. */
type Insertion = WriteResult | "exists" | "overtaken";

async function insert(request: WriteRequest, object: KubernetesObject): Promise<Insertion> {
  const { store, namespace, signal } = request;
  const { cache, storage, prefix } = store;
  const name = object.metadata.name ?? "";
  if (request.dryRun) {
    await cache.reachHead(signal);
    if (cache.get(namespace, name)) return "exists";
    return { kind: "created", object };
  }
  const stored = await toStorageVersion(request, object);
  const path = objectPath(namespace, name);
  const value = encodeStoredObject(stored);
  using _ = cache.announce(path, { value, object: stored });
  const outcome = await storage.put(prefix + path, value, conditionOf(request, { revision: 0 }));
  if (outcome.kind === "lost") return outcome.current ? "exists" : "overtaken";
  const answer = await toAnswer(request, { object, stored });
  return { kind: "created", object: withRevision(answer, outcome.revision) };
}

function refuseRevision(object: KubernetesObject): void {
  const { resourceVersion = "" } = object.metadata;
  if (resourceVersion === "" || resourceVersion === "0") return;
  throw new StatusError("", "resourceVersion should not be set on objects to be created", {
    code: 500,
  });
}

// Admission must not see what the client cannot decide.
function wipeSystemFields(object: KubernetesObject): KubernetesObject {
  const {
    uid: _uid,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    resourceVersion: _resourceVersion,
    ...metadata
  } = object.metadata;
  return withMetadata(object, metadata);
}

function generateNameFrom(base: string): string {
  let suffix = "";
  for (let at = 0; at < suffixLength; at += 1) {
    suffix += suffixAlphabet.charAt(randomInt(suffixAlphabet.length));
  }
  return base.slice(0, maxGeneratedBase) + suffix;
}

async function explainLoss(request: WriteRequest, object: KubernetesObject): Promise<StatusError> {
  const { group, resource } = request.definition;
  const { cache } = request.store;
  const name = object.metadata.name ?? "";
  const exists = alreadyExists({ group, resource, name });
  if ((object.metadata.generateName ?? "") !== "") {
    const why = "the server was not able to generate a unique name for the object";
    return new StatusError("AlreadyExists", `${exists.message}, ${why}`, {
      details: { ...exists.details, retryAfterSeconds: 1 },
    });
  }
  await cache.reachHead(request.signal);
  const cached = cache.get(request.namespace, name);
  if (!cached) return exists;
  if (cache.parse(cached).metadata.deletionTimestamp === undefined) return exists;
  const { details = {} } = exists;
  return new StatusError("AlreadyExists", `object is being deleted: ${exists.message}`, {
    details,
  });
}

/** 404 for the object that the request names. */
export function objectNotFound(request: WriteRequest): StatusError {
  const { group, resource } = request.definition;
  return notFound({ group, resource, name: request.name });
}
