import type { KubernetesObject } from "@cellplane/apimachinery";
import { parseObjectPath } from "../storage/object-key.ts";
import {
  encodeStoredObject,
  parseStoredObject,
  type StoredObject,
  StoredObjectDecoder,
} from "../storage/stored-object.ts";
import type { CachedObject, FieldIndex } from "./cached-object.ts";

/** Bytes as they are in the store, decrypted. */
export interface ObjectBytes {
  /** The key below the resource's prefix. */
  readonly path: string;
  readonly value: Buffer;
  readonly revision: number;
}

/** Brings an object as it is stored into the form of today's schema; the same one where it is. */
export type NormalizeStored = (object: KubernetesObject) => KubernetesObject;

/** What records are made by, beyond the bytes. */
export interface ObjectDecoderOptions {
  readonly fields: FieldIndex | undefined;
  /** Of resources whose schema may have changed since an object was stored. */
  readonly normalize?: NormalizeStored | undefined;
}

/**
 * Makes cache records of stored bytes. A write announces its object beforehand, so that what this
 * server has written itself is not parsed again when the store hands it back.
 */
export class ObjectDecoder {
  readonly #decoder = new StoredObjectDecoder();
  readonly #options: ObjectDecoderOptions;
  readonly #announced = new Map<
    string,
    { readonly value: Buffer; readonly object: KubernetesObject }
  >();

  constructor(options: ObjectDecoderOptions) {
    this.#options = options;
  }

  announce(
    path: string,
    write: { readonly value: Buffer; readonly object: KubernetesObject },
  ): Disposable {
    this.#announced.set(path, write);
    return {
      [Symbol.dispose]: () => {
        if (this.#announced.get(path) === write) this.#announced.delete(path);
      },
    };
  }

  decode(bytes: ObjectBytes): CachedObject {
    const stored = this.#decoder.decode(bytes.value);
    const announced = this.#announced.get(bytes.path);
    if (announced?.value.equals(bytes.value)) return this.#record(bytes, stored, announced.object);
    const parsed = parseStoredObject(stored, bytes.revision);
    const object = this.#options.normalize?.(parsed) ?? parsed;
    if (object === parsed) return this.#record(bytes, stored, object);
    const { tail } = this.#decoder.decode(encodeStoredObject(object));
    return { ...this.#record(bytes, { ...stored, tail }, object), differsFromStore: true };
  }

  #record(bytes: ObjectBytes, stored: StoredObject, object: KubernetesObject): CachedObject {
    const { namespace, name } = parseObjectPath(bytes.path);
    return {
      kind: stored.kind,
      apiVersion: stored.apiVersion,
      tail: stored.tail,
      namespace,
      name,
      revision: bytes.revision,
      labels: object.metadata.labels,
      fields: this.#options.fields?.(object),
    };
  }
}
