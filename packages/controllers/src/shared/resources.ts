import type { ResourcePath } from "@cellplane/client";

const core = (resource: string): ResourcePath => ({ group: "", version: "v1", resource });

/** Paths of the built-in resources that controllers read and write, cluster-wide. */
export const namespaces: ResourcePath = core("namespaces");
/** `v1 serviceaccounts`. */
export const serviceAccounts: ResourcePath = core("serviceaccounts");
/** `v1 configmaps`. */
export const configMaps: ResourcePath = core("configmaps");
/** `rbac.authorization.k8s.io/v1 clusterroles`. */
export const clusterRoles: ResourcePath = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  resource: "clusterroles",
};
/** `apiextensions.k8s.io/v1 customresourcedefinitions`. */
export const customResourceDefinitions: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
/** `v1 secrets`. */
export const secrets: ResourcePath = core("secrets");
/** `v1 events`. */
export const events: ResourcePath = core("events");
