import { randomUUID } from "node:crypto";
import { alreadyExists, type KubernetesObject, notFound } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectListener, ObjectScope } from "./object-access.ts";

/** Object access in its plainest form, for tests of what stands on it: maps, uids, and listeners. */
export class MemoryObjectAccess implements ObjectAccess {
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #listeners = new Map<string, Set<ObjectListener>>();
  /** How often anything was written. */
  writes = 0;

  async get(scope: ObjectScope, name: string): Promise<KubernetesObject | undefined> {
    return this.#of(scope).get(pathOf(scope, name));
  }

  async list(scope: ObjectScope): Promise<readonly KubernetesObject[]> {
    return this.#in(scope);
  }

  async create(scope: ObjectScope, object: KubernetesObject): Promise<KubernetesObject> {
    const { name = "" } = object.metadata;
    if (this.#of(scope).has(pathOf(scope, name))) throw alreadyExists({ ...scope, name });
    const { namespace } = scope;
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: "2026-11-24T00:00:00Z",
      ...(namespace !== undefined && { namespace }),
      ...object.metadata,
    };
    return this.#put(scope, { ...object, metadata });
  }

  async update(
    scope: ObjectScope,
    name: string,
    change: (current: KubernetesObject) => KubernetesObject,
  ): Promise<KubernetesObject> {
    const current = this.#of(scope).get(pathOf(scope, name));
    if (!current) throw notFound({ ...scope, name });
    const next = change(current);
    return next === current ? current : this.#put(scope, next);
  }

  async delete(scope: ObjectScope, name: string): Promise<void> {
    const objects = this.#of(scope);
    const object = objects.get(pathOf(scope, name));
    if (!object) throw notFound({ ...scope, name });
    objects.delete(pathOf(scope, name));
    this.writes++;
    for (const listener of this.#listenersOf(scope)) listener.onDelete(object);
  }

  async watch(scope: ObjectScope, listener: ObjectListener): Promise<Disposable> {
    for (const object of this.#in(scope)) listener.onPut(object, undefined);
    const listeners = this.#listenersOf(scope);
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  #put(scope: ObjectScope, object: KubernetesObject): KubernetesObject {
    const objects = this.#of(scope);
    const path = pathOf(scope, object.metadata.name ?? "");
    const old = objects.get(path);
    objects.set(path, object);
    this.writes++;
    for (const listener of this.#listenersOf(scope)) listener.onPut(object, old);
    return object;
  }

  #in(scope: ObjectScope): readonly KubernetesObject[] {
    const { namespace } = scope;
    return Array.from(this.#of(scope).values()).filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );
  }

  #of(scope: ObjectScope): Map<string, KubernetesObject> {
    return valueOf(this.#objects, scope, () => new Map());
  }

  #listenersOf(scope: ObjectScope): Set<ObjectListener> {
    return valueOf(this.#listeners, scope, () => new Set());
  }
}

function pathOf({ namespace = "" }: ObjectScope, name: string): string {
  return `${namespace}/${name}`;
}

function valueOf<V>(map: Map<string, V>, scope: ObjectScope, make: () => V): V {
  const key = `${scope.group}/${scope.resource}`;
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
