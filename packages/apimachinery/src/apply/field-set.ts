import type { PathElement } from "./path-element.ts";

/**
 * A set of field paths, in the form of FieldsV1: a trie whose keys are path elements. `{}` below
 * the root is a path in the set; a node that has children is itself in the set if it has the key
 * `.`. The root as `{}` is the empty set.
 *
 * Sets are immutable; an operation that changes nothing returns its first argument itself.
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

type Draft = Record<PathElement, FieldSet>;

/** The empty set, and also the node of a path without children. */
export const noFields: FieldSet = Object.freeze({});

/** Whether the set is empty. */
export function isEmptyFieldSet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether a node below the root is itself in the set, and not only something below it. */
export function isMember(node: FieldSet): boolean {
  return node["."] !== undefined || isEmptyFieldSet(node);
}

/** Paths in either set. */
export function unionFields(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptyFieldSet(right)) return left;
  if (isEmptyFieldSet(left)) return right;
  let union: Draft | undefined;
  for (const element of Object.keys(right)) {
    const theirs = right[element] ?? noFields;
    const ours = left[element];
    const node = ours === undefined ? theirs : unionNodes(ours, theirs);
    if (node === ours) continue;
    union ??= { ...left };
    union[element] = node;
  }
  return union ?? left;
}

/** Paths of `left` that are not in `right`. A path goes even if others below it stay. */
export function differenceFields(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, differenceNodes);
}

/** Paths of `left` that are not in `right`, and not below a path of `right` either. */
export function recursiveDifferenceFields(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (ours, theirs) => {
    if (isMember(theirs)) return undefined;
    return isEmptyFieldSet(ours) ? ours : innerNode(recursiveDifferenceFields(ours, theirs));
  });
}

/** Paths in both sets. */
export function intersectFields(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left;
  const common: Draft = {};
  for (const element of Object.keys(left)) {
    const ours = left[element];
    const theirs = right[element];
    if (ours === undefined || theirs === undefined) continue;
    const node = intersectNodes(ours, theirs);
    if (node !== undefined) common[element] = node;
  }
  return common;
}

/** The set with one path more. */
export function fieldSetOf(...paths: readonly (readonly PathElement[])[]): FieldSet {
  let set = noFields;
  for (const path of paths) {
    const single = path.reduceRight<FieldSet>((node, element) => ({ [element]: node }), noFields);
    set = unionFields(set, single);
  }
  return set;
}

function unionNodes(ours: FieldSet, theirs: FieldSet): FieldSet {
  if (ours === theirs) return ours;
  if (isEmptyFieldSet(ours)) return asMember(theirs);
  if (isEmptyFieldSet(theirs)) return asMember(ours);
  return unionFields(ours, theirs);
}

/** The node with itself in the set. */
export function asMember(node: FieldSet): FieldSet {
  return isMember(node) ? node : { ".": noFields, ...node };
}

function differenceNodes(ours: FieldSet, theirs: FieldSet): FieldSet | undefined {
  if (isEmptyFieldSet(ours)) return isMember(theirs) ? undefined : ours;
  const others = isEmptyFieldSet(theirs) ? { ".": noFields } : theirs;
  return innerNode(differenceFields(ours, others));
}

function intersectNodes(ours: FieldSet, theirs: FieldSet): FieldSet | undefined {
  if (isEmptyFieldSet(ours)) return isMember(theirs) ? ours : undefined;
  if (isEmptyFieldSet(theirs)) return isMember(ours) ? theirs : undefined;
  return innerNode(intersectFields(ours, theirs));
}

// What is left of a node that had children: none, only itself, or some.
function innerNode(node: FieldSet): FieldSet | undefined {
  let children = 0;
  for (const element in node) if (element !== ".") children += 1;
  if (children > 0) return node;
  return node["."] === undefined ? undefined : noFields;
}

function combine(
  left: FieldSet,
  right: FieldSet,
  rest: (ours: FieldSet, theirs: FieldSet) => FieldSet | undefined,
): FieldSet {
  let changed = false;
  const remaining: Draft = {};
  for (const element in left) {
    const ours = left[element];
    if (ours === undefined) continue;
    const theirs = right[element];
    const node = theirs === undefined ? ours : rest(ours, theirs);
    changed ||= node !== ours;
    if (node !== undefined) remaining[element] = node;
  }
  return changed ? remaining : left;
}
