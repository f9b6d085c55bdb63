import type { ResourceDefinition, ResourceVersion } from "./resource.ts";

/** A resource in one version. */
export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
}

/** The resources that are served now. Built-in kinds are there from the start, CRDs come and go. */
export interface ResourceRegistry {
  /** Adds a resource, or replaces the one with the same group and plural. */
  put(definition: ResourceDefinition): void;
  remove(group: string, resource: string): void;
  /** The served version of a resource. */
  find(group: string, version: string, resource: string): ServedResource | undefined;
  /** The resource whatever its version, served or not. */
  findResource(group: string, resource: string): ResourceDefinition | undefined;
  list(): readonly ResourceDefinition[];
  /** Called after each change; counts changes, for caches of derived documents. */
  readonly generation: number;
  onChange(listener: () => void): Disposable;
}
