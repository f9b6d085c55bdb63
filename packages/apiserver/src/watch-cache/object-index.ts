import type { CachedObject } from "./cached-object.ts";

/** The objects of one resource in the order of their keys, in one bucket a namespace. */
export class ObjectIndex {
  readonly #buckets = new Map<string, Bucket>();
  /** `<namespace>/` of each bucket, sorted: the order of the keys. */
  readonly #paths: string[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): CachedObject | undefined {
    return this.#buckets.get(namespace)?.objects.get(name);
  }

  /** Puts an object; answers the one that it replaces. */
  put(object: CachedObject): CachedObject | undefined {
    const bucket = this.#buckets.get(object.namespace) ?? this.#addBucket(object.namespace);
    const old = bucket.objects.get(object.name);
    if (!old) {
      insertSorted(bucket.names, object.name);
      this.#size += 1;
    }
    bucket.objects.set(object.name, object);
    return old;
  }

  delete(namespace: string, name: string): CachedObject | undefined {
    const bucket = this.#buckets.get(namespace);
    const old = bucket?.objects.get(name);
    if (!bucket || !old) return undefined;
    bucket.objects.delete(name);
    bucket.names.splice(lowerBound(bucket.names, name), 1);
    this.#size -= 1;
    if (bucket.names.length === 0) this.#dropBucket(namespace);
    return old;
  }

  /** How many objects a namespace holds; `undefined`: all namespaces. */
  count(namespace: string | undefined): number {
    if (namespace === undefined) return this.#size;
    return this.#buckets.get(namespace)?.names.length ?? 0;
  }

  /** Objects in the order of their keys, those of one namespace or all, from `start` (a key's path) on. */
  *walk(namespace: string | undefined, start = ""): Generator<CachedObject> {
    for (const each of namespace === undefined ? this.#paths : [`${namespace}/`]) {
      const bucket = this.#buckets.get(each.slice(0, -1));
      if (!bucket) continue;
      const path = each === "/" ? "" : each;
      const from = firstName(path, start);
      if (from === undefined) continue;
      for (let at = lowerBound(bucket.names, from); at < bucket.names.length; at += 1) {
        const object = bucket.objects.get(bucket.names[at] ?? "");
        if (object) yield object;
      }
    }
  }

  #addBucket(namespace: string): Bucket {
    const bucket: Bucket = { names: [], objects: new Map() };
    this.#buckets.set(namespace, bucket);
    insertSorted(this.#paths, `${namespace}/`);
    return bucket;
  }

  #dropBucket(namespace: string): void {
    this.#buckets.delete(namespace);
    this.#paths.splice(lowerBound(this.#paths, `${namespace}/`), 1);
  }
}

interface Bucket {
  readonly names: string[];
  readonly objects: Map<string, CachedObject>;
}

/** The first name of a namespace that a list from `start` shows; `undefined`: none of them. */
function firstName(path: string, start: string): string | undefined {
  if (start === "" || start <= path) return "";
  if (start.startsWith(path)) return start.slice(path.length);
  return undefined;
}

function insertSorted(names: string[], name: string): void {
  const last = names.at(-1);
  // A load comes in order.
  if (last === undefined || last < name) names.push(name);
  else names.splice(lowerBound(names, name), 0, name);
}

function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
