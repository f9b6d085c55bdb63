import { isJsonEqual, isStatus } from "@cellplane/apimachinery";
import type { Informer, ResourcePath, RestClient } from "@cellplane/client";
import {
  type FederatedObject,
  type Ledger,
  type PropagatedVersion,
  type PropagatedVersionStatus,
  writeLedger,
} from "@cellplane/federation";
import { clusterPropagatedVersions, propagatedVersions } from "../shared/federation-resources.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";
import { ownerReferenceTo } from "./owner-reference.ts";
import type { SyncedType } from "./sync-dependencies.ts";

interface LedgerPlace {
  readonly path: ResourcePath;
  readonly informer: Informer<PropagatedVersion>;
  readonly kind: string;
  readonly name: string;
}

/** KubeFed's PropagatedVersion of a federated object, from the cache. */
export function ledgerOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): PropagatedVersion | undefined {
  const { informer, name } = placeOf(object, type, shared);
  const { namespace } = object.metadata;
  const found = informer.get(namespace === undefined ? name : `${namespace}/${name}`);
  // One of an earlier object of the same name says nothing about this one.
  const owned = found?.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid);
  return owned === false ? undefined : found;
}

/** Stores a ledger: a new PropagatedVersion with its status, where the server takes both at once. */
export async function storeLedger(
  object: FederatedObject,
  type: SyncedType,
  ledger: Ledger,
  deps: { readonly client: RestClient; readonly shared: SharedInformers },
  signal: AbortSignal,
): Promise<void> {
  const place = placeOf(object, type, deps.shared);
  const status = writeLedger(ledger);
  const current = ledgerOf(object, type, deps.shared);
  if (current && isJsonEqual(current.status, status)) return;
  const stored = current ?? (await createLedger(object, { place, status }, deps.client, signal));
  if (isJsonEqual(stored.status, status)) {
    place.informer.record(stored);
    return;
  }
  const query = { subresource: "status" };
  const updated = await deps.client.update(place.path, { ...stored, status }, query, signal);
  place.informer.record(updated);
}

interface NewLedger {
  readonly place: LedgerPlace;
  readonly status: PropagatedVersionStatus;
}

async function createLedger(
  object: FederatedObject,
  { place: { path, kind, name }, status }: NewLedger,
  client: RestClient,
  signal: AbortSignal,
): Promise<PropagatedVersion> {
  const { namespace } = object.metadata;
  const whole = {
    apiVersion: "core.kubefed.io/v1alpha1",
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [ownerReferenceTo(object)],
    },
    // A server other than our own leaves it out: then it is written afterwards.
    status,
  };
  try {
    return await client.create(path, whole, {}, signal);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const found = (await client.get(path, name, signal)) as PropagatedVersion;
    const { ownerReferences: _, ...metadata } = found.metadata;
    if (found.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid))
      return found;
    // It belongs to an object that is gone: the new one takes it over, and its entries go.
    const ownerReferences = [ownerReferenceTo(object)];
    const taken = { ...found, metadata: { ...metadata, ownerReferences } };
    return await client.update(path, taken, {}, signal);
  }
}

function placeOf(object: FederatedObject, type: SyncedType, shared: SharedInformers): LedgerPlace {
  const { name = "", namespace } = object.metadata;
  const ledgerName = `${type.typeConfig.targetType.kind.toLowerCase()}-${name}`;
  return namespace === undefined
    ? {
        path: clusterPropagatedVersions,
        informer: shared.clusterLedgers,
        kind: "ClusterPropagatedVersion",
        name: ledgerName,
      }
    : {
        path: { ...propagatedVersions, namespace },
        informer: shared.ledgers,
        kind: "PropagatedVersion",
        name: ledgerName,
      };
}
