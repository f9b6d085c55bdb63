import type {
  GroupVersionResource,
  KubernetesList,
  KubernetesObject,
} from "@cellplane/apimachinery";

/** Which objects: a resource, in a namespace or (absent) cluster-wide. */
export interface ResourcePath extends GroupVersionResource {
  readonly namespace?: string;
}

/** Query of a list or a watch. */
export interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Only `metadata` of each object (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
}

/** Query of a watch. */
export interface WatchQuery extends ListQuery {
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
  /** Called once the server has accepted the watch: the first event may be a long time away. */
  readonly onOpen?: () => void;
}

/** Query of a write. */
export interface WriteQuery {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

/** Deletion options of Kubernetes' `DeleteOptions`. */
export interface DeleteQuery {
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** The media types of a patch. */
export type PatchType = "json" | "merge" | "strategic" | "apply";

/** One event of a watch. An `ERROR` ends the stream and throws instead. */
export interface WatchStreamEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubernetesObject;
}

/** A raw exchange, for paths that are no resource. */
export interface RawRequest {
  readonly method: string;
  /** Path with query, e.g. `/version`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** The answer to a raw exchange; no status is an error here. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * A client of one Kubernetes API server. Answers outside 2xx are thrown as `StatusError`; a server
 * that cannot be reached as `ConnectionError`.
 */
export interface RestClient extends AsyncDisposable {
  /** Names the server for messages, e.g. `https://127.0.0.1:6443`. */
  readonly server: string;
  get(path: ResourcePath, name: string, signal?: AbortSignal): Promise<KubernetesObject>;
  list(path: ResourcePath, query?: ListQuery, signal?: AbortSignal): Promise<KubernetesList>;
  /** Events until the server ends the stream (then the iteration ends) or `signal` aborts. */
  watch(
    path: ResourcePath,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncIterable<WatchStreamEvent>;
  create(
    path: ResourcePath,
    object: KubernetesObject,
    query?: WriteQuery,
    signal?: AbortSignal,
  ): Promise<KubernetesObject>;
  update(
    path: ResourcePath,
    object: KubernetesObject,
    query?: WriteQuery & { readonly subresource?: string },
    signal?: AbortSignal,
  ): Promise<KubernetesObject>;
  patch(
    path: ResourcePath,
    name: string,
    patch: { readonly type: PatchType; readonly body: unknown; readonly subresource?: string },
    query?: WriteQuery,
    signal?: AbortSignal,
  ): Promise<KubernetesObject>;
  delete(
    path: ResourcePath,
    name: string,
    query?: DeleteQuery,
    signal?: AbortSignal,
  ): Promise<KubernetesObject>;
  /** Deletes all objects that the selectors match. */
  deleteCollection(
    path: ResourcePath,
    query?: ListQuery & DeleteQuery,
    signal?: AbortSignal,
  ): Promise<void>;
  raw(request: RawRequest, signal?: AbortSignal): Promise<RawResponse>;
}
