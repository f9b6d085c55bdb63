import type { KubernetesObject } from "@cellplane/apimachinery";
import { type CachedObject, parseCachedObject } from "./cached-object.ts";

/** The parsed forms used last, at most `capacity` of them. */
export class ParsedObjects {
  readonly #capacity: number;
  readonly #objects = new Map<CachedObject, KubernetesObject>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(cached: CachedObject): KubernetesObject {
    const known = this.#objects.get(cached);
    if (known) {
      this.#objects.delete(cached);
      this.#objects.set(cached, known);
      return known;
    }
    const object = parseCachedObject(cached);
    this.#objects.set(cached, object);
    if (this.#objects.size > this.#capacity) this.#dropOldest();
    return object;
  }

  /** Forgets an object that has been replaced. */
  drop(cached: CachedObject): void {
    this.#objects.delete(cached);
  }

  #dropOldest(): void {
    for (const oldest of this.#objects.keys()) {
      this.#objects.delete(oldest);
      return;
    }
  }
}
