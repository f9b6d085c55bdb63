import { type KubernetesList, StatusError } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import type { HostFeatures } from "./host-features.ts";
import type { LocalObjects } from "./local-objects.ts";

/**
 * A client of a host that serves less than a whole Kubernetes API: namespaces and Secrets are read
 * from files, events go nowhere, and all else is asked of the host.
 */
export function adaptHost(
  client: RestClient,
  features: HostFeatures,
  local: { readonly namespaces: LocalObjects; readonly secrets: LocalObjects },
): RestClient {
  const localOf = ({ group, resource }: ResourcePath): LocalObjects | undefined => {
    if (group !== "") return undefined;
    if (resource === "namespaces" && !features.namespaces) return local.namespaces;
    if (resource === "secrets" && !features.secrets) return local.secrets;
    return undefined;
  };
  const isDropped = ({ group, resource }: ResourcePath): boolean =>
    !features.events && resource === "events" && (group === "" || group === "events.k8s.io");
  const refuse = (path: ResourcePath): void => {
    if (!localOf(path)) return;
    throw new StatusError(
      "MethodNotAllowed",
      `Cannot write ${path.resource} as the host does not serve them: it is ${client.server}`,
    );
  };
  return {
    server: client.server,
    async get(path, name, signal) {
      return localOf(path)?.get(path, name) ?? client.get(path, name, signal);
    },
    async list(path, query = {}, signal) {
      const found = localOf(path)?.list(path, query);
      return found ? (found as unknown as KubernetesList) : client.list(path, query, signal);
    },
    watch: (path, query, signal) =>
      localOf(path)?.watch(path, query, signal) ?? client.watch(path, query, signal),
    async create(path, object, query, signal) {
      refuse(path);
      return isDropped(path) ? object : client.create(path, object, query, signal);
    },
    async update(path, object, query, signal) {
      refuse(path);
      return isDropped(path) ? object : client.update(path, object, query, signal);
    },
    async patch(path, name, patch, query, signal) {
      refuse(path);
      return isDropped(path)
        ? { metadata: { name } }
        : client.patch(path, name, patch, query, signal);
    },
    async delete(path, name, query, signal) {
      refuse(path);
      return client.delete(path, name, query, signal);
    },
    async deleteCollection(path, query, signal) {
      refuse(path);
      return client.deleteCollection(path, query, signal);
    },
    raw: (request, signal) => client.raw(request, signal),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
