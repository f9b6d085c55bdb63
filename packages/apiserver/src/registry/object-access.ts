import type { GroupResource, KubernetesObject } from "@cellplane/apimachinery";

/** What an internal watcher is told, in order, after the initial objects. */
export interface ObjectListener {
  /** A new or changed object; `old` is absent for one not seen before. */
  onPut(object: KubernetesObject, old: KubernetesObject | undefined): void;
  onDelete(object: KubernetesObject): void;
}

/** Which objects, for internal access. `namespace` absent: all, or cluster-scoped. */
export interface ObjectScope extends GroupResource {
  readonly namespace?: string;
}

/**
 * The server's own access to its objects: no authentication, authorization or admission, but all
 * of the registry's rules. Objects are in the storage version.
 */
export interface ObjectAccess {
  /**
   * The newest state. `lastSeen`: where the store is away, what was there when it was last seen.
   * @throws {UnavailableError} The store is away.
   */
  get(
    scope: ObjectScope,
    name: string,
    fallback?: "lastSeen",
  ): Promise<KubernetesObject | undefined>;
  list(scope: ObjectScope): Promise<readonly KubernetesObject[]>;
  /** @throws {StatusError} AlreadyExists, Invalid, … */
  create(scope: ObjectScope, object: KubernetesObject): Promise<KubernetesObject>;
  /**
   * Reads, changes and writes, again after a lost race. `change` returns the same object for "no
   * change". `subresource` selects what may change, as over HTTP.
   * @throws {StatusError} NotFound, Invalid, …
   */
  update(
    scope: ObjectScope,
    name: string,
    change: (current: KubernetesObject) => KubernetesObject,
    subresource?: string,
  ): Promise<KubernetesObject>;
  delete(scope: ObjectScope, name: string): Promise<void>;
  /**
   * Tells the objects there are, then every change, synchronously with the watch cache: a write
   * that has been answered has been told. Resolves once the initial objects have been told.
   */
  watch(scope: ObjectScope, listener: ObjectListener): Promise<Disposable>;
}
