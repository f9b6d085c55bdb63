import {
  formatGroupVersion,
  isStatus,
  type KubernetesObject,
  unknownResource,
} from "@cellplane/apimachinery";
import { UnavailableError } from "@cellplane/kv";
import type { UserInfo } from "../request/user.ts";
import type { CacheEvent } from "../watch-cache/cache-event.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import type { WatchCache } from "../watch-cache/watch-cache.ts";
import { createObject } from "./create-object.ts";
import { deleteObject } from "./delete-object.ts";
import { normalizeObject } from "./normalize-object.ts";
import type { ObjectAccess, ObjectListener, ObjectScope } from "./object-access.ts";
import type { ResourceDefinition, ResourceVersion } from "./resource.ts";
import type { ResourceRegistry } from "./resource-registry.ts";
import { type ResourceStore, type ResourceStores, storedDefinition } from "./resource-stores.ts";
import { updateObject } from "./update-object.ts";
import { noAdmission, type WriteRequest } from "./write-request.ts";

/** What access needs. */
export interface ObjectAccessDependencies {
  readonly registry: ResourceRegistry;
  readonly stores: ResourceStores;
  readonly nowMs: () => number;
  /** Ends waits when the server closes. */
  readonly signal: AbortSignal;
}

/** Wait before another try of what failed. */
const retryMs = 500;

const serverUser: UserInfo = { username: "system:apiserver", groups: ["system:masters"] };

/** The server's own access to its objects, through registry and cache. */
export function createObjectAccess(deps: ObjectAccessDependencies): ObjectAccess {
  return new StoreObjectAccess(deps);
}

class StoreObjectAccess implements ObjectAccess {
  readonly #deps: ObjectAccessDependencies;

  constructor(deps: ObjectAccessDependencies) {
    this.#deps = deps;
  }

