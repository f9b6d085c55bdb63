import type { FederatedObject, PropagatedVersion } from "@cellplane/federation";
import { byNamespace, type SharedInformers } from "../shared/shared-informers.ts";
import type { SyncedType } from "./sync-dependencies.ts";

/** Federated objects, in words, by the member that their ledger says they stand in. */
export type Dependents = ReadonlyMap<string, readonly string[]>;

const none: Dependents = new Map();

/**
 * What stands in a Namespace, or is of a CustomResourceDefinition, in each member: until it is
 * gone, neither may be withdrawn there.
 */
export function dependentsOf(
  object: FederatedObject,
  type: SyncedType,
  shared: SharedInformers,
): Dependents {
  if (type.name === "namespaces") {
    const ledgers = shared.ledgers.byIndex(byNamespace, object.metadata.namespace ?? "");
    return standing(ledgers.filter((ledger) => !isOwnedBy(ledger, object)));
  }
  const { kind, group } = type.typeConfig.targetType;
  if (kind !== "CustomResourceDefinition" || group !== "apiextensions.k8s.io") return none;
  const kinds = new Set(
    shared.typeConfigs
      .list()
      .filter(({ spec: { targetType } }) => crdNameOf(targetType) === object.metadata.name)
      .map(({ spec }) => spec.federatedType.kind),
  );
  if (kinds.size === 0) return none;
  const ledgers = [...shared.ledgers.list(), ...shared.clusterLedgers.list()];
  return standing(ledgers.filter((ledger) => kinds.has(ownerOf(ledger)?.kind ?? "")));
}

function standing(ledgers: readonly PropagatedVersion[]): Dependents {
  const byMember = new Map<string, string[]>();
  for (const ledger of ledgers) {
    const owner = ownerOf(ledger);
    const { namespace } = ledger.metadata;
    const home = namespace === undefined ? "" : `${namespace}/`;
    const words = `${owner?.kind ?? "object"} ${home}${owner?.name ?? ledger.metadata.name ?? ""}`;
    for (const { clusterName } of ledger.status?.clusterVersions ?? []) {
      const known = byMember.get(clusterName);
      if (known) known.push(words);
      else byMember.set(clusterName, [words]);
    }
  }
  return byMember;
}

function crdNameOf({
  group = "",
  pluralName,
}: {
  readonly group?: string;
  readonly pluralName: string;
}): string {
  return `${pluralName}.${group}`;
}

function isOwnedBy(ledger: PropagatedVersion, object: FederatedObject): boolean {
  return ownerOf(ledger)?.uid === object.metadata.uid;
}

function ownerOf({
  metadata,
}: PropagatedVersion):
  | { readonly kind: string; readonly name: string; readonly uid: string }
  | undefined {
  return metadata.ownerReferences?.[0];
}
