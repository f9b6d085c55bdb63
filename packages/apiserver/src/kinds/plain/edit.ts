import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";

/** A change of one object that returns the same object where nothing changes. */
export type Edit = (object: JsonObject) => JsonObject;

/** The object with these members where it has none of that name. */
export function withDefaults<T extends JsonObject>(object: T, defaults: JsonObject): T {
  let result: Record<string, JsonValue | undefined> | undefined;
  for (const [name, value] of Object.entries(defaults)) {
    if (object[name] !== undefined || value === undefined) continue;
    result ??= { ...object };
    result[name] = value;
  }
  return (result ?? object) as T;
}

/** The object with one member changed; the same object if `change` changes nothing. */
export function editMember<T extends JsonObject>(object: T, name: string, change: Edit): T {
  const value = object[name];
  if (!isJsonObject(value)) return object;
  const changed = change(value);
  return changed === value ? object : { ...object, [name]: changed };
}

/** The object with one member changed, an empty object where it is absent. */
export function editOrCreate<T extends JsonObject>(object: T, name: string, change: Edit): T {
  const value = object[name];
  if (value === undefined) return { ...object, [name]: change({}) };
  return editMember(object, name, change);
}

/** The object with the objects of one list changed. */
export function editItems<T extends JsonObject>(object: T, name: string, change: Edit): T {
  const list = object[name];
  if (!Array.isArray(list)) return object;
  const values: readonly JsonValue[] = list;
  const changed = values.map((item) => (isJsonObject(item) ? change(item) : item));
  const same = changed.every((item, index) => item === values[index]);
  return same ? object : { ...object, [name]: changed };
}

/** The object without some members; the same object if it has none of them. */
export function without<T extends JsonObject>(object: T, ...names: readonly string[]): T {
  if (!names.some((name) => object[name] !== undefined)) return object;
  const rest = Object.entries(object).filter(([name]) => !names.includes(name));
  return Object.fromEntries(rest) as T;
}

/** The object with one member set; the same object if it has that very value. */
export function withMember<T extends JsonObject>(
  object: T,
  name: string,
  value: JsonValue | undefined,
): T {
  return object[name] === value ? object : { ...object, [name]: value };
}

/** Applies changes one after the other. */
export function editAll(object: JsonObject, ...edits: readonly Edit[]): JsonObject {
  return edits.reduce((changed, edit) => edit(changed), object);
}
