import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";

const name = "extension-apiserver-authentication";
const scope = { group: "", resource: "configmaps", namespace: "kube-system" };

/**
 * Publishes the authority of client certificates (PEM) in the ConfigMap from which servers that
 * delegate authentication to this one read it: aggregated API servers, metrics endpoints.
 */
export async function ensureAuthenticationConfig(objects: ObjectAccess, ca: string): Promise<void> {
  const known = await objects.get(scope, name);
  if (known) {
    await objects.update(scope, name, (current) => withAuthority(current, ca));
    return;
  }
  try {
    await objects.create(
      scope,
      withAuthority(
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, namespace: scope.namespace },
        },
        ca,
      ),
    );
  } catch (error) {
    // Another control plane starts at the same time.
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

function withAuthority(config: KubernetesObject, ca: string): KubernetesObject {
  const data = (config["data"] ?? {}) as Readonly<Record<string, string>>;
  if (data["client-ca-file"] === ca) return config;
  return { ...config, data: { ...data, "client-ca-file": ca } };
}
