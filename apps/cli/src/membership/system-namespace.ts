import type { ResourcePath } from "@cellplane/client";

/** Where KubeFedClusters, FederatedTypeConfigs and credentials lie, on both sides. */
export const systemNamespace = "kube-federation-system";

/** Paths in the system namespace of the control plane. */
export const kubeFedClusters: ResourcePath = {
  group: "core.kubefed.io",
  version: "v1beta1",
  resource: "kubefedclusters",
  namespace: systemNamespace,
};
/** The settings of the federation. */
export const kubeFedConfigs: ResourcePath = { ...kubeFedClusters, resource: "kubefedconfigs" };
/** The name of the one KubeFedConfig. */
export const kubeFedConfigName = "kubefed";
/** FederatedTypeConfigs. */
export const federatedTypeConfigs: ResourcePath = {
  ...kubeFedClusters,
  resource: "federatedtypeconfigs",
};
/** Secrets of the system namespace. */
export const systemSecrets: ResourcePath = {
  group: "",
  version: "v1",
  resource: "secrets",
  namespace: systemNamespace,
};
/** Namespaces. */
export const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };
