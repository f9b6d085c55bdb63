import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { federatedConfigMap, federatedDeployment, namespace } from "../propagation/objects.ts";

/** A federated object for all clusters there are. */
export function everywhere(
  kind: string,
  name: string,
  template: JsonObject | undefined,
): KubernetesObject {
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    kind: `Federated${kind}`,
    metadata: { name, namespace },
    spec: {
      ...(template === undefined ? {} : { template }),
      placement: { clusterSelector: {} },
    },
  };
}

/** A ConfigMap of 2 KB for all clusters. */
export function configMapEverywhere(name: string): KubernetesObject {
  return everywhere("ConfigMap", name, templateOf(federatedConfigMap(name)));
}

/** A Deployment for all clusters. */
export function deploymentEverywhere(name: string): KubernetesObject {
  return everywhere("Deployment", name, templateOf(federatedDeployment(name)));
}

function templateOf(object: KubernetesObject): JsonObject {
  return (object["spec"] as { readonly template: JsonObject }).template;
}
