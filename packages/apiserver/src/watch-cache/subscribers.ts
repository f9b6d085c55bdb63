import type { CacheEvent } from "./cache-event.ts";

/** Which objects a watch is about; an absent member means all. */
export interface CacheScope {
  readonly namespace?: string;
  readonly name?: string;
}

/** Who watches a cache. */
export interface CacheListener {
  onEvent(event: CacheEvent): void;
  /** Once, last, unless the watch was disposed. */
  onEnd(error?: Error): void;
}

interface Subscriber {
  readonly scope: CacheScope;
  readonly listener: CacheListener;
}

/** The watches of one cache, by namespace, so that an event visits only those it may concern. */
export class Subscribers {
  readonly #everywhere = new Set<Subscriber>();
  readonly #byNamespace = new Map<string, Set<Subscriber>>();

  add(scope: CacheScope, listener: CacheListener): Disposable {
    const subscriber = { scope, listener };
    const group = this.#groupOf(scope);
    group.add(subscriber);
    return {
      [Symbol.dispose]: () => {
        group.delete(subscriber);
        if (group.size === 0 && scope.namespace !== undefined) {
          this.#byNamespace.delete(scope.namespace);
        }
      },
    };
  }

  tell(event: CacheEvent): void {
    const namespace = (event.object ?? event.previous)?.namespace ?? "";
    this.#tellGroup(this.#everywhere, event);
    const group = this.#byNamespace.get(namespace);
    if (group) this.#tellGroup(group, event);
  }

  /** Whether an event lies in a scope. */
  isIn(scope: CacheScope, event: CacheEvent): boolean {
    const object = event.object ?? event.previous;
    if (!object) return false;
    if (scope.namespace !== undefined && scope.namespace !== object.namespace) return false;
    return scope.name === undefined || scope.name === object.name;
  }

  end(error?: Error): void {
    const all = [this.#everywhere, ...this.#byNamespace.values()].flatMap((group) => [...group]);
    this.#everywhere.clear();
    this.#byNamespace.clear();
    for (const { listener } of all) listener.onEnd(error);
  }

  #groupOf(scope: CacheScope): Set<Subscriber> {
    if (scope.namespace === undefined) return this.#everywhere;
    const known = this.#byNamespace.get(scope.namespace);
    if (known) return known;
    const group = new Set<Subscriber>();
    this.#byNamespace.set(scope.namespace, group);
    return group;
  }

  #tellGroup(group: ReadonlySet<Subscriber>, event: CacheEvent): void {
    const name = (event.object ?? event.previous)?.name;
    for (const { scope, listener } of group) {
      if (scope.name === undefined || scope.name === name) listener.onEvent(event);
    }
  }
}
