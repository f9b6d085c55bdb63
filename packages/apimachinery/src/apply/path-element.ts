import { stringifyJson, parseJson } from "../codec/json.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";

/**
 * One step of a field path, written as FieldsV1 writes it: `f:<field>`, `k:{"name":"a"}` (the item
 * of a list map, keys in order), `v:<json>` (the item of a set) or `i:<index>`. Elements that mean
 * the same are the same string.
 */
export type PathElement = string;

const wellKnownKey = /^k:\{"[\w.-]+":(?:"[\w./ -]*"|\d{1,15})\}$/;
const index = /^i:[+-]?\d+$/;

/** `f:<name>`. */
export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** `v:<json>`. */
export function valueElement(value: JsonValue): PathElement {
  return `v:${stringifyForElement(value)}`;
}

/** `k:{…}` of keys that are in order already. */
export function keyElement(keys: readonly (readonly [name: string, value: JsonValue])[]): string {
  const members = keys.map(
    ([name, value]) => `${JSON.stringify(name)}:${stringifyForElement(value)}`,
  );
  return `k:{${members.join(",")}}`;
}

/**
 * The element in its one spelling; `undefined` for a kind of element that is not known, which is
 * ignored, as a later version may know it.
 *
 * @throws {SyntaxError} If it cannot be read.
 */
export function normalizeElement(element: string): PathElement | undefined {
  if (element.charCodeAt(1) !== 0x3a) throw new SyntaxError(`missing colon: ${element}`);
  switch (element[0]) {
    case "f":
      return element;
    case "k":
      return wellKnownKey.test(element) ? element : normalizeKey(element);
    case "v":
      return valueElement(parseJson(element.slice(2)));
    case "i":
      if (!index.test(element)) throw new SyntaxError(`not an index: ${element}`);
      return `i:${Number(element.slice(2))}`;
    default:
      return undefined;
  }
}

/** The order in which Kubernetes lists elements: fields, keys, values, indices, each sorted. */
export function compareElements(left: PathElement, right: PathElement): number {
  if (left === right) return 0;
  const order = left[0] === right[0] ? 0 : rank(left) - rank(right);
  if (order !== 0) return order;
  switch (left[0]) {
    case "k":
      return compareKeys(keysOf(left), keysOf(right));
    case "v":
      return compareScalars(parseJson(left.slice(2)), parseJson(right.slice(2)));
    case "i":
      return Number(left.slice(2)) - Number(right.slice(2));
    default:
      return left < right ? -1 : 1;
  }
}

/** An element as it stands in a message: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function formatElement(element: PathElement): string {
  const content = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${content}`;
    case "k": {
      const keys = keysOf(element).map(([name, value]) => `${name}=${stringifyJson(value)}`);
      return `[${keys.join(",")}]`;
    }
    case "v":
      return `[=${stringifyJson(parseJson(content))}]`;
    default:
      return `[${content}]`;
  }
}

/** A path as it stands in a message, e.g. `.spec.containers[name="a"].image`. */
export function formatFieldPath(path: readonly PathElement[]): string {
  return path.map(formatElement).join("");
}

function normalizeKey(element: string): PathElement {
  return keyElement(keysOf(element).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function keysOf(element: PathElement): [string, JsonValue][] {
  const keys = parseJson(element.slice(2));
  if (!isJsonObject(keys)) throw new SyntaxError(`not an object: ${element}`);
  return entriesOf(keys);
}

function entriesOf(object: JsonObject): [string, JsonValue][] {
  return Object.entries(object).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
}

// "." (the node itself) stands before all elements.
function rank(element: string): number {
  return ".fkvi".indexOf(element.charAt(0));
}

function compareKeys(
  left: readonly (readonly [string, JsonValue])[],
  right: readonly (readonly [string, JsonValue])[],
): number {
  for (const [at, [name, value]] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const order = compareScalars(value, other[1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareScalars(left: JsonValue, right: JsonValue): number {
  const order = scalarRank(left) - scalarRank(right);
  if (order !== 0) return order;
  if (left === right || left === null || right === null) return 0;
  return left < right ? -1 : 1;
}

function scalarRank(value: JsonValue): number {
  const type = typeof value === "bigint" ? "number" : typeof value;
  return ["number", "string", "boolean", "object"].indexOf(type);
}

// As Go's encoder does it: these characters are escaped, so that sets written by either are equal.
function stringifyForElement(value: JsonValue): string {
  const text = stringifyJson(value);
  if (!/[<>&\u2028\u2029]/.test(text)) return text;
  return text.replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
