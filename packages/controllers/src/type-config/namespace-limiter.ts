import { createInformer, type Informer, type RestClient } from "@cellplane/client";
import {
  clusterViewVersion,
  type FederatedObject,
  type FederatedTypeConfigSpec,
} from "@cellplane/federation";
import type { ErrorReporter } from "../shared/controller.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";

/**
 * The FederatedNamespaces of one namespace, for a control plane of the scope Namespaced: they limit
 * where its objects may be, and are not propagated themselves.
 */
export function createNamespaceLimiter(deps: {
  readonly client: RestClient;
  readonly namespace: string;
  readonly federatedType: FederatedTypeConfigSpec["federatedType"];
  readonly onError: ErrorReporter;
}): Informer<FederatedObject> {
  const { client, namespace, onError } = deps;
  const { group = "", pluralName: resource } = deps.federatedType;
  return createInformer<FederatedObject>({
    client,
    path: { group, version: clusterViewVersion, resource, namespace },
    trim: dropManagedFields,
    onError: (error) => onError(error, { resource }),
  });
}
