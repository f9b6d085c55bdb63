import type { ResourcePath } from "@cellplane/client";
import { groups } from "@cellplane/federation";

const core = (resource: string): ResourcePath => ({
  group: groups.core,
  version: "v1beta1",
  resource,
});
const ledger = (resource: string): ResourcePath => ({
  group: groups.core,
  version: "v1alpha1",
  resource,
});
const cellplane = (resource: string): ResourcePath => ({
  group: groups.cellplane,
  version: "v1alpha1",
  resource,
});

/** `core.kubefed.io/v1beta1 kubefedclusters`. */
export const kubeFedClusters: ResourcePath = core("kubefedclusters");
/** `core.kubefed.io/v1beta1 kubefedconfigs`. */
export const kubeFedConfigs: ResourcePath = core("kubefedconfigs");
/** `core.kubefed.io/v1beta1 federatedtypeconfigs`. */
export const federatedTypeConfigs: ResourcePath = core("federatedtypeconfigs");
/** `core.kubefed.io/v1alpha1 propagatedversions`: the ledger. */
export const propagatedVersions: ResourcePath = ledger("propagatedversions");
/** The ledger of cluster-scoped kinds. */
export const clusterPropagatedVersions: ResourcePath = ledger("clusterpropagatedversions");
/** `cellplane.io/v1alpha1 cells`. */
export const cells: ResourcePath = cellplane("cells");
/** `cellplane.io/v1alpha1 topologytypes`. */
export const topologyTypes: ResourcePath = cellplane("topologytypes");
/** `cellplane.io/v1alpha1 federatedrevisions`. */
export const federatedRevisions: ResourcePath = cellplane("federatedrevisions");
/** Revisions of cluster-scoped kinds. */
export const clusterFederatedRevisions: ResourcePath = cellplane("clusterfederatedrevisions");
/** `cellplane.io/v1alpha1 tombstones`. */
export const tombstones: ResourcePath = cellplane("tombstones");
/** `cellplane.io/v1alpha1 tenantquotas`. */
export const tenantQuotas: ResourcePath = cellplane("tenantquotas");
/** `scheduling.kubefed.io/v1alpha1 replicaschedulingpreferences`. */
export const replicaSchedulingPreferences: ResourcePath = {
  group: groups.scheduling,
  version: "v1alpha1",
  resource: "replicaschedulingpreferences",
};
