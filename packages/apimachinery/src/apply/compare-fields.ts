import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { isJsonEqual } from "../meta/json-equal.ts";
import { getMember } from "../patch/json-members.ts";
import type { FieldSet } from "./field-set.ts";
import { FieldSetBuilder } from "./field-set-builder.ts";
import type { FieldType, ValueKind } from "./field-type.ts";
import { indexList } from "./list-element.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

/** What differs between two objects; no path is in two of the sets. */
export interface FieldComparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** A pair of values at one path; at most one of them is absent. */
interface Pair {
  readonly type: FieldType;
  readonly left: JsonValue | undefined;
  readonly right: JsonValue | undefined;
}

interface Walk {
  readonly path: PathElement[];
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

const noItems: readonly JsonValue[] = [];

/**
 * Compares two objects of one type, field by field. Parts that both share by identity are not
 * looked at.
 *
 * @throws {FieldTypeError} If items of a list cannot be told from one another.
 */
export function compareFields(
  type: FieldType,
  objects: { readonly left: JsonObject; readonly right: JsonObject },
): FieldComparison {
  const walk: Walk = {
    path: [],
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
  };
  compare(walk, { type, ...objects });
  return {
    added: walk.added.build(),
    modified: walk.modified.build(),
    removed: walk.removed.build(),
  };
}

function compare(walk: Walk, pair: Pair): void {
  const { type, left, right } = pair;
  if (left === right) return;
  const leftKind = type.kindOf(left);
  const rightKind = type.kindOf(right);
  let isLeaf: boolean;
  if (right === undefined) isLeaf = visit(walk, pair, leftKind);
  else {
    // Where the kind changed, what was below the old value is gone, and the value itself differs.
    if (left !== undefined && leftKind !== rightKind) visit(walk, pair, leftKind);
    isLeaf = visit(walk, pair, rightKind);
  }
  if (isLeaf) return;
  if (left === undefined) walk.added.add(walk.path);
  else if (right === undefined) walk.removed.add(walk.path);
}

/** Compares as a map, a list or a scalar; true if the pair counts as one leaf. */
function visit(walk: Walk, pair: Pair, kind: ValueKind): boolean {
  switch (kind) {
    case "map":
      return visitMap(walk, pair);
    case "list":
      return visitList(walk, pair);
    default:
      return visitLeaf(walk, pair);
  }
}

function visitLeaf(walk: Walk, { left, right }: Pair): true {
  if (left === undefined) walk.added.add(walk.path);
  else if (right === undefined) walk.removed.add(walk.path);
  else if (!isJsonEqual(left, right)) walk.modified.add(walk.path);
  return true;
}

function visitMap(walk: Walk, pair: Pair): boolean {
  const { type } = pair;
  const left = isJsonObject(pair.left) ? pair.left : undefined;
  const right = isJsonObject(pair.right) ? pair.right : undefined;
  if (type.mapIsAtomic || (isEmptyMap(left) && isEmptyMap(right))) return visitLeaf(walk, pair);
  if (left) {
    for (const key of Object.keys(left)) {
      compareField(walk, type, { key, left: left[key], right: right && getMember(right, key) });
    }
  }
  if (right) {
    for (const key of Object.keys(right)) {
      if (left && getMember(left, key) !== undefined) continue;
      compareField(walk, type, { key, left: undefined, right: right[key] });
    }
  }
  return false;
}

function compareField(
  walk: Walk,
  map: FieldType,
  { key, left, right }: Pick<Pair, "left" | "right"> & { readonly key: string },
): void {
  if (left === right) return;
  walk.path.push(fieldElement(key));
  compare(walk, { type: map.field(key), left, right });
  walk.path.pop();
}

function visitList(walk: Walk, pair: Pair): boolean {
  const { type } = pair;
  const left = isJsonArray(pair.left) ? pair.left : noItems;
  const right = isJsonArray(pair.right) ? pair.right : noItems;
  const isEmpty = left.length === 0 && right.length === 0;
  if (type.list === "atomic" || isEmpty) return visitLeaf(walk, pair);
  // Most lists did not change: comparing them whole is much cheaper than naming their items.
  if (isJsonEqual(left, right)) return false;
  const before = indexList(type, left);
  const after = indexList(type, right);
  for (const [element, items] of before) {
    compareItems(walk, type.item, { element, left: items, right: after.get(element) ?? noItems });
  }
  for (const [element, items] of after) {
    if (before.has(element)) continue;
    compareItems(walk, type.item, { element, left: noItems, right: items });
  }
  return false;
}

interface Items {
  readonly element: PathElement;
  readonly left: readonly JsonValue[];
  readonly right: readonly JsonValue[];
}

// Items that occur more than once are owned together, as one leaf.
function compareItems(walk: Walk, type: FieldType, { element, left, right }: Items): void {
  walk.path.push(element);
  if (left.length <= 1 && right.length <= 1) {
    compare(walk, { type, left: left[0], right: right[0] });
  } else if (left.length > 1 && right.length > 1) {
    if (!isJsonEqual(left, right)) walk.modified.add(walk.path);
  } else if (left.length > 1) {
    if (right.length > 0) compare(walk, { type, left: undefined, right: right[0] });
    walk.removed.add(walk.path);
  } else {
    if (left.length > 0) compare(walk, { type, left: left[0], right: undefined });
    walk.added.add(walk.path);
  }
  walk.path.pop();
}

function isEmptyMap(map: JsonObject | undefined): boolean {
  if (map === undefined) return true;
  for (const key in map) if (map[key] !== undefined) return false;
  return true;
}
