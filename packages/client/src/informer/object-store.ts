import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Holding } from "./holding.ts";
import type { InformerHandler } from "./informer.ts";
import { objectKey } from "./informer.ts";

/** Values of one index of an object. */
export type IndexFunction<T extends KubernetesObject> = (object: T) => readonly string[];

/** The objects of an informer with their indexes; tells its handlers what changes. */
export class ObjectStore<T extends KubernetesObject, H = T> {
  readonly #objects = new Map<string, H>();
  /** Keys, by index and value. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #holding: Holding<T, H>;
  readonly #indexFunctions: Readonly<Record<string, IndexFunction<T>>>;
  // Replaced, never changed: a handler may come or go while the others are being told.
  #handlers: readonly InformerHandler<T>[] = [];

  constructor(indexFunctions: Readonly<Record<string, IndexFunction<T>>>, holding: Holding<T, H>) {
    this.#holding = holding;
    this.#indexFunctions = indexFunctions;
    for (const name of Object.keys(indexFunctions)) this.#indexes.set(name, new Map());
  }

  get(key: string): T | undefined {
    const held = this.#objects.get(key);
    return held === undefined ? undefined : this.#holding.show(held);
  }

  list(): readonly T[] {
    return Array.from(this.#objects.values(), (held) => this.#holding.show(held));
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (!values) throw new RangeError(`Cannot look up an index as there is none named "${index}"`);
    const keys = Array.from(values.get(value) ?? []);
    return keys.map((key) => this.get(key)).filter((object) => object !== undefined);
  }

  /** A handler added late is told the objects there are; it is let go when `signal` aborts. */
  addHandler(handler: InformerHandler<T>, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#handlers = [...this.#handlers, handler];
    const remove = (): void => {
      this.#handlers = this.#handlers.filter((each) => each !== handler);
    };
    signal?.addEventListener("abort", remove, { once: true });
    if (!handler.onAdd && !handler.onPut) return;
    for (const held of this.#objects.values()) {
      const object = this.#holding.show(held);
      handler.onAdd?.(object);
      handler.onPut?.(object);
    }
  }

  /** Tells the handlers that the informer's own state has changed. */
  notifyState(): void {
    for (const handler of this.#handlers) handler.onStateChange?.();
  }

  /** An object that is older than the one known is ignored. */
  put(object: T): void {
    const key = objectKey(object);
    const held = this.#objects.get(key);
    if (held !== undefined && this.#compare(object, held) <= 0) return;
    // Only who looks at the state before has it unpacked.
    const isAsked =
      this.#indexes.size > 0 || this.#handlers.some((handler) => "onUpdate" in handler);
    const old = held !== undefined && isAsked ? this.#holding.show(held) : undefined;
    if (old) this.#unindex(key, old);
    this.#objects.set(key, this.#holding.hold(object));
    if (held !== undefined) this.#holding.release(held);
    this.#index(key, object);
    for (const handler of this.#handlers) {
      if (held === undefined) handler.onAdd?.(object);
      else if (old) handler.onUpdate?.(object, old);
      handler.onPut?.(object);
    }
  }

  /** A deletion that is older than the object known is ignored: it was made again since. */
  remove(object: T): void {
    const key = objectKey(object);
    const held = this.#objects.get(key);
    if (held === undefined || this.#compare(object, held) < 0) return;
    this.#objects.delete(key);
    if (this.#indexes.size > 0) this.#unindex(key, this.#holding.show(held));
    this.#holding.release(held);
    for (const handler of this.#handlers) handler.onDelete?.(object);
  }

  /** Lets go of everything, and tells nobody. */
  clear(): void {
    for (const held of this.#objects.values()) this.#holding.release(held);
    this.#objects.clear();
    for (const values of this.#indexes.values()) values.clear();
  }

  /**
   * Makes the store equal to a list read at `revision`: what the list lacks is deleted, with the
   * last state known, unless it was recorded after the list was read.
   */
  replace(objects: readonly T[], revision: string | undefined): void {
    const keys = new Set(objects.map(objectKey));
    for (const [key, held] of this.#objects) {
      if (keys.has(key)) continue;
      if (isNewer(this.#holding.versionOf(held), revision)) continue;
      this.remove(this.#holding.show(held));
    }
    for (const object of objects) this.put(object);
  }

  #compare({ metadata }: T, held: H): number {
    return compareVersions(metadata.resourceVersion, this.#holding.versionOf(held));
  }

  #index(key: string, object: T): void {
    for (const [name, values] of this.#indexes) {
      for (const value of this.#indexFunctions[name]?.(object) ?? []) {
        const keys = values.get(value) ?? new Set<string>();
        keys.add(key);
        values.set(value, keys);
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
