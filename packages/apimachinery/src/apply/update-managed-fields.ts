import type { JsonObject } from "../meta/json-value.ts";
import type { KubernetesObject, ManagedFieldsEntry } from "../meta/kubernetes-object.ts";
import { isJsonEqual } from "../meta/json-equal.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { capUpdateManagers } from "./cap-update-managers.ts";
import { emptyLike } from "./empty-object.ts";
import { isEmptyFieldSet, recursiveDifferenceFields, unionFields } from "./field-set.ts";
import { isBuiltIn } from "./field-type.ts";
import { FieldTypeError } from "./list-element.ts";
import {
  decodeManagers,
  encodeManagers,
  identifyManager,
  type Managers,
  noManagers,
} from "./managers.ts";
import { type VersionContext, withoutManagedFields } from "./object-versions.ts";
import { stripFields } from "./strip-fields.ts";
import { reconcileManagers, updateOwnership } from "./update-ownership.ts";

/** A create, an update or a patch, before it is stored. */
export interface UpdateManagedFieldsInput extends VersionContext {
  /** What is stored; absent on create. */
  readonly live: KubernetesObject | undefined;
  /**
   * What the client wants stored, after defaulting and before the endpoint resets what it does not
   * take, with the managedFields that were sent.
   */
  readonly updated: KubernetesObject;
  readonly manager: string;
  /** `status`, `scale` …; empty for the resource itself. */
  readonly subresource?: string | undefined;
  /** The time of the write, RFC 3339 in UTC with seconds. */
  readonly nowIso: string;
}

/**
 * The managedFields of an object after a write that is no server-side apply: the manager owns
 * what it changed, everybody else loses that and what is gone. Returns those of `live` themselves
 * if nothing changes; `undefined` if there are none.
 */
export function updateManagedFields(
  input: UpdateManagedFieldsInput,
): readonly ManagedFieldsEntry[] | undefined {
  const { live, updated } = input;
  const managers = managersBefore(input);
  const isCreate = live === undefined || (live.metadata.uid ?? "") === "";
  // An object without entries stays without, until somebody applies to it.
  if (managers.size === 0 && !isCreate) return undefined;
  try {
    const next = withoutManagedFields(updated);
    const before = live === undefined ? emptyLike(input, updated) : withoutManagedFields(live);
    const after = trackUpdate(input, { live: before, next, managers });
    return keepUnchanged(live?.metadata.managedFields, encodeManagers(after));
  } catch (error) {
    // An object that does not fit its schema: validation will have its say; nobody owns it.
    if (error instanceof FieldTypeError) return undefined;
    throw error;
  }
}

/** The managers after `manager` has written `next` over `live`. */
export function trackUpdate(
  input: VersionContext & Pick<UpdateManagedFieldsInput, "manager" | "subresource" | "nowIso">,
  write: { readonly live: JsonObject; readonly next: JsonObject; readonly managers: Managers },
): Managers {
  const reconciled = reconcileManagers(input, write.live, write.managers);
  const { comparison, managers } = updateOwnership(input, write, {
    managers: reconciled,
    self: "",
  });
  const touched = unionFields(comparison.modified, comparison.added);
  const own = stripFields(
    input.resetFields ? recursiveDifferenceFields(touched, input.resetFields) : touched,
  );
  if (isEmptyFieldSet(own)) return capUpdateManagers(managers);
  const identity = {
    manager: input.manager === "" ? "unknown" : input.manager,
    operation: "Update",
    apiVersion: input.apiVersion,
    subresource: input.subresource ?? "",
  } as const;
  const id = identifyManager(identity);
  const before = managers.get(id);
  const fields = before ? unionFields(before.fields, own) : own;
  const after = { ...identity, fields, time: input.nowIso, entry: undefined };
  return capUpdateManagers(new Map(managers).set(id, after));
}

/** The managedFields to go on from: what the client sent if it is valid, else what is stored. */
function managersBefore(input: UpdateManagedFieldsInput): Managers {
  const { live, updated, subresource = "", schema } = input;
  const stored = live?.metadata.managedFields;
  const sent = updated.metadata.managedFields;
  if (subresource !== "" || sent === stored) return decodeOrNone(stored);
  if (isReset(sent, schema)) return noManagers;
  const managers = decodeOrNone(sent);
  return managers.size === 0 ? decodeOrNone(stored) : managers;
}

// `[{}]` asks to forget who owns what. So does `[]`, but in custom resources it gets lost.
function isReset(
  sent: readonly ManagedFieldsEntry[] | undefined,
  schema: SchemaNode | undefined,
): boolean {
  if (!Array.isArray(sent)) return false;
  const [only] = sent;
  if (only === undefined) return isBuiltIn(schema);
  return sent.length === 1 && Object.keys(only).length === 0;
}

function decodeOrNone(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  try {
    return decodeManagers(entries);
  } catch (error) {
    if (error instanceof SyntaxError) return noManagers;
    throw error;
  }
}

/** `before` where `after` has the same entries. */
export function keepUnchanged(
  before: readonly ManagedFieldsEntry[] | undefined,
  after: readonly ManagedFieldsEntry[] | undefined,
): readonly ManagedFieldsEntry[] | undefined {
  if (before === undefined || after === undefined || before.length !== after.length) return after;
  return before.every((entry, index) => isSameEntry(entry, after[index])) ? before : after;
}

function isSameEntry(left: ManagedFieldsEntry, right: ManagedFieldsEntry | undefined): boolean {
  return left === right || (right !== undefined && isJsonEqual(asJson(left), asJson(right)));
}

function asJson(entry: ManagedFieldsEntry): JsonObject {
  return { ...entry };
}
