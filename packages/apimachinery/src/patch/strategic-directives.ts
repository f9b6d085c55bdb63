import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";

/** What a new value comes to: maps that are nothing but a `$patch` directive are left out. */
export function withoutDirectives(value: JsonValue): JsonValue | undefined {
  if (isJsonArray(value)) {
    return value.map(withoutDirectives).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  if (getMember(value, "$patch") !== undefined) return undefined;
  const kept: JsonObjectDraft = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    const rest = member === undefined ? undefined : withoutDirectives(member);
    if (rest !== undefined) setMember(kept, key, rest);
  }
  return kept;
}
