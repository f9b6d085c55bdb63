import { isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { type FieldSet, isEmptyFieldSet, isMember, noFields, unionFields } from "./field-set.ts";
import { compareElements, normalizeElement, type PathElement } from "./path-element.ts";

// Sets that were read before, by the object of the entry: the cached object of a busy resource is
// written to again and again.
const known = new WeakSet<object>();

/**
 * Reads a `fieldsV1`. What is in normal form already is returned itself.
 *
 * @throws {SyntaxError} If it is no FieldsV1.
 */
export function parseFieldsV1(value: JsonValue | undefined): FieldSet {
  if (value === undefined || value === null) return noFields;
  if (!isJsonObject(value)) throw new SyntaxError("expected an object of fields");
  if (known.has(value)) return value as FieldSet;
  const set = isNormal(value) ? value : normalize(value);
  const read = set["."] === undefined ? set : withoutSelf(set);
  known.add(read);
  return read;
}

/** The set with its elements in Kubernetes' order: what is stored. Itself if they are already. */
export function sortFieldSet(set: FieldSet): FieldSet {
  let isSame = true;
  let previous: PathElement | undefined;
  const sorted: [PathElement, FieldSet][] = [];
  for (const element in set) {
    const node = set[element] ?? noFields;
    const after = sortFieldSet(node);
    isSame &&= after === node;
    isSame &&= previous === undefined || compareElements(previous, element) < 0;
    previous = element;
    sorted.push([element, after]);
  }
  if (isSame) return set;
  return Object.fromEntries(sorted.sort(([left], [right]) => compareElements(left, right)));
}

/** Every path of the set: those at a node first, then those below, each in Kubernetes' order. */
export function listFieldPaths(set: FieldSet): readonly (readonly PathElement[])[] {
  const paths: PathElement[][] = [];
  const visit = (node: FieldSet, prefix: readonly PathElement[]): void => {
    const elements = Object.keys(node)
      .filter((element) => element !== ".")
      .sort(compareElements);
    for (const element of elements) {
      if (isMember(node[element] ?? noFields)) paths.push([...prefix, element]);
    }
    for (const element of elements) visit(node[element] ?? noFields, [...prefix, element]);
  };
  visit(set, []);
  return paths;
}

/** Whether the path is in the set. */
export function hasFieldPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.[element];
  return path.length > 0 && node !== undefined && isMember(node);
}

function isNormal(value: JsonValue): value is FieldSet & JsonValue {
  if (!isJsonObject(value)) return false;
  let self = false;
  let children = 0;
  for (const element in value) {
    const node = value[element];
    if (node === undefined) return false;
    if (element === ".") {
      self = true;
      if (!isJsonObject(node) || !isEmpty(node)) return false;
      continue;
    }
    children += 1;
    const isField = element.charCodeAt(0) === 0x66 && element.charCodeAt(1) === 0x3a;
    if (!isField && normalizeElement(element) !== element) return false;
    if (!isNormal(node)) return false;
  }
  return !self || children > 0;
}

function normalize(value: JsonValue): FieldSet {
  if (value === null) return noFields;
  if (!isJsonObject(value)) throw new SyntaxError("expected an object of fields");
  let set: FieldSet = noFields;
  for (const [element, child] of Object.entries(value)) {
    if (element === "." || child === undefined) continue;
    const normal = normalizeElement(element);
    if (normal !== undefined) set = unionFields(set, { [normal]: normalize(child) });
  }
  if (value["."] === undefined || isEmptyFieldSet(set)) return set;
  return { ".": noFields, ...set };
}

// The object as a whole belongs to nobody.
function withoutSelf(set: FieldSet): FieldSet {
  return Object.fromEntries(Object.entries(set).filter(([element]) => element !== "."));
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
