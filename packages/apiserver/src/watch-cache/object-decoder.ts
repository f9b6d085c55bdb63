import type { KubernetesObject } from "@cellplane/apimachinery";
import { parseObjectPath } from "../storage/object-key.ts";
import { parseStoredObject, StoredObjectDecoder } from "../storage/stored-object.ts";
import type { CachedObject, FieldIndex } from "./cached-object.ts";

/** Bytes as they are in the store, decrypted. */
export interface ObjectBytes {
  /** The key below the resource's prefix. */
  readonly path: string;
  readonly value: Buffer;
  readonly revision: number;
}

/**
 * Makes cache records of stored bytes. A write announces its object beforehand, so that what this
 * server has written itself is not parsed again when the store hands it back.
 */
export class ObjectDecoder {
  readonly #decoder = new StoredObjectDecoder();
  readonly #fields: FieldIndex | undefined;
  readonly #announced = new Map<
    string,
    { readonly value: Buffer; readonly object: KubernetesObject }
  >();

  constructor(fields: FieldIndex | undefined) {
    this.#fields = fields;
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
    const object =
      announced && announced.value.equals(bytes.value)
        ? announced.object
        : parseStoredObject(stored, bytes.revision);
    const { namespace, name } = parseObjectPath(bytes.path);
    return {
      kind: stored.kind,
      apiVersion: stored.apiVersion,
      tail: stored.tail,
      namespace,
      name,
      revision: bytes.revision,
      labels: object.metadata.labels,
      fields: this.#fields?.(object),
    };
  }
}
