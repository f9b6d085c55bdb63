import type { JsonObject } from "../meta/json-value.ts";
import type { KubernetesObject, ManagedFieldsEntry } from "../meta/kubernetes-object.ts";
import { isJsonEqual } from "../meta/json-equal.ts";
import { omitNulls } from "../patch/omit-nulls.ts";
import { StatusError } from "../status/status-error.ts";
import { badRequest } from "../status/status-errors.ts";
import {
  type ApplyConflict,
  describeConflicts,
  formatConflicts,
  withoutAllowed,
} from "./apply-conflict.ts";
import { collectFields } from "./collect-fields.ts";
import { emptyLike } from "./empty-object.ts";
import { type FieldSet, isEmptyFieldSet, recursiveDifferenceFields } from "./field-set.ts";
import { FieldType, isBuiltIn } from "./field-type.ts";
import { fieldsLastApplied, refreshLastApplied } from "./last-applied.ts";
import { FieldTypeError } from "./list-element.ts";
import {
  decodeManagers,
  encodeManagers,
  identifyManager,
  type Manager,
  type Managers,
} from "./managers.ts";
import { mergeFields } from "./merge-fields.ts";
import {
  asKubernetesObject,
  type VersionContext,
  withoutManagedFields,
} from "./object-versions.ts";
import { pruneFields } from "./prune-fields.ts";
import { stripFields } from "./strip-fields.ts";
import { keepUnchanged, trackUpdate } from "./update-managed-fields.ts";
import { reconcileManagers, updateOwnership } from "./update-ownership.ts";
import { validateApplied } from "./validate-applied.ts";

/** A server-side apply. */
export interface ApplyServerSideInput extends VersionContext {
  /** What is stored, in the version of the request; absent if the apply creates. */
  readonly live: KubernetesObject | undefined;
  /** The body of the request. */
  readonly applied: KubernetesObject;
  readonly manager: string;
  /** Takes over what others own instead of a conflict. */
  readonly force: boolean;
  /** `status`, `scale` …; empty for the resource itself. */
  readonly subresource?: string | undefined;
  /** The time of the write, RFC 3339 in UTC with seconds. */
  readonly nowIso: string;
  /** The kind of the resource; the body must be of it. */
  readonly kind?: string | undefined;
}

/** What an apply comes to. */
export type ApplyOutcome =
  | {
      readonly kind: "applied";
      /** Before defaulting; `live` itself if nothing changed. */
      readonly object: KubernetesObject;
      readonly changed: boolean;
    }
  | {
      readonly kind: "conflict";
      readonly conflicts: readonly ApplyConflict[];
      /** Kubernetes' text for all of them. */
      readonly message: string;
    };

/**
 * Merges an applied configuration into an object and keeps book of who owns what.
 *
 * @throws {StatusError} 400 if the body is of another type or has managedFields, 500 (as
 * Kubernetes has it) if the body does not fit the schema.
 */
export function applyServerSide(input: ApplyServerSideInput): ApplyOutcome {
  checkApplied(input);
  try {
    const managers = managersBefore(input);
    const attempt = merge(input, managers, input.force);
    if (attempt.conflicts.size === 0) return finish(input, attempt);
    const conflicts = withoutAllowed(attempt.conflicts, allowedConflicts(input));
    if (conflicts.size === 0) return finish(input, merge(input, managers, true));
    const described = describeConflicts(managers, conflicts);
    return { kind: "conflict", conflicts: described, message: formatConflicts(described) };
  } catch (error) {
    if (!(error instanceof FieldTypeError)) throw error;
    throw new StatusError(
      "",
      `failed to create typed live object (${describeObject(input.live ?? input.applied)}): ${error.message}`,
      { cause: error },
    );
  }
}

