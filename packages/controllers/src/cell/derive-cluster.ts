import {
  type Cell,
  type KubeFedCluster,
  labels,
  memberNameOfCell,
  tenantOf,
} from "@cellplane/federation";

/** What a Cell's derived KubeFedCluster shall be; `status` stays the health controller's. */
export function deriveCluster(
  cell: Cell,
  joined: KubeFedCluster,
  namespaceLabels: Readonly<Record<string, string>>,
): KubeFedCluster {
  const { name = "", namespace = "" } = cell.metadata;
  const { tenant, workspaceGroup } = tenantOf(namespaceLabels);
  const { region, zone, clusterRef } = cell.spec;
  return {
    apiVersion: "core.kubefed.io/v1beta1",
    kind: "KubeFedCluster",
    metadata: {
      name: memberNameOfCell(namespace, name),
      namespace: joined.metadata.namespace ?? "",
      labels: {
        ...cell.metadata.labels,
        ...(region === undefined ? {} : { [labels.region]: region }),
        ...(zone === undefined ? {} : { [labels.zone]: zone }),
        ...(tenant === "" ? {} : { [labels.tenant]: tenant }),
        ...(workspaceGroup === "" ? {} : { [labels.workspaceGroup]: workspaceGroup }),
        [labels.cell]: name,
        [labels.cluster]: clusterRef.name,
      },
    },
    spec: joined.spec,
  };
}

/** Whether a derived cluster is as it shall be. */
export function isDerivedCluster(current: KubeFedCluster, desired: KubeFedCluster): boolean {
  return (
    isEqual(current.metadata.labels ?? {}, desired.metadata.labels ?? {}) &&
    isEqual(current.spec, desired.spec)
  );
}

function isEqual(left: object, right: object): boolean {
  const sorted = (value: object): string => JSON.stringify(Object.entries(value).sort());
  return sorted(left) === sorted(right);
}
