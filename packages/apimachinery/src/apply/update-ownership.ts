import type { JsonObject } from "../meta/json-value.ts";
import { compareFields, type FieldComparison } from "./compare-fields.ts";
import {
  differenceFields,
  type FieldSet,
  intersectFields,
  isEmptyFieldSet,
  recursiveDifferenceFields,
  unionFields,
} from "./field-set.ts";
import { type Manager, type Managers, withFields, withoutEmpty } from "./managers.ts";
import { inVersion, type VersionContext } from "./object-versions.ts";
import { reconcileFieldSet } from "./reconcile-field-set.ts";

/** An object before and after a write. */
export interface Write {
  readonly live: JsonObject;
  readonly next: JsonObject;
}

/** What a write does to those who own something. */
export interface OwnershipChange {
  /** What the write changed, in its own version. */
  readonly comparison: FieldComparison;
  /** For each other manager, what it owns and the write gave another value. */
  readonly conflicts: ReadonlyMap<string, FieldSet>;
  /** The managers once they have lost what was changed or removed. */
  readonly managers: Managers;
}

/** Compares, and takes from all managers but `self` what the write changed or removed. */
export function updateOwnership(
  context: VersionContext,
  write: Write,
  { managers, self }: { readonly managers: Managers; readonly self: string },
): OwnershipChange {
  const comparisons = new Map<string, FieldComparison | undefined>();
  const compareIn = (apiVersion: string): FieldComparison | undefined => {
    const version = context.toVersion ? apiVersion : context.apiVersion;
    if (!comparisons.has(version)) comparisons.set(version, compareWrite(context, write, version));
    return comparisons.get(version);
  };
  const comparison = compareIn(context.apiVersion) ?? nothing;
  const conflicts = new Map<string, FieldSet>();
  const remaining = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    const theirs = id === self ? nothing : compareIn(manager.apiVersion);
    if (theirs === undefined) continue;
    const lost = intersectFields(manager.fields, unionFields(theirs.modified, theirs.added));
    if (!isEmptyFieldSet(lost)) conflicts.set(id, lost);
    const kept = differenceFields(differenceFields(manager.fields, lost), theirs.removed);
    remaining.set(id, withFields(manager, kept));
  }
  return { comparison, conflicts, managers: withoutEmpty(remaining) };
}

/** Managers whose sets fit the schema as it is now; those of a version that is gone are left out. */
export function reconcileManagers(
  context: VersionContext,
  live: JsonObject,
  managers: Managers,
): Managers {
  const reconciled = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    const typed = inVersion(context, live, manager.apiVersion);
    if (typed === undefined) continue;
    reconciled.set(id, withFields(manager, reconcileFieldSet(typed.type, manager.fields)));
  }
  return reconciled;
}

const nothing: FieldComparison = { added: {}, modified: {}, removed: {} };

function compareWrite(
  context: VersionContext,
  { live, next }: Write,
  apiVersion: string,
): FieldComparison | undefined {
  const before = inVersion(context, live, apiVersion);
  const after = inVersion(context, next, apiVersion);
  if (before === undefined || after === undefined) return undefined;
  const comparison = compareFields(after.type, { left: before.object, right: after.object });
  return after.resetFields ? withoutReset(comparison, after.resetFields) : comparison;
}

function withoutReset(comparison: FieldComparison, reset: FieldSet): FieldComparison {
  return {
    added: recursiveDifferenceFields(comparison.added, reset),
    modified: recursiveDifferenceFields(comparison.modified, reset),
    removed: recursiveDifferenceFields(comparison.removed, reset),
  };
}
