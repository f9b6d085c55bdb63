import type { KubernetesObject } from "@cellplane/apimachinery";
import type { CustomResourceDefinition, SyncConverter } from "@cellplane/apiserver";
import {
  clusterViewVersion,
  convertFederatedObject,
  topologyViewVersion,
} from "@cellplane/federation";

/**
 * The conversion between the two views, for every CRD that has both: whatever its group, since
 * `enable --federated-group` may choose another.
 */
export function federationConverterOf(crd: CustomResourceDefinition): SyncConverter | undefined {
  const versions = crd.spec.versions.map(({ name }) => name);
  const isFederated =
    crd.spec.names.kind.startsWith("Federated") &&
    versions.includes(clusterViewVersion) &&
    versions.includes(topologyViewVersion);
  if (!isFederated) return undefined;
  return (object, toVersion) => {
    const to = toVersion === topologyViewVersion ? topologyViewVersion : clusterViewVersion;
    // Server-side apply converts parts of objects, which may have no metadata.
    if (object.metadata !== undefined) return convertFederatedObject(object, to);
    const { metadata: _, ...rest } = convertFederatedObject({ ...object, metadata: {} }, to);
    return rest as KubernetesObject;
  };
}
