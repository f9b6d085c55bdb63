import { isStatus } from "@cellplane/apimachinery";
import type { Informer, ResourcePath, RestClient } from "@cellplane/client";
import {
  type FederatedObject,
  readRevisionObject,
  type Revision,
  revisionObject,
  revisionObjectName,
} from "@cellplane/federation";
import { clusterFederatedRevisions, federatedRevisions } from "../shared/federation-resources.ts";
import { secrets } from "../shared/resources.ts";
import { byOwnerUid, type SharedInformers } from "../shared/shared-informers.ts";
import type { SyncedType } from "./sync-dependencies.ts";

interface RevisionPlace {
  readonly path: ResourcePath;
  readonly informer: Informer;
}

/** The kept revisions of a federated object, from the cache. */
export function revisionsOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): readonly Revision[] {
  const { informer } = placeOf(object, type, shared);
  return informer
    .byIndex(byOwnerUid, object.metadata.uid ?? "")
    .map(readRevisionObject)
    .filter((revision) => revision !== undefined);
}

/** When each kept revision was made, RFC 3339, by its number. */
export function revisionTimesOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): ReadonlyMap<number, string> {
  const { informer } = placeOf(object, type, shared);
  const times = informer
    .byIndex(byOwnerUid, object.metadata.uid ?? "")
    .flatMap((each): readonly (readonly [number, string])[] => {
      const revision = readRevisionObject(each);
      const { creationTimestamp } = each.metadata;
      return revision && creationTimestamp ? [[revision.number, creationTimestamp]] : [];
    });
  return new Map(times);
}

/** Stores a new revision, before anything of it is written to a member. */
export async function storeRevision(
  object: FederatedObject,
  type: SyncedType,
  revision: Revision,
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  signal: AbortSignal,
): Promise<void> {
  const { path, informer } = placeOf(object, type, deps.shared);
  const whole = revisionObject(object, revision, revisionKindOf(type));
  try {
    informer.record(await deps.client.create(path, whole, {}, signal));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const { name = "" } = whole.metadata;
    const found = await deps.client.get(path, name, signal);
    const isOwn = found.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid);
    if (isOwn) {
      // Written before a restart: the cache had not seen it.
      informer.record(found);
      return;
    }
    // Of an earlier object of this name, which the garbage collector has yet to clear away.
    const { uid = "" } = found.metadata;
    await deps.client.delete(path, name, { preconditions: { uid } }, signal);
    informer.record(await deps.client.create(path, whole, {}, signal));
  }
}

/** Removes a revision that is to be kept no longer. */
export async function removeRevision(
  object: FederatedObject,
  type: SyncedType,
  number: number,
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  signal: AbortSignal,
): Promise<void> {
  const { path } = placeOf(object, type, deps.shared);
  const { name = "" } = object.metadata;
  const owner = { targetKind: revisionKindOf(type), name };
  try {
    await deps.client.delete(path, revisionObjectName(owner, number), {}, signal);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

/** Another group's Secret is none that RBAC and encryption at rest know. */
function revisionKindOf({ typeConfig: { targetType } }: SyncedType): string {
  const { kind, group = "" } = targetType;
  return kind === "Secret" && group !== "" ? `${kind}.${group}` : kind;
}

function placeOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): RevisionPlace {
  const { namespace } = object.metadata;
  if (namespace === undefined) {
    return { path: clusterFederatedRevisions, informer: shared.clusterRevisions };
  }
  return revisionKindOf(type) === "Secret"
    ? { path: { ...secrets, namespace }, informer: shared.revisionSecrets }
    : { path: { ...federatedRevisions, namespace }, informer: shared.revisions };
}
