import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { compileSchema } from "./compile-schema.ts";
import { asCompiled, CompiledNode } from "./compiled-node.ts";
import { isBase64, isDateTime } from "./formats.ts";
import { goStructName, goTypeName, type SelfDecoding, selfDecodingOf } from "./go-type.ts";
import { objectMetaDefinitions, objectMetaSchema } from "./object-meta-schema.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Why a value cannot be read as an object of this built-in kind, in the words of Go's decoder:
 * `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
 * Of several reasons the first in the document. `undefined`: it can.
 */
export function describeTypeMismatch(node: SchemaNode, value: JsonValue): string | undefined {
  return decode(asCompiled(node), value, { struct: undefined, path: "" });
}

let objectMeta: CompiledNode | undefined;

/** The same for the `metadata` of a custom resource: `… into Go struct field ObjectMeta.labels of type string`. */
export function describeMetadataMismatch(metadata: JsonValue): string | undefined {
  objectMeta ??= asCompiled(compileSchema(objectMetaSchema, (name) => objectMetaDefinitions[name]));
  return decode(objectMeta, metadata, { struct: undefined, path: "" });
}

/** The struct around a value, and the names of the fields from the root to it. */
interface GoPlace {
  readonly struct: CompiledNode | undefined;
  readonly path: string;
}

function decode(node: CompiledNode, value: JsonValue, place: GoPlace): string | undefined {
  if (value === null) return undefined;
  const itself = selfDecodingOf(node);
  if (itself !== undefined) return decodeItself(itself, value);
  switch (node.type) {
    case "string":
      return decodeText(node, value, place);
    case "integer":
      return decodeInteger(node, value, place);
    case "number":
      return isNumber(value) ? undefined : cannot(node, value, place);
    case "boolean":
      return typeof value === "boolean" ? undefined : cannot(node, value, place);
    case "array":
      return isJsonArray(value) ? decodeItems(node, value, place) : cannot(node, value, place);
    case "object":
      if (!isJsonObject(value)) {
        return node.preserveUnknownFields ? undefined : cannot(node, value, place);
      }
      return decodeMembers(node, value, place);
    default:
      return undefined;
  }
}

function decodeText(node: CompiledNode, value: JsonValue, place: GoPlace): string | undefined {
  if (typeof value !== "string") return cannot(node, value, place);
  if (node.format !== "byte" || isBase64(value)) return undefined;
  return `illegal base64 data at input byte ${badBase64At(value)}`;
}

function decodeInteger(node: CompiledNode, value: JsonValue, place: GoPlace): string | undefined {
  if (!isNumber(value)) return cannot(node, value, place);
  if (isGoInteger(value, node.format)) return undefined;
  return cannot(node, value, place, `number ${String(value)}`);
}

function decodeItems(
  { items }: CompiledNode,
  list: readonly JsonValue[],
  place: GoPlace,
): string | undefined {
  if (items === undefined) return undefined;
  for (const item of list) {
    const reason = decode(items, item, place);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function decodeMembers(node: CompiledNode, object: JsonObject, place: GoPlace): string | undefined {
  const { properties, additionalProperties } = node;
  for (const key in object) {
    const value = object[key];
    if (value === undefined || value === null) continue;
    const property = properties.get(key);
    let reason: string | undefined;
    if (property !== undefined) {
      if (isPlainText(property, value)) continue;
      reason = decode(property, value, placeOf(node, key, place));
    } else if (additionalProperties instanceof CompiledNode) {
      if (isPlainText(additionalProperties, value)) continue;
      reason = decode(additionalProperties, value, place);
    }
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function placeOf(node: CompiledNode, key: string, { path }: GoPlace): GoPlace {
  return { struct: node, path: path === "" ? key : `${path}.${key}` };
}

// Most members are plain texts and numbers of the right type: no place is made for them.
function isPlainText(property: CompiledNode, value: JsonValue): boolean {
  return (
    typeof value === "string" &&
    property.type === "string" &&
    property.format === "" &&
    property.definition === undefined
  );
}

const quantityPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const quantityRule =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function decodeItself(type: SelfDecoding, value: JsonValue): string | undefined {
  if (type === "Quantity") {
    const isRight =
      isNumber(value) || (typeof value === "string" && quantityPattern.test(value.trim()));
    return isRight ? undefined : quantityRule;
  }
  if (type === "IntOrString") {
    if (typeof value === "string") return undefined;
    if (isNumber(value) && isGoInteger(value, "int32")) return undefined;
    const what = isNumber(value) ? `number ${String(value)}` : goJsonType(value);
    return `json: cannot unmarshal ${what} into Go value of type int32`;
  }
  if (typeof value !== "string") {
    return `json: cannot unmarshal ${goJsonType(value)} into Go value of type string`;
  }
  if (type === "Duration") return undefined;
  const isMicro = type === "MicroTime";
  if (isDateTime(value) && (!isMicro || microFraction.test(value))) return undefined;
  return isMicro
    ? describeBadTime(value, { layout: microTimeLayout, parts: microTimeParts })
    : describeBadTime(value, { layout: timeLayout, parts: timeParts });
}

const timeLayout = "2006-01-02T15:04:05Z07:00";
const microTimeLayout = "2006-01-02T15:04:05.000000Z07:00";
/** A MicroTime is read with its six digits or not at all. */
const microFraction = /\.\d{6}(?:Z|[+-])/;
type TimeParts = readonly (readonly [RegExp, string])[];
const timeParts: TimeParts = [
  [/^\d{4}/, "2006"],
  [/^-/, "-"],
  [/^\d\d/, "01"],
  [/^-/, "-"],
  [/^\d\d/, "02"],
  [/^T/, "T"],
  [/^\d\d/, "15"],
  [/^:/, ":"],
  [/^\d\d/, "04"],
  [/^:/, ":"],
  [/^\d\d/, "05"],
  [/^(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)/, "Z07:00"],
];
const microTimeParts: TimeParts = [
  ...timeParts.slice(0, -1),
  [/^\.\d{6}(?!\d)/, ".000000"],
  [/^(?:Z|[+-]\d\d:\d\d)/, "Z07:00"],
];

function describeBadTime(
  text: string,
  { layout, parts }: { readonly layout: string; readonly parts: TimeParts },
): string {
  const head = `parsing time ${JSON.stringify(text)}`;
  let rest = text;
  for (const [part, name] of parts) {
    const match = part.exec(rest);
    if (!match) {
      const left = JSON.stringify(rest);
      return `${head} as ${JSON.stringify(layout)}: cannot parse ${left} as ${JSON.stringify(name)}`;
    }
    rest = rest.slice(match[0].length);
  }
  if (rest !== "") return `${head}: extra text: ${JSON.stringify(rest)}`;
  return `${head}: ${outOfRangePart(text)} out of range`;
}

function outOfRangePart(text: string): string {
  const [month = 0, , hour = 0, minute = 0, second = 0] = [5, 8, 11, 14, 17].map((at) =>
    Number(text.slice(at, at + 2)),
  );
  if (month < 1 || month > 12) return "month";
  if (hour > 23) return "hour";
  if (minute > 59) return "minute";
  return second > 59 ? "second" : "day";
}

// oxlint-disable-next-line max-params -- the parts of one sentence
function cannot(
  node: CompiledNode,
  value: JsonValue,
  place: GoPlace,
  what = goJsonType(value),
): string {
  const { struct, path } = place;
  const into =
    struct === undefined ? "Go value" : `Go struct field ${goStructName(struct)}.${path}`;
  return `json: cannot unmarshal ${what} into ${into} of type ${goTypeName(node)}`;
}

function goJsonType(value: JsonValue): string {
  if (isJsonArray(value)) return "array";
  if (isNumber(value)) return "number";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function isNumber(value: JsonValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isGoInteger(value: number | bigint, format: string): boolean {
  if (typeof value === "number" && !Number.isSafeInteger(value)) return false;
  return format !== "int32" || (value >= -2147483648 && value <= 2147483647);
}

function badBase64At(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/\r\n]/);
  // What ends within a group of four is bad where that group begins.
  return bad === -1 ? text.length - (text.length % 4) : bad;
}
