import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";

/** The members. */
export const clusterNames: readonly string[] = ["hz-a", "hz-b"];

/** Where everything lies. */
export const namespace = "bench";

/** Federated objects, as KubeFed shows them. */
export const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta1",
  resource: "federatedconfigmaps",
  namespace,
};
/** Federated Deployments. */
export const federatedDeployments: ResourcePath = {
  ...federatedConfigMaps,
  resource: "federateddeployments",
};
/** What arrives in the members. */
export const configMaps: ResourcePath = {
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace,
};
/** The Deployments of a member. */
export const deployments: ResourcePath = {
  group: "apps",
  version: "v1",
  resource: "deployments",
  namespace,
};

/** The namespace, placed in all members. */
export function federatedNamespace(): KubernetesObject {
  return federated("Namespace", namespace, undefined);
}

/** A ConfigMap of 2 KB for all members. */
export function federatedConfigMap(name: string): KubernetesObject {
  const line = "payments.example/settlement?window=15m&retries=3&currency=CNY&mode=strict";
  const data = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`setting-${i}`, line + i]));
  return federated("ConfigMap", name, { data });
}

/** A Deployment for all members. */
export function federatedDeployment(name: string): KubernetesObject {
  const labels = { app: name };
  return federated("Deployment", name, {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "registry.bank.example/main:1" }] },
      },
    },
  });
}

function federated(kind: string, name: string, template: JsonObject | undefined): KubernetesObject {
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    kind: `Federated${kind}`,
    metadata: { name, namespace },
    spec: {
      ...(template === undefined ? {} : { template }),
      placement: { clusters: clusterNames.map((cluster) => ({ name: cluster })) },
    },
  };
}
