import type { JsonObject } from "../meta/json-value.ts";
import { collectFields } from "./collect-fields.ts";
import {
  differenceFields,
  type FieldSet,
  intersectFields,
  isEmptyFieldSet,
  noFields,
  unionFields,
} from "./field-set.ts";
import type { Manager, Managers } from "./managers.ts";
import { inVersion, type TypedObject, type VersionContext } from "./object-versions.ts";
import { removeFields, withDeclaredFields } from "./remove-fields.ts";

/** A merge, and who owned what before it and owns it now. */
export interface PruneInput {
  readonly merged: JsonObject;
  /** What the applier applied the last time. */
  readonly last: Manager | undefined;
  /** All managers, the applier with what it applies now. */
  readonly managers: Managers;
  readonly self: string;
}

/**
 * Removes what the applier applied the last time and does not apply now, unless somebody else
 * owns it. An item of a list goes with all that is in it.
 */
export function pruneFields(context: VersionContext, input: PruneInput): JsonObject {
  const { merged, last, managers, self } = input;
  if (last === undefined || isEmptyFieldSet(last.fields)) return merged;
  const now = managers.get(self)?.fields ?? noFields;
  const typed = inVersion(context, merged, last.apiVersion);
  if (typed === undefined) return merged;
  const before = withDeclaredFields(typed.type, last.fields);
  const isSameVersion = typed.object === merged;
  if (
    isSameVersion &&
    isEmptyFieldSet(differenceFields(before, withDeclaredFields(typed.type, now)))
  ) {
    return merged;
  }
  const stripped = removeFields(typed.type, typed.object, before);
  const home = last.apiVersion;
  const owned = addBackOwned(context, typed, { stripped, managers, home });
  const pruned = owned === undefined ? typed.object : addBackDangling(typed, owned, before);
  if (isSameVersion) return pruned;
  return inVersion(context, pruned, context.apiVersion)?.object ?? merged;
}

interface Stripped {
  /** The merged object without all that was applied the last time. */
  readonly stripped: JsonObject;
  readonly managers: Managers;
  /** The version of the last apply. */
  readonly home: string;
}

// Puts back what others, or the applier's new configuration, claim: version by version.
function addBackOwned(
  context: VersionContext,
  merged: TypedObject,
  { stripped, managers, home }: Stripped,
): JsonObject | undefined {
  let pruned = stripped;
  for (const [apiVersion, owned] of ownedByVersion(context, home, managers)) {
    const whole = inVersion(context, merged.object, apiVersion);
    const part = inVersion(context, pruned, apiVersion);
    if (whole === undefined || part === undefined) continue;
    const kept = unionFields(namedFields(part), withDeclaredFields(whole.type, owned));
    const gone = differenceFields(namedFields(whole), kept);
    pruned = removeFields(whole.type, whole.object, gone);
  }
  return inVersion(context, pruned, home)?.object;
}

// The version of the last apply comes first: it may hold what a conversion needs.
function ownedByVersion(
  context: VersionContext,
  home: string,
  managers: Managers,
): ReadonlyMap<string, FieldSet> {
  const owned = new Map<string, FieldSet>([[home, noFields]]);
  for (const { apiVersion, fields } of managers.values()) {
    const version = context.toVersion ? apiVersion : home;
    owned.set(version, unionFields(owned.get(version) ?? noFields, fields));
  }
  return owned;
}

// What the applier never owned stays, even if it stood beside what it owned.
function addBackDangling(merged: TypedObject, pruned: JsonObject, last: FieldSet): JsonObject {
  const kept = namedFields({ ...merged, object: pruned });
  const gone = intersectFields(differenceFields(namedFields(merged), kept), last);
  return removeFields(merged.type, merged.object, gone);
}

function namedFields({ type, object }: TypedObject): FieldSet {
  return withDeclaredFields(type, collectFields(type, object));
}
