import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";

/** Why an operation does not apply. Stays inside this folder, where it becomes an outcome. */
export class OperationRefused extends Error {
  override readonly name = "OperationRefused";
}

type Container = JsonValue[] | JsonObjectDraft;

/** A place in the document: a key of an object, or an index of a list. */
export interface Place {
  readonly container: Container;
  readonly key: string;
}

/**
 * The document while operations run on it. Containers are copied when they are first touched, so
 * the caller's document stays as it is and a thousand operations on one list copy it once.
 */
export class PatchDocument {
  #root: { value: JsonValue };
  readonly #owned = new WeakSet<object>();

  constructor(document: JsonValue) {
    this.#root = { value: document };
  }

  get value(): JsonValue {
    return this.#root.value;
  }

  replaceAll(value: JsonValue): void {
    this.#root = { value };
  }

  /** The place that a pointer names; `undefined` where its parent is missing or no container. */
  find(pointer: string): Place | undefined {
    const [, ...tokens] = pointer.split("/");
    const key = tokens.pop();
    if (key === undefined) return undefined;
    let container = this.#own(this.#root.value);
    if (container === undefined) return undefined;
    this.#root.value = container;
    for (const token of tokens) {
      const place = { container, key: decodeToken(token) };
      const child = this.#own(getIfPresent(place));
      if (child === undefined) return undefined;
      write(place, child);
      container = child;
    }
    return { container, key: decodeToken(key) };
  }

  #own(value: JsonValue | undefined): Container | undefined {
    if (!isJsonArray(value) && !isJsonObject(value)) return undefined;
    if (this.#owned.has(value)) return value as Container;
    const copy: Container = isJsonArray(value) ? [...value] : { ...value };
    this.#owned.add(copy);
    return copy;
  }
}

/** The value at a place. A key that an object lacks gives `undefined`, a bad index refuses. */
export function get(place: Place): JsonValue | undefined {
  const { container, key } = place;
  if (!isList(container)) return getMember(container, key);
  return container[indexOf(key, container.length - 1, container.length)];
}

/** Sets what is at a place: any key of an object, an existing index of a list. */
export function set(place: Place, value: JsonValue): void {
  get(place);
  write(place, value);
}

/** Sets a key of an object, or inserts into a list; `-` is its end. */
export function add(place: Place, value: JsonValue): void {
  const { container, key } = place;
  if (!isList(container)) setMember(container, key, value);
  else if (key === "-") container.push(value);
  else container.splice(indexOf(key, container.length, container.length + 1), 0, value);
}

/** Removes a key or an index, which must exist. */
export function remove(place: Place): void {
  const { container, key } = place;
  if (isList(container)) {
    container.splice(indexOf(key, container.length - 1, container.length), 1);
    return;
  }
  if (getMember(container, key) === undefined) {
    throw new OperationRefused(`Unable to remove nonexistent key: ${key}: missing value`);
  }
  // On a copy of ours; building anew would make many removals from one map quadratic.
  Reflect.deleteProperty(container, key);
}

function write(place: Place, value: JsonValue): void {
  const { container, key } = place;
  if (isList(container)) container[indexOf(key, container.length - 1, container.length)] = value;
  else setMember(container, key, value);
}

function getIfPresent(place: Place): JsonValue | undefined {
  try {
    return get(place);
  } catch (error) {
    if (error instanceof OperationRefused) return undefined;
    throw error;
  }
}

// Negative indices count from the end (evanphx/json-patch `SupportNegativeIndices`).
function indexOf(key: string, last: number, span: number): number {
  if (!/^[+-]?\d+$/.test(key)) {
    throw new OperationRefused(`value was not a proper array index: '${key}'`);
  }
  const index = Number(key);
  if (index > last || index < -span) {
    throw new OperationRefused(
      `Unable to access invalid index: ${index}: invalid index referenced`,
    );
  }
  return index < 0 ? index + span : index;
}

function isList(container: Container): container is JsonValue[] {
  return Array.isArray(container);
}

function decodeToken(token: string): string {
  return token.includes("~") ? token.replaceAll("~1", "/").replaceAll("~0", "~") : token;
}
