import type { ResourceDefinition } from "./resource.ts";
import type { ResourceRegistry, ServedResource } from "./resource-registry.ts";

/** A registry that starts with these definitions. */
export function createResourceRegistry(
  definitions: readonly ResourceDefinition[] = [],
): ResourceRegistry {
  const registry = new MemoryResourceRegistry();
  for (const definition of definitions) registry.put(definition);
  return registry;
}

class MemoryResourceRegistry implements ResourceRegistry {
  readonly #definitions = new Map<string, ResourceDefinition>();
  /** By `group/version/resource`, served versions only: one look-up on the hot path. */
  readonly #served = new Map<string, ServedResource>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;

  get generation(): number {
    return this.#generation;
  }

  put(definition: ResourceDefinition): void {
    this.#forget(definition.group, definition.resource);
    this.#definitions.set(`${definition.group}/${definition.resource}`, definition);
    for (const version of definition.versions) {
      if (!version.served) continue;
      const key = `${definition.group}/${version.version}/${definition.resource}`;
      this.#served.set(key, { definition, version });
    }
    this.#changed();
  }

  remove(group: string, resource: string): void {
    if (this.#forget(group, resource)) this.#changed();
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#served.get(`${group}/${version}/${resource}`);
  }

  findResource(group: string, resource: string): ResourceDefinition | undefined {
    return this.#definitions.get(`${group}/${resource}`);
  }

  list(): readonly ResourceDefinition[] {
    return [...this.#definitions.values()];
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #forget(group: string, resource: string): boolean {
    const key = `${group}/${resource}`;
    const old = this.#definitions.get(key);
    if (!old) return false;
    this.#definitions.delete(key);
    for (const { version } of old.versions) this.#served.delete(`${group}/${version}/${resource}`);
    return true;
  }

  #changed(): void {
    this.#generation += 1;
    for (const listener of this.#listeners) listener();
  }
}
