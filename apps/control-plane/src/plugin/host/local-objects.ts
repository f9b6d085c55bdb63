import {
  isJsonEqual,
  type JsonObject,
  type KubernetesObject,
  notFound,
} from "@cellplane/apimachinery";
import {
  objectKey,
  type ListQuery,
  type ResourcePath,
  type WatchQuery,
  type WatchStreamEvent,
} from "@cellplane/client";

/**
 * Objects of a kind that a host does not serve, read from files: they can be got, listed and watched as
 * those of a server. Every set replaces the one before, and watchers are told what differs.
 */
export class LocalObjects {
  readonly #kind: string;
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #events: WatchStreamEvent[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(kind: string) {
    this.#kind = kind;
  }

  /** Takes these for all there are. */
  replace(objects: readonly KubernetesObject[]): void {
    const wanted = new Map(objects.map((object) => [objectKey(object), object]));
    for (const [key, object] of this.#objects) {
      if (!wanted.has(key)) this.#put("DELETED", object);
    }
    for (const [key, object] of wanted) {
      const current = this.#objects.get(key);
      if (!current) this.#put("ADDED", object);
      else if (!isSameContent(current, object)) this.#put("MODIFIED", object);
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  get(path: ResourcePath, name: string): KubernetesObject {
    const { namespace = "", group, resource } = path;
    const found = this.#objects.get(namespace === "" ? name : `${namespace}/${name}`);
    if (!found) throw notFound({ group, resource, name });
    return found;
  }

  list(path: ResourcePath, query: ListQuery): JsonObject {
    const items = Array.from(this.#objects.values()).filter((object) =>
      isChosen(object, path, query),
    );
    return {
      apiVersion: "v1",
      kind: `${this.#kind}List`,
      metadata: { resourceVersion: `${this.#events.length}` },
      items: items as unknown as readonly JsonObject[],
    };
  }

  async *watch(
    path: ResourcePath,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncIterable<WatchStreamEvent> {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    query.onOpen?.();
    let next = Number(query.resourceVersion ?? 0);
    while (!signal.aborted) {
      const changed = this.#changed.promise;
      for (; next < this.#events.length; next++) {
        const event = this.#events[next];
        if (event && isChosen(event.object, path, query)) yield event;
      }
      await Promise.race([changed, aborted.promise]);
    }
  }

  #put(type: "ADDED" | "MODIFIED" | "DELETED", object: KubernetesObject): void {
    const key = objectKey(object);
    const metadata = { ...object.metadata, resourceVersion: `${this.#events.length + 1}` };
    const stored = { ...object, apiVersion: "v1", kind: this.#kind, metadata };
    if (type === "DELETED") this.#objects.delete(key);
    else this.#objects.set(key, stored);
    this.#events.push({ type, object: stored });
  }
}

function isSameContent(stored: KubernetesObject, read: KubernetesObject): boolean {
  const { resourceVersion: _, ...metadata } = stored.metadata;
  const { apiVersion, kind } = stored;
  return isJsonEqual(
    { ...stored, metadata } as unknown as JsonObject,
    { ...read, apiVersion, kind } as unknown as JsonObject,
  );
}

/** Field selectors over the fields that callers select by: `metadata.name` and `type`. */
function isChosen(object: KubernetesObject, path: ResourcePath, query: ListQuery): boolean {
  const { namespace } = path;
  if (namespace !== undefined && namespace !== object.metadata.namespace) return false;
  const terms = (query.fieldSelector ?? "").split(",").filter((term) => term !== "");
  return terms.every((term) => {
    const [field, value] = term.split("=");
    return (field === "metadata.name" ? object.metadata.name : object[field ?? ""]) === value;
  });
}
