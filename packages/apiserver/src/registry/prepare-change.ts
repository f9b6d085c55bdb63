import { isJsonEqual, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { prepareChangedMetadata, withMetadata } from "./prepare-metadata.ts";
import { strategyContext, type WriteRequest } from "./write-request.ts";

/**
 * The object that an update may make of `current`: what the subresource may not touch is the
 * current one's, metadata follows its rules, and the generation is raised where the spec changed.
 */
export function prepareChange(
  request: WriteRequest,
  wanted: KubernetesObject,
  current: KubernetesObject,
): KubernetesObject {
  const { strategy, namespaced } = request.definition;
  const confined = confine(request, wanted, current);
  const { namespace: _ignored, ...placeless } = confined.metadata;
  const meta = namespaced ? confined.metadata : placeless;
  const metadata = prepareChangedMetadata(meta, current.metadata);
  const object = withMetadata(confined, metadata);
  const context = strategyContext(request);
  const prepared = strategy.prepareForUpdate?.(object, current, context) ?? object;
  if (!strategy.tracksGeneration || request.subresource === "status") return prepared;
  if (isJsonEqual(specOf(request, prepared), specOf(request, current))) return prepared;
  const generation = (current.metadata.generation ?? 0) + 1;
  return withMetadata(prepared, { ...prepared.metadata, generation });
}

function confine(
  request: WriteRequest,
  wanted: KubernetesObject,
  current: KubernetesObject,
): KubernetesObject {
  const { definition, version, subresource } = request;
  if (!version.hasStatus) return wanted;
  if (subresource === "status") {
    const metadata =
      definition.origin === "crd"
        ? { ...current.metadata, ...ownStatusMetadata(wanted) }
        : wanted.metadata;
    return withStatus({ ...current, metadata }, wanted["status"]);
  }
  return withStatus(wanted, current["status"]);
}

// Of a custom resource's metadata, a status write may only touch the record of who owns what.
function ownStatusMetadata(wanted: KubernetesObject): KubernetesObject["metadata"] {
  const { managedFields, resourceVersion, uid } = wanted.metadata;
  return {
    ...(managedFields === undefined ? {} : { managedFields }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
}

function withStatus(object: KubernetesObject, status: KubernetesObject[string]): KubernetesObject {
  if (object["status"] === status) return object;
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** What counts for the generation: all but metadata, and status where that is a subresource. */
function specOf(request: WriteRequest, object: KubernetesObject): JsonObject {
  const { metadata: _, apiVersion: _apiVersion, kind: _kind, status, ...spec } = object;
  const json = spec as unknown as JsonObject;
  if (request.version.hasStatus || status === undefined) return json;
  return { ...json, status: status as unknown as JsonObject };
}
