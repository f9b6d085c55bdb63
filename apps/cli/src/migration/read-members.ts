import type { FederatedTypeConfig, KubeFedCluster } from "@cellplane/federation";
import type { ControlPlaneState } from "./control-plane-state.ts";
import type { KubefedHost } from "./kubefed-host.ts";
import { readMember } from "./member-reading.ts";
import { type MigrationContext, needed } from "./migration-context.ts";

/** Reads what the host's members have, and those that are joined here already: an object that asks
 * for every cluster would be written to those, too. */
export async function readMembers(context: MigrationContext): Promise<void> {
  const host = needed(context.host);
  const here = needed(context.here);
  const types = mergedTypes(host, here);
  const known = new Set(host.clusters.map(({ cluster }) => cluster.metadata.name ?? ""));
  const own = Array.from(here.clusters.values())
    .filter(({ metadata }) => !known.has(metadata.name ?? ""))
    .map((cluster) => ({ cluster, secret: here.secrets.get(cluster.spec.secretRef?.name ?? "") }));
  const all = [
    // One that is joined here already counts as it is here, labels and all.
    ...host.clusters.map(({ cluster, secret }) => ({
      cluster: here.clusters.get(cluster.metadata.name ?? "") ?? cluster,
      secret,
    })),
    ...own,
  ];
  const read = await Promise.all(
    all.map(({ cluster, secret }) => readMember(asJoined(cluster), secret, types)),
  );
  context.members = new Map(read.map((each) => [each.cluster.metadata.name ?? "", each]));
}

function mergedTypes(host: KubefedHost, here: ControlPlaneState): readonly FederatedTypeConfig[] {
  return host.types.map((config) => here.types.get(config.metadata.name ?? "") ?? config);
}

/** Whether this or that label stands on it, a cluster of KubeFed's is a joined one. */
function asJoined(cluster: KubeFedCluster): KubeFedCluster {
  const { name = "", labels: set } = cluster.metadata;
  return { ...cluster, metadata: { name, ...(set === undefined ? {} : { labels: set }) } };
}
