import { type KubernetesObject, parseJson, stringifyJson } from "@cellplane/apimachinery";

/**
 * The bytes of an object in the store, in the form in which they are answered:
 * `{"kind":…,"apiVersion":…,"metadata":{` and then `tail`. `resourceVersion` is not in the value,
 * since the store knows it; a reader splices it in front of the tail, and no answer in JSON needs
 * a parser.
 */
export interface StoredObject {
  readonly kind: string;
  readonly apiVersion: string;
  /** What follows `"metadata":{`, with the closing brace of the object. */
  readonly tail: Buffer;
}

const metadataOpen = '"metadata":{';
// Kind and apiVersion are short, so the head is looked for only here.
const maxHeadBytes = 512;
const headPattern = /^\{"kind":"([^"\\]*)","apiVersion":"([^"\\]*)","metadata":\{(?!\})/;

/** Writes an object as it is stored: kind, apiVersion and metadata first, without resourceVersion. */
export function encodeStoredObject(object: KubernetesObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  return Buffer.from(stringifyJson({ kind, apiVersion, metadata: meta, ...rest }));
}

/** Finds head and tail of stored values; keeps one copy of each kind and apiVersion. */
export class StoredObjectDecoder {
  readonly #interned = new Map<string, string>();

  /** What another writer has left in another order is written anew. */
  decode(value: Buffer): StoredObject {
    const canonical = this.#split(value);
    if (canonical) return canonical;
    const again = this.#split(encodeStoredObject(parseValue(value)));
    if (again) return again;
    throw new Error("Cannot decode a stored object without kind, apiVersion or metadata");
  }

  #split(value: Buffer): StoredObject | undefined {
    const match = headPattern.exec(value.toString("latin1", 0, maxHeadBytes));
    if (!match) return undefined;
    const [head, kind = "", apiVersion = ""] = match;
    // A value of another writer may hold a resourceVersion of its own.
    if (value.includes('"resourceVersion":', head.length)) {
      const object = parseValue(value);
      if (object.metadata.resourceVersion !== undefined) {
        return this.#split(encodeStoredObject(object));
      }
    }
    const tail = value.subarray(head.length);
    return { kind: this.#intern(kind), apiVersion: this.#intern(apiVersion), tail };
  }

  // Slices of a head must not keep one string an object alive.
  #intern(text: string): string {
    const known = this.#interned.get(text);
    if (known !== undefined) return known;
    this.#interned.set(text, text);
    return text;
  }
}

/** The object, with its resourceVersion. */
export function parseStoredObject(stored: StoredObject, revision: number): KubernetesObject {
  const text = `${headOf(stored)}"resourceVersion":"${revision}",${stored.tail.toString()}`;
  return parseJson(text) as unknown as KubernetesObject;
}

/** `{"kind":…,"apiVersion":…,"metadata":{`. */
export function headOf(of: { readonly kind: string; readonly apiVersion: string }): string {
  return `{"kind":"${of.kind}","apiVersion":"${of.apiVersion}",${metadataOpen}`;
}

function parseValue(value: Buffer): KubernetesObject {
  return parseJson(value.toString()) as unknown as KubernetesObject;
}
