import type { KubernetesObject } from "@cellplane/apimachinery";
import { headOf, parseStoredObject, type StoredObject } from "../storage/stored-object.ts";

/**
 * One object at one revision: its bytes and what selectors need, never a parsed object. Immutable,
 * so that a list is a snapshot by holding references.
 */
export interface CachedObject extends StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Values of the selectable fields beyond name and namespace, where the resource has any. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  /** The schema has changed since it was stored: the bytes here are those of today's. */
  readonly differsFromStore?: boolean;
}

/** Values of the selectable fields of an object. */
export type FieldIndex = (object: KubernetesObject) => Readonly<Record<string, string>> | undefined;

/** The parsed object in its stored version, with its resourceVersion. */
export function parseCachedObject(cached: CachedObject): KubernetesObject {
  return parseStoredObject(cached, cached.revision);
}

/** The JSON answer of an object in `apiVersion`, by splicing bytes. */
export function encodeCachedObject(cached: CachedObject, apiVersion: string): Buffer {
  const head = headOf({ kind: cached.kind, apiVersion });
  return splice(`${head}"resourceVersion":"${cached.revision}",`, cached.tail);
}

/** The same with something in front, and a revision of its own (a deletion's). */
export function encodeCachedEvent(
  cached: CachedObject,
  event: { readonly type: string; readonly apiVersion: string; readonly revision: number },
): Buffer {
  const head = headOf({ kind: cached.kind, apiVersion: event.apiVersion });
  const front = `{"type":"${event.type}","object":${head}"resourceVersion":"${event.revision}",`;
  return splice(front, cached.tail, "}\n");
}

// Fronts hold ASCII: kinds, versions and numbers.
function splice(front: string, tail: Buffer, back = ""): Buffer {
  const bytes = Buffer.allocUnsafeSlow(front.length + tail.length + back.length);
  bytes.write(front, 0, "latin1");
  tail.copy(bytes, front.length);
  if (back !== "") bytes.write(back, front.length + tail.length, "latin1");
  return bytes;
}
