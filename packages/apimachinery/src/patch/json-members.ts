import type { JsonObject, JsonValue } from "../meta/json-value.ts";

/** A JSON object under construction. It becomes a `JsonObject` once nobody changes it any more. */
export type JsonObjectDraft = Record<string, JsonValue | undefined>;

/** The value under a key that the object itself has: never `constructor` and its like. */
export function getMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a key of a draft. Assigning `__proto__` would change the prototype instead. */
export function setMember(draft: JsonObjectDraft, key: string, value: JsonValue): void {
  if (key !== "__proto__") {
    draft[key] = value;
    return;
  }
  Object.defineProperty(draft, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The object without one key; the object itself where it has no such key. */
export function omitMember(object: JsonObject, key: string): JsonObject {
  if (!Object.hasOwn(object, key)) return object;
  const draft: JsonObjectDraft = {};
  for (const other of Object.keys(object)) {
    const value = object[other];
    if (other !== key && value !== undefined) setMember(draft, other, value);
  }
  return draft;
}
