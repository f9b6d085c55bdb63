import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "@cellplane/apimachinery";
import { canonicalJson, hashJson } from "../hash/canonical-json.ts";

/** The members of `spec` that the two views spell differently. */
export const viewFields = ["placement", "placementMask", "overrides"] as const;

/** One of them. */
export type ViewField = (typeof viewFields)[number];

/** How the other view spells a field. It holds as long as this view's field has this digest. */
export type CarriedField = { readonly digest: string; readonly value: JsonValue };

/** What one view cannot say, kept in an annotation. A carried `null` is an absent field. */
export type Carry = {
  /** The topology type; only in what v1beta1 objects carry. */
  readonly type?: string;
  readonly fields: ReadonlyMap<ViewField, CarriedField>;
};

const noCarry: Carry = { fields: new Map() };

/** Reads a carry. What cannot be read is no carry, for conversion never fails. */
export function parseCarry(text: string | undefined): Carry {
  if (text === undefined || text === "") return noCarry;
  const value = parseObject(text);
  const type = value["type"];
  const fields = new Map<ViewField, CarriedField>();
  for (const name of viewFields) {
    const field = readField(value[name]);
    if (field) fields.set(name, field);
  }
  return typeof type === "string" && type !== "" ? { type, fields } : { fields };
}

/** Writes a carry; `undefined` where there is nothing to carry. */
export function formatCarry(carry: Carry): string | undefined {
  if (carry.type === undefined && carry.fields.size === 0) return undefined;
  const type = carry.type === undefined ? {} : { type: carry.type };
  return canonicalJson({ ...type, ...Object.fromEntries(carry.fields) });
}

/** The carried spelling of a field, unless the field has changed since. */
export function recallField(
  carry: Carry,
  name: ViewField,
  current: JsonValue | undefined,
): { readonly value: JsonValue | undefined } | undefined {
  const field = carry.fields.get(name);
  if (field === undefined || field.digest !== digestField(current)) return undefined;
  return { value: field.value ?? undefined };
}

/** A field as it is carried beside `current`. */
export function carryField(
  value: JsonValue | undefined,
  current: JsonValue | undefined,
): CarriedField {
  return { digest: digestField(current), value: value ?? null };
}

function digestField(value: JsonValue | undefined): string {
  return hashJson(value).slice(0, 16);
}

function readField(value: JsonValue | undefined): CarriedField | undefined {
  if (!isJsonObject(value)) return undefined;
  const { digest, value: carried } = value;
  if (typeof digest !== "string" || carried === undefined) return undefined;
  return carried === null || typeof carried === "object" ? { digest, value: carried } : undefined;
}

function parseObject(text: string): JsonObject {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
