import { formatGroupResource, type KubernetesObject } from "@cellplane/apimachinery";
import type { ApiResource } from "@cellplane/federation";

/** An object that is to be federated, and the resource that it is one of. */
export interface Original {
  readonly target: ApiResource;
  readonly object: KubernetesObject;
}

/** The name of a target, which is that of its FederatedTypeConfig: `deployments.apps`. */
export function targetName({ group = "", pluralName }: ApiResource): string {
  return formatGroupResource({ group, resource: pluralName });
}
