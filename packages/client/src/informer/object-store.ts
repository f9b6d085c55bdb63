import type { KubernetesObject } from "@cellplane/apimachinery";
import type { InformerHandler } from "./informer.ts";
import { objectKey } from "./informer.ts";

/** Values of one index of an object. */
export type IndexFunction<T extends KubernetesObject> = (object: T) => readonly string[];

/** The objects of an informer with their indexes; tells its handlers what changes. */
export class ObjectStore<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();
  readonly #indexFunctions: Readonly<Record<string, IndexFunction<T>>>;
  // Replaced, never changed: a handler may come or go while the others are being told.
  #handlers: readonly InformerHandler<T>[] = [];

  constructor(indexFunctions: Readonly<Record<string, IndexFunction<T>>>) {
    this.#indexFunctions = indexFunctions;
    for (const name of Object.keys(indexFunctions)) this.#indexes.set(name, new Map());
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return Array.from(this.#objects.values());
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (!values) throw new RangeError(`Cannot look up an index as there is none named "${index}"`);
    return Array.from(values.get(value)?.values() ?? []);
  }

  /** A handler added late is told the objects there are; it is let go when `signal` aborts. */
  addHandler(handler: InformerHandler<T>, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#handlers = [...this.#handlers, handler];
    const remove = (): void => {
      this.#handlers = this.#handlers.filter((each) => each !== handler);
    };
    signal?.addEventListener("abort", remove, { once: true });
    for (const object of this.#objects.values()) handler.onAdd?.(object);
  }

  /** Tells the handlers that the informer's own state has changed. */
  notifyState(): void {
    for (const handler of this.#handlers) handler.onStateChange?.();
  }

  /** An object that is older than the one known is ignored. */
  put(object: T): void {
    const key = objectKey(object);
    const old = this.#objects.get(key);
    if (old && compareRevisions(object, old) <= 0) return;
    if (old) this.#unindex(key, old);
    this.#objects.set(key, object);
    this.#index(key, object);
    for (const handler of this.#handlers) {
      if (old) handler.onUpdate?.(object, old);
      else handler.onAdd?.(object);
    }
  }

  /** A deletion that is older than the object known is ignored: it was made again since. */
  remove(object: T): void {
    const key = objectKey(object);
    const old = this.#objects.get(key);
    if (!old || compareRevisions(object, old) < 0) return;
    this.#objects.delete(key);
    this.#unindex(key, old);
    for (const handler of this.#handlers) handler.onDelete?.(object);
  }

  /**
   * Makes the store equal to a list read at `revision`: what the list lacks is deleted, with the
   * last state known, unless it was recorded after the list was read.
   */
  replace(objects: readonly T[], revision: string | undefined): void {
    const keys = new Set(objects.map(objectKey));
    for (const [key, old] of this.#objects) {
      if (keys.has(key)) continue;
      if (!isNewer(old.metadata.resourceVersion, revision)) this.remove(old);
    }
    for (const object of objects) this.put(object);
  }

  #index(key: string, object: T): void {
    for (const [name, values] of this.#indexes) {
      for (const value of this.#indexFunctions[name]?.(object) ?? []) {
        const entries = values.get(value) ?? new Map<string, T>();
        entries.set(key, object);
        values.set(value, entries);
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [name, values] of this.#indexes) {
      for (const value of this.#indexFunctions[name]?.(object) ?? []) {
        const entries = values.get(value);
        entries?.delete(key);
        if (entries?.size === 0) values.delete(value);
      }
    }
  }
}

function compareRevisions(left: KubernetesObject, right: KubernetesObject): number {
  return compareVersions(left.metadata.resourceVersion, right.metadata.resourceVersion);
}

/**
 * Orders resourceVersions, which Kubernetes 1.35 and newer promise to be integers. Where they are
 * not, what comes later counts as newer.
 */
function compareVersions(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  const [a, b] = [Number(left), Number(right)];
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a - b;
  return 1;
}

function isNewer(version: string | undefined, than: string | undefined): boolean {
  return Number(version) > Number(than);
}
