import type { Informer } from "@cellplane/client";
import type { FederatedObject, PropagatedVersion } from "@cellplane/federation";

/** The key of the federated object that a ledger tells of; nothing if `objects` does not hold it. */
export function ledgerOwnerKey(
  { metadata }: PropagatedVersion,
  objects: Informer<FederatedObject>,
): string | undefined {
  const home = metadata.namespace === undefined ? "" : `${metadata.namespace}/`;
  const owner = metadata.ownerReferences?.find(
    ({ name, uid }) => objects.get(home + name)?.metadata.uid === uid,
  );
  return owner && home + owner.name;
}
