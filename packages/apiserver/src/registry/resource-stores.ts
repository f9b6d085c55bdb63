import {
  formatGroupVersion,
  type GroupResource,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { MvccStore } from "@cellplane/kv";
import { resourcePrefix } from "../storage/object-key.ts";
import { ObjectStorage } from "../storage/object-storage.ts";
import type { StoreMonitor } from "../storage/store-monitor.ts";
import { plainValues, type ValueTransformer } from "../storage/value-transformer.ts";
import type { FieldIndex } from "../watch-cache/cached-object.ts";
import type { StoreFeed } from "../watch-cache/store-feed.ts";
import type { NormalizeStored } from "../watch-cache/object-decoder.ts";
import { WatchCache } from "../watch-cache/watch-cache.ts";
import { normalizeObject } from "./normalize-object.ts";
import { selectableFieldsOf, selectableValues } from "./selectable-fields.ts";
import type { ResourceDefinition } from "./resource.ts";
import type { ResourceRegistry } from "./resource-registry.ts";

/** Where the objects of one resource are: cache and storage. */
export interface ResourceStore {
  readonly definition: ResourceDefinition;
  /** `/registry/<group>/<resource>/`. */
  readonly prefix: string;
  readonly cache: WatchCache;
  readonly storage: ObjectStorage;
}

/** What the stores stand on. */
export interface ResourceStoresOptions {
  readonly store: MvccStore;
  readonly feed: StoreFeed;
  readonly registry: ResourceRegistry;
  /** Knows whether the store is away; absent: it never is. */
  readonly monitor?: StoreMonitor;
  /** Encryption of the values of a resource. */
  readonly transformerOf?: (resource: GroupResource) => ValueTransformer;
}

/**
 * One store a resource, opened on first use. A changed definition gets a new one, which ends the
 * watches on the old: their answers were shaped by the old definition.
 */
export class ResourceStores implements Disposable {
  readonly #options: ResourceStoresOptions;
  readonly #stores = new Map<string, ResourceStore>();
  readonly #subscription: Disposable;

  constructor(options: ResourceStoresOptions) {
    this.#options = options;
    this.#subscription = options.registry.onChange(() => this.#dropOutdated());
  }

  of(definition: ResourceDefinition): ResourceStore {
    const key = `${definition.group}/${definition.resource}`;
    const known = this.#stores.get(key);
    if (known?.definition === definition) return known;
    // A request that began with the old definition must not bring that one's store back.
    const now = this.#options.registry.findResource(definition.group, definition.resource);
    if (known && known.definition === now) return known;
    known?.cache[Symbol.dispose]();
    const opened = this.#open(definition);
    this.#stores.set(key, opened);
    return opened;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const { cache } of this.#stores.values()) cache[Symbol.dispose]();
    this.#stores.clear();
  }

  #open(definition: ResourceDefinition): ResourceStore {
    const { store, feed, monitor, transformerOf } = this.#options;
    const prefix = resourcePrefix(definition);
    const values = transformerOf?.(definition) ?? plainValues;
    const storage = new ObjectStorage(store, values, monitor);
    const fields = fieldIndexOf(definition);
    const normalize = normalizerOf(definition);
    const parts = { store, storage, values, feed, monitor };
    const cache = new WatchCache({ prefix, fields, normalize, ...parts });
    return { definition, prefix, cache, storage };
  }

  #dropOutdated(): void {
    for (const [key, { definition, cache }] of this.#stores) {
      const now = this.#options.registry.findResource(definition.group, definition.resource);
      if (now === definition) continue;
      this.#stores.delete(key);
      cache[Symbol.dispose]();
    }
  }
}

/** The resource as which a resource is stored: itself, but for an alias. */
export function storedDefinition(
  registry: ResourceRegistry,
  definition: ResourceDefinition,
): ResourceDefinition {
  const { aliasOf } = definition;
  if (!aliasOf) return definition;
  return registry.findResource(aliasOf.group, aliasOf.resource) ?? definition;
}

/** Only schemas of CRDs change; what is stored of built-in kinds is in their form. */
function normalizerOf(definition: ResourceDefinition): NormalizeStored | undefined {
  if (definition.origin !== "crd") return undefined;
  const versions = new Map(
    definition.versions.map((each) => [
      formatGroupVersion({ group: definition.group, version: each.version }),
      each,
    ]),
  );
  return (object) => {
    const version = versions.get(object.apiVersion ?? "");
    return version ? normalizeObject(object, definition, version) : object;
  };
}

function fieldIndexOf(definition: ResourceDefinition): FieldIndex | undefined {
  const fields = selectableFieldsOf(definition);
  if (fields.length === 0) return undefined;
  return (object: KubernetesObject) => selectableValues(definition, object, fields);
}
