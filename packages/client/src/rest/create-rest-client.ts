import {
  type JsonObject,
  type KubernetesList,
  type KubernetesObject,
  stringifyJson,
} from "@cellplane/apimachinery";
import { Deadline } from "./deadline.ts";
import { readBody, readObject } from "./read-answer.ts";
import { formatQuery, listParameters, resourceUrl, writeParameters } from "./resource-url.ts";
import type { DeleteQuery, PatchType, RestClient } from "./rest-client.ts";
import type { Transport } from "./transport.ts";
import { readWatchEvents } from "./watch-stream.ts";

const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** Settings of a client. */
export interface RestClientOptions {
  /** `User-Agent`, and with it the field manager where none is given. */
  readonly userAgent: string;
  /** How long a request other than a watch may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

const listMetadataAccept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const watchMetadataAccept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** A client over any transport. Closing it closes the transport. */
export function createRestClient(transport: Transport, options: RestClientOptions): RestClient {
  const base = { accept: "application/json", "user-agent": options.userAgent };
  const timeoutMs = options.timeoutMs ?? 30_000;
  const send = async (
    method: string,
    path: string,
    signal: AbortSignal | undefined,
    body?: unknown,
    mediaType = "application/json",
    more: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> => {
    const content =
      body === undefined
        ? { headers: { ...base, ...more } }
        : { headers: { ...base, ...more, "content-type": mediaType }, body: stringifyJson(body) };
    using deadline = new Deadline(signal, timeoutMs);
    return await readObject(await transport.request({ method, path, ...content }, deadline.signal));
  };
  const sendObject = async (...args: Parameters<typeof send>): Promise<KubernetesObject> =>
    (await send(...args)) as unknown as KubernetesObject;

  return {
    server: transport.server,
    get: (path, name, signal) => sendObject("GET", resourceUrl(path, name), signal),
    list: async (path, query = {}, signal) =>
      (await send(
        "GET",
        resourceUrl(path) + formatQuery(listParameters(query)),
        signal,
        undefined,
        undefined,
        query.metadataOnly === true ? { accept: listMetadataAccept } : {},
      )) as unknown as KubernetesList,
    async *watch(path, query, signal) {
      const parameters = formatQuery({
        ...listParameters(query),
        watch: true,
        allowWatchBookmarks: query.allowWatchBookmarks,
        timeoutSeconds: query.timeoutSeconds,
      });
      const url = resourceUrl(path) + parameters;
      const headers = query.metadataOnly === true ? { ...base, accept: watchMetadataAccept } : base;
      const response = await transport.request({ method: "GET", path: url, headers }, signal);
      yield* readWatchEvents(response, query.onOpen);
    },
    create: (path, object, query = {}, signal) =>
      sendObject("POST", resourceUrl(path) + formatQuery(writeParameters(query)), signal, object),
    update: (path, object, query = {}, signal) => {
      const url = resourceUrl(path, object.metadata.name ?? "", query.subresource);
      return sendObject("PUT", url + formatQuery(writeParameters(query)), signal, object);
    },
    patch: (path, name, patch, query = {}, signal) => {
      const url = resourceUrl(path, name, patch.subresource) + formatQuery(writeParameters(query));
      return sendObject("PATCH", url, signal, patch.body, patchMediaTypes[patch.type]);
    },
    delete: (path, name, query = {}, signal) =>
      sendObject("DELETE", resourceUrl(path, name), signal, deleteOptions(query)),
    async deleteCollection(path, query = {}, signal) {
      const url = resourceUrl(path) + formatQuery(listParameters(query));
      await send("DELETE", url, signal, deleteOptions(query));
    },
    async raw(request, signal) {
      const headers = { ...base, ...request.headers };
      const { body } = request;
      using deadline = new Deadline(signal, timeoutMs);
      const response = await transport.request(
        {
          method: request.method,
          path: request.path,
          headers,
          ...(body === undefined ? {} : { body }),
        },
        deadline.signal,
      );
      return {
        status: response.status,
        headers: response.headers,
        body: await readBody(response),
      };
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function deleteOptions(query: DeleteQuery): JsonObject {
  const { propagationPolicy, gracePeriodSeconds, preconditions } = query;
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy,
    gracePeriodSeconds,
    preconditions,
    ...(query.dryRun === true ? { dryRun: ["All"] } : {}),
  };
}
