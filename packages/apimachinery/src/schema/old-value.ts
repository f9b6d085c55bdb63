import { isJsonEqual } from "../meta/json-equal.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import type { SchemaNode } from "./schema-node.ts";

/** The value of before at the same place; `undefined`: nothing can be told to be the same place. */
export type OldValue = JsonValue | undefined;

/** The item of before with the same keys. Only list maps have such. */
export function correlateItem(list: SchemaNode, item: JsonValue, old: JsonValue): OldValue {
  if (list.listType !== "map" || !isJsonArray(old) || !isJsonObject(item)) return undefined;
  return old.find(
    (other) =>
      isJsonObject(other) && list.listMapKeys.every((key) => isJsonEqual(other[key], item[key])),
  );
}

/** The member of before with the same name. */
export function correlateMember(key: string, old: JsonValue): OldValue {
  return isJsonObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
}