/** The 409 that Kubernetes answers to a conflict, with a cause for each field. */
export function applyConflictError(
  conflict: Extract<ApplyOutcome, { readonly kind: "conflict" }>,
): StatusError {
  const causes = conflict.conflicts.flatMap(({ description, fields }) =>
    fields.map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${description}`,
      field,
    })),
  );
  return new StatusError("Conflict", conflict.message, { details: { causes } });
}

function checkApplied({ applied, apiVersion, kind, schema }: ApplyServerSideInput): void {
  const isOther =
    applied.apiVersion !== apiVersion || (kind !== undefined && applied.kind !== kind);
  if (isOther) throw badRequest(`invalid object type: ${describeType(applied)}`);
  const sent: unknown = applied.metadata?.managedFields;
  if (sent !== undefined && sent !== null) throw badRequest("metadata.managedFields must be nil");
  const problems = validateApplied(FieldType.of(schema), withoutManagedFields(applied));
  if (problems.length === 0) return;
  const text = problems.length === 1 ? problems[0] : ["errors:", ...problems].join("\n  ");
  throw new StatusError(
    "",
    `failed to create typed patch object (${describeObject(applied)}): ${text}`,
  );
}

/** The managers of the live object; whoever made one that has none is `before-first-apply`. */
function managersBefore(input: ApplyServerSideInput): Managers {
  const { live } = input;
  if (live === undefined) return new Map();
  const managers = decodeLive(live);
  const next = withoutManagedFields(live);
  if (managers.size > 0) return reconcileManagers(input, next, managers);
  const first = { ...input, manager: "before-first-apply" };
  return trackUpdate(first, { live: emptyLike(input, live), next, managers });
}

function decodeLive(live: KubernetesObject): Managers {
  try {
    return decodeManagers(live.metadata.managedFields);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new StatusError("", `failed to decode managed fields: ${error.message}`, {
      cause: error,
    });
  }
}

interface Attempt {
  readonly object: JsonObject;
  readonly managers: Managers;
  readonly conflicts: ReadonlyMap<string, FieldSet>;
  readonly self: string;
  readonly last: Manager | undefined;
}

function merge(input: ApplyServerSideInput, managers: Managers, force: boolean): Attempt {
  const { apiVersion, resetFields, schema } = input;
  const type = FieldType.of(schema);
  const applied = withoutManagedFields(input.applied);
  const live = input.live === undefined ? {} : withoutManagedFields(input.live);
  const identity = {
    manager: input.manager,
    operation: "Apply",
    apiVersion,
    subresource: input.subresource ?? "",
  } as const;
  const self = identifyManager(identity);
  const last = managers.get(self);
  const collected = collectFields(type, applied);
  const fields = resetFields ? recursiveDifferenceFields(collected, resetFields) : collected;
  const own: Manager = { ...identity, fields, time: last?.time, entry: undefined };
  const claimed = new Map(managers).set(self, own);
  const merged = mergeFields(type, { live, applied });
  const object = pruneFields(input, { merged, last, managers: claimed, self });
  const change = updateOwnership(input, { live, next: object }, { managers: claimed, self });
  const conflicts = force ? new Map<string, FieldSet>() : change.conflicts;
  return { object, managers: change.managers, conflicts, self, last };
}

function allowedConflicts(input: ApplyServerSideInput): FieldSet {
  if (input.manager !== "kubectl" || input.live === undefined) return {};
  return fieldsLastApplied(input, input.live);
}

function finish(input: ApplyServerSideInput, attempt: Attempt): ApplyOutcome {
  const { live, applied, nowIso } = input;
  const before = live === undefined ? undefined : withoutManagedFields(live);
  const isSame = before !== undefined && isJsonEqual(before, attempt.object);
  const entries = encodeManagers(recordApply(attempt, isSame ? undefined : nowIso));
  const managedFields = keepUnchanged(live?.metadata.managedFields, entries);
  const isUnowned = managedFields === live?.metadata.managedFields;
  const next = isSame ? before : withoutNulls(input, attempt.object);
  const merged = isSame && isUnowned && live ? live : withEntries(next, managedFields);
  const object = input.manager === "kubectl" ? refreshLastApplied(merged, applied) : merged;
  return { kind: "applied", object, changed: object !== live };
}

// In a built-in kind a null is the same as nothing; in a custom resource, validation has its say.
function withoutNulls({ schema }: ApplyServerSideInput, object: JsonObject): JsonObject {
  return isBuiltIn(schema) ? omitNulls(object) : object;
}

/** The managers with the applier's stripped set; its time moves only if the object changed. */
function recordApply({ managers, self, last }: Attempt, time: string | undefined): Managers {
  const own = managers.get(self);
  if (own === undefined) return managers;
  const fields = stripFields(own.fields);
  const recorded = new Map(managers);
  if (isEmptyFieldSet(fields)) recorded.delete(self);
  else if (time !== undefined) recorded.set(self, { ...own, fields, time });
  else
    recorded.set(self, last && isSameManager(last, { ...own, fields }) ? last : { ...own, fields });
  return recorded;
}

function isSameManager(left: Manager, right: Manager): boolean {
  return left.apiVersion === right.apiVersion && isJsonEqual(left.fields, right.fields);
}

function withEntries(
  object: JsonObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): KubernetesObject {
  const plain = asKubernetesObject(object);
  if (managedFields === undefined) return plain;
  return { ...plain, metadata: { ...plain.metadata, managedFields } };
}

function describeObject(object: KubernetesObject): string {
  const { name = "", namespace = "" } = object.metadata ?? {};
  return `${namespace}/${name}; ${describeType(object)}`;
}

// Go's `GroupVersionKind.String()`: the slash stands there for the core group too.
function describeType({ apiVersion = "", kind = "" }: KubernetesObject): string {
  const isCore = !apiVersion.includes("/");
  return `${isCore ? "/" : ""}${apiVersion}, Kind=${kind}`;
}