  async get(
    scope: ObjectScope,
    name: string,
    fallback?: "lastSeen",
  ): Promise<KubernetesObject | undefined> {
    const { cache } = this.#store(scope);
    try {
      await cache.reachHead(this.#deps.signal);
    } catch (error) {
      if (fallback === undefined || !(error instanceof UnavailableError)) throw error;
      await cache.reach(0, this.#deps.signal);
    }
    const cached = cache.get(scope.namespace ?? "", name);
    return cached && cache.parse(cached);
  }

  async list(scope: ObjectScope): Promise<readonly KubernetesObject[]> {
    const { cache } = this.#store(scope);
    await cache.reachHead(this.#deps.signal);
    return Array.from(cache.walk(scope.namespace), (cached) => cache.parse(cached));
  }

  async create(scope: ObjectScope, object: KubernetesObject): Promise<KubernetesObject> {
    const request = this.#request(scope, { name: "", subresource: "" });
    const { definition, version } = request;
    const normal = normalizeObject(withType(object, definition, version), definition, version);
    return (await createObject(request, normal)).object;
  }

  async update(
    scope: ObjectScope,
    name: string,
    change: (current: KubernetesObject) => KubernetesObject,
    subresource = "",
  ): Promise<KubernetesObject> {
    const request = this.#request(scope, { name, subresource });
    const { definition } = request;
    const result = await updateObject({
      ...request,
      uidIsPrecondition: true,
      change: (current) => {
        const next = change(current);
        return next === current ? current : normalizeObject(next, definition, request.version);
      },
    });
    return result.object;
  }

  async delete(scope: ObjectScope, name: string): Promise<void> {
    await deleteObject(this.#request(scope, { name, subresource: "" }), {});
  }

  async watch(scope: ObjectScope, listener: ObjectListener): Promise<Disposable> {
    const watch = new ObjectWatch(() => this.#store(scope).cache, scope, listener);
    await watch.start(this.#deps.signal);
    return watch;
  }

  #store(scope: ObjectScope): ResourceStore {
    const definition = this.#deps.registry.findResource(scope.group, scope.resource);
    if (!definition) throw unknownResource();
    return this.#deps.stores.of(storedDefinition(this.#deps.registry, definition));
  }

  #request(
    scope: ObjectScope,
    target: { readonly name: string; readonly subresource: string },
  ): WriteRequest {
    const store = this.#store(scope);
    return {
      definition: store.definition,
      store,
      version: storageVersionOf(store.definition),
      namespace: scope.namespace ?? "",
      ...target,
      user: serverUser,
      nowMs: this.#deps.nowMs(),
      dryRun: false,
      warn: () => undefined,
      admission: noAdmission,
      signal: this.#deps.signal,
    };
  }
}

/** Bytes in the store name their kind: without it nobody could read them again. */
function withType(
  object: KubernetesObject,
  { group, kind }: ResourceDefinition,
  { version }: ResourceVersion,
): KubernetesObject {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: formatGroupVersion({ group, version }), kind };
}

function storageVersionOf(definition: ResourceDefinition): ResourceVersion {
  const version = definition.versions.find((each) => each.version === definition.storageVersion);
  if (!version) throw new Error("Cannot write a resource without its storage version");
  return version;
}

/** One internal watch; goes on over a cache that was read anew by telling the difference. */
class ObjectWatch implements Disposable {
  readonly #cacheNow: () => WatchCache;
  readonly #scope: ObjectScope;
  readonly #listener: ObjectListener;
  readonly #known = new Map<string, CachedObject>();
  #subscription: Disposable | undefined;
  #disposed = false;

  constructor(cacheNow: () => WatchCache, scope: ObjectScope, listener: ObjectListener) {
    this.#cacheNow = cacheNow;
    this.#scope = scope;
    this.#listener = listener;
  }

  async start(signal: AbortSignal): Promise<void> {
    const cache = this.#cacheNow();
    await cache.reachHead(signal);
    if (this.#disposed) return;
    this.#tellDifference(cache);
    const { namespace } = this.#scope;
    this.#subscription = cache.watch(namespace === undefined ? {} : { namespace }, {
      onEvent: (event) => this.#tell(cache, event),
      onEnd: () => this.#restart(signal),
    });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#subscription?.[Symbol.dispose]();
  }

  #restart(signal: AbortSignal): void {
    if (this.#disposed || signal.aborted) return;
    // Not from a microtask: a cache that ends its watches again and again must not starve timers.
    setImmediate(() => {
      if (!this.#disposed) this.start(signal).catch((error) => this.#retry(error, signal));
    });
  }

  /** A store that cannot be read now is read later; a resource that has gone for good ends the watch. */
  #retry(error: unknown, signal: AbortSignal): void {
    if (isStatus(error, "NotFound") || signal.aborted) this[Symbol.dispose]();
    else setTimeout(() => this.#restart(signal), retryMs).unref();
  }

  #tell(cache: WatchCache, event: CacheEvent): void {
    const { object, previous } = event;
    if (object) {
      this.#known.set(pathOf(object), object);
      this.#listener.onPut(cache.parse(object), previous && cache.parse(previous));
    } else if (previous) {
      this.#known.delete(pathOf(previous));
      this.#listener.onDelete(cache.parse(previous));
    }
  }

  #tellDifference(cache: WatchCache): void {
    const gone = new Map(this.#known);
    for (const object of cache.walk(this.#scope.namespace)) {
      const old = gone.get(pathOf(object));
      gone.delete(pathOf(object));
      if (old?.revision === object.revision) continue;
      this.#known.set(pathOf(object), object);
      this.#listener.onPut(cache.parse(object), old && cache.parse(old));
    }
    for (const [path, object] of gone) {
      this.#known.delete(path);
      this.#listener.onDelete(cache.parse(object));
    }
  }
}

function pathOf(object: CachedObject): string {
  return `${object.namespace}/${object.name}`;
}
