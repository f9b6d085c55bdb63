import { type FieldSet, isEmptyFieldSet, noFields } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import type { PathElement } from "./path-element.ts";

// The type that a set was last found to fit: most writes meet the sets of the write before.
const fitting = new WeakMap<FieldSet, FieldType>();

/**
 * Fits a set to a schema that changed since it was written: where a map or list has become
 * atomic, whoever owned parts of it owns it whole. Returns the set itself if nothing is to do.
 */
export function reconcileFieldSet(type: FieldType, set: FieldSet): FieldSet {
  if (fitting.get(set) === type) return set;
  const reconciled = reconcileChildren(type, set);
  fitting.set(reconciled, type);
  return reconciled;
}

function reconcileChildren(type: FieldType, set: FieldSet): FieldSet {
  let reconciled: Record<PathElement, FieldSet> | undefined;
  for (const element in set) {
    const node = set[element];
    if (node === undefined || isEmptyFieldSet(node) || element === ".") continue;
    const after = reconcileNode(childType(type, element), node);
    if (after === node) continue;
    reconciled ??= { ...set };
    reconciled[element] = after;
  }
  return reconciled ?? set;
}

function reconcileNode(type: FieldType | undefined, node: FieldSet): FieldSet {
  if (type === undefined || isDeduced(type)) return node;
  return isAtomic(type) ? noFields : reconcileChildren(type, node);
}

function isAtomic(type: FieldType): boolean {
  switch (type.node?.type) {
    case "array":
      return type.list === "atomic";
    case undefined:
    case "object":
      return type.mapIsAtomic;
    default:
      return false;
  }
}

function isDeduced(type: FieldType): boolean {
  return type.node?.type !== "array" && type.isDeducedMap;
}

function childType(type: FieldType, element: PathElement): FieldType | undefined {
  if (!element.startsWith("f:")) return type.item;
  const name = element.slice(2);
  return type.declared(name) ?? type.undeclared;
}
