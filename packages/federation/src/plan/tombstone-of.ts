import { annotations, groups, labels } from "../api/names.ts";
import type { Tombstone } from "../api/tombstone.ts";
import { hashJson } from "../hash/canonical-json.ts";
import { formatSource, sourceOf } from "../template/source.ts";
import type { TopologyDecision } from "./sync-plan.ts";
import type { SyncView } from "./sync-view.ts";

/** The Tombstone of an abandoned topology; `undefined` where not even the target is known. */
export function tombstoneOf(
  decision: TopologyDecision,
  { object, settings, tenant, typeConfig }: SyncView,
  systemNamespace: string,
): Tombstone | undefined {
  const { member, topology, target, cluster } = decision;
  if (target === undefined) return undefined;
  const { name = "", namespace, uid = "" } = object.metadata;
  const source = formatSource(
    sourceOf(object, { controlPlaneId: settings.controlPlaneId, member }),
  );
  const digest = hashJson([source, uid, cluster ?? ""]).slice(0, 10);
  return {
    apiVersion: `${groups.cellplane}/v1alpha1`,
    kind: "Tombstone",
    metadata: {
      name: `${typeConfig.targetType.kind.toLowerCase()}-${name.slice(0, 180)}-${digest}`,
      namespace: systemNamespace,
      labels: tenant.tenant === "" ? {} : { [labels.tenant]: tenant.tenant },
    },
    spec: {
      clusterName: member,
      ...(cluster === undefined ? {} : { joinedCluster: cluster }),
      topology,
      target: {
        apiVersion: target.apiVersion,
        kind: target.kind,
        pluralName: target.resource,
        name: target.name,
        ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
      },
      owner: {
        kind: object.kind ?? "",
        name,
        uid,
        ...(namespace === undefined ? {} : { namespace }),
      },
      source,
      ...(tenant.tenant === ""
        ? {}
        : { tenant: tenant.tenant, workspaceGroup: tenant.workspaceGroup }),
    },
  };
}

/**
 * Whether a tombstone's object may be removed now that its cluster is back: it is still the one
 * that was left behind, and no live federated object has taken it over.
 */
export function isTombstoneDue(
  { spec }: Tombstone,
  live: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } },
): boolean {
  const set = live.metadata.annotations ?? {};
  return set[annotations.source] === spec.source && set[annotations.uid] === spec.owner.uid;
}
