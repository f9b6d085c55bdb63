import { isJsonArray, isJsonObject, type JsonValue } from "@cellplane/apimachinery";

/** A JSON pointer in parts. The part `*` stands for every item of a list. */
export type FieldPath = readonly string[];

/** Splits a JSON pointer (RFC 6901); the empty one is the whole document. */
export function parseFieldPath(pointer: string): FieldPath {
  const [, ...parts] = pointer.split("/");
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Whether one path is the other or lies above it. */
export function pathsMeet(left: FieldPath, right: FieldPath): boolean {
  const length = Math.min(left.length, right.length);
  return left.slice(0, length).every((part, index) => part === right[index]);
}

/** The value without the field; the same value where it is not there. */
export function removeField(value: JsonValue, path: FieldPath): JsonValue {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (isJsonArray(value)) return removeInItems(value, part, rest);
  if (!isJsonObject(value) || !Object.hasOwn(value, part)) return value;
  const inner = value[part];
  if (rest.length === 0) {
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== part));
  }
  if (inner === undefined) return value;
  const changed = removeField(inner, rest);
  return changed === inner ? value : { ...value, [part]: changed };
}

/**
 * `value` with the field as `from` has it. Where `from` has none, `value` stays; list items are
 * matched by `name`, or else by position.
 */
export function copyField(
  value: JsonValue,
  from: JsonValue | undefined,
  path: FieldPath,
): JsonValue {
  const [part, ...rest] = path;
  if (part === undefined) return from ?? value;
  if (isJsonArray(value)) {
    if (!isJsonArray(from)) return value;
    return value.map((item, index) =>
      part === "*" || part === `${index}`
        ? copyField(item, counterpart(item, index, from), rest)
        : item,
    );
  }
  if (!isJsonObject(value) || !isJsonObject(from) || !Object.hasOwn(from, part)) return value;
  const source = from[part];
  if (source === undefined) return value;
  const inner = value[part] ?? (rest.length === 0 ? source : {});
  return { ...value, [part]: copyField(inner, source, rest) };
}

function removeInItems(items: readonly JsonValue[], part: string, rest: FieldPath): JsonValue {
  return items.map((item, index) =>
    part === "*" || part === `${index}` ? removeField(item, rest) : item,
  );
}

function counterpart(
  item: JsonValue,
  index: number,
  others: readonly JsonValue[],
): JsonValue | undefined {
  const name = isJsonObject(item) ? item["name"] : undefined;
  if (typeof name !== "string") return others[index];
  return others.find((other) => isJsonObject(other) && other["name"] === name);
}
