import {
  badRequest,
  type FieldSelector,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from "@cellplane/apimachinery";
import { convertObjects } from "../registry/convert-object.ts";
import { selectableValues } from "../registry/selectable-fields.ts";
import type { ObjectFilter } from "../watch-cache/cache-event.ts";
import type { CachedObject } from "../watch-cache/cached-object.ts";
import type { CacheScope } from "../watch-cache/subscribers.ts";
import type { ListOptions } from "./list-options.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** Which objects a list or watch is about. */
export interface Selection {
  readonly scope: CacheScope;
  /** Absent: all in the scope. */
  readonly filter: ObjectFilter | undefined;
}

const ownFields: readonly string[] = ["metadata.name", "metadata.namespace"];

/** Reads scope and selectors. @throws {StatusError} 400 */
export function parseSelection(target: ResourceRequest, options: ListOptions): Selection {
  const labels = parsed(() => parseLabelSelector(options.labelSelector));
  const fields = parsed(() => parseFieldSelector(options.fieldSelector));
  for (const { field } of fields.requirements) checkField(target, field);
  const byLabels: ObjectFilter | undefined = labels.empty
    ? undefined
    : (object) => labels.matches(object.labels);
  const byFields = fields.empty ? undefined : fieldFilter(target, fields);
  return { scope: scopeOf(target, fields), filter: both(byLabels, byFields) };
}

// A selector for one name or one namespace narrows what has to be looked at; it stays a filter too.
function scopeOf({ request, definition }: ResourceRequest, fields: FieldSelector): CacheScope {
  const name = fields.exactValue("metadata.name");
  const selected = definition.namespaced ? fields.exactValue("metadata.namespace") : undefined;
  const own = definition.namespaced ? request.info.namespace : "";
  const namespace = own === "" ? selected : own;
  return {
    ...(namespace === undefined || namespace === "" ? {} : { namespace }),
    ...(name === undefined || name === "" ? {} : { name }),
  };
}

function checkField({ definition, version }: ResourceRequest, field: string): void {
  if (ownFields.includes(field) || version.selectableFields.includes(field)) return;
  const isOwnConversion = definition.origin === "crd" || version.selectableFields.length > 0;
  if (isOwnConversion) throw badRequest(`field label not supported: ${field}`);
  const known = ownFields.map((each) => JSON.stringify(each)).join(", ");
  throw badRequest(`${JSON.stringify(field)} is not a known field selector: only ${known}`);
}

function fieldFilter(target: ResourceRequest, fields: FieldSelector): ObjectFilter {
  if (!target.definition.aliasOf) {
    return (object) => fields.matches((field) => valueOf(object, field));
  }
  return (object) => {
    const values = convertedValues(target, object);
    return fields.matches((field) => values[field] ?? valueOf(object, field));
  };
}

function valueOf(object: CachedObject, field: string): string | undefined {
  if (field === "metadata.name") return object.name;
  if (field === "metadata.namespace") return object.namespace;
  return object.fields?.[field];
}

// The fields of an alias are those of the object as the alias shows it.
function convertedValues(
  { definition, version, store }: ResourceRequest,
  cached: CachedObject,
): Readonly<Record<string, string>> {
  const objects = convertObjects(definition, [store.cache.parse(cached)], version);
  const [object] = objects instanceof Promise ? [] : objects;
  return object ? selectableValues(definition, object, version.selectableFields) : {};
}

function both(
  first: ObjectFilter | undefined,
  second: ObjectFilter | undefined,
): ObjectFilter | undefined {
  if (first && second) return (object) => first(object) && second(object);
  return first ?? second;
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
