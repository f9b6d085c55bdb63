import { isStatus } from "@cellplane/apimachinery";
import {
  type FederatedObject,
  formatSource,
  sourceOf,
  type Tombstone,
  type TopologyDecision,
} from "@cellplane/federation";
import { tombstones } from "../shared/federation-resources.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** Notes what an abandoned topology may still hold, so that it is removed when its cluster returns. */
export async function storeTombstone(
  object: FederatedObject,
  decision: TopologyDecision,
  { type, deps }: { readonly type: SyncedType; readonly deps: SyncDependencies },
  signal: AbortSignal,
): Promise<void> {
  const { target } = decision;
  if (!target) return;
  const { name = "", namespace, uid = "", labels } = object.metadata;
  const source = sourceOf(object, {
    controlPlaneId: deps.controlPlaneId,
    member: decision.member,
  });
  const tombstone: Tombstone = {
    apiVersion: "cellplane.io/v1alpha1",
    kind: "Tombstone",
    metadata: {
      name: `${type.typeConfig.targetType.kind.toLowerCase()}-${uid.slice(0, 8)}-${decision.member}`,
      namespace: deps.systemNamespace,
      ...(labels === undefined ? {} : { labels }),
    },
    spec: {
      clusterName: decision.member,
      topology: decision.topology,
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
      source: formatSource(source),
    },
  };
  try {
    await deps.client.create(
      { ...tombstones, namespace: deps.systemNamespace },
      tombstone,
      {},
      signal,
    );
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}
