import type { JsonObject } from "../meta/json-value.ts";
import type { KubernetesObject } from "../meta/kubernetes-object.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import type { FieldSet } from "./field-set.ts";
import { FieldType } from "./field-type.ts";

/** An object in one of its versions. */
export interface VersionedObject {
  readonly object: KubernetesObject;
  /** The schema of that version; absent where there is none. */
  readonly schema: SchemaNode | undefined;
  /**
   * Fields that the endpoint resets, in that version. Kubernetes knows them for every version at
   * `/status`, but only for the version of the request at a custom resource itself.
   */
  readonly resetFields?: FieldSet;
}

/**
 * Converts an object for those entries of managedFields that were written in another version.
 * `undefined` where that version is not served any more: such entries are dropped.
 */
export type ConvertVersion = (
  object: KubernetesObject,
  apiVersion: string,
) => VersionedObject | undefined;

/** Where a write happens, and how to see objects in other versions. */
export interface VersionContext {
  /** The version of the request, and of the objects that are passed. */
  readonly apiVersion: string;
  readonly schema: SchemaNode | undefined;
  readonly resetFields?: FieldSet | undefined;
  /**
   * What a created object is compared with: a built-in kind as Kubernetes writes it when nothing is
   * set. Absent: guessed from the schema (`createEmptyObject`).
   */
  readonly emptyObject?: JsonObject | undefined;
  /** Absent: entries of other versions are taken as if they were of this one. */
  readonly toVersion?: ConvertVersion | undefined;
}

/** An object with its type, ready to be walked. */
export interface TypedObject {
  readonly type: FieldType;
  readonly object: JsonObject;
  readonly resetFields: FieldSet | undefined;
}

/** The object in a version; `undefined` where it cannot be converted. */
export function inVersion(
  context: VersionContext,
  object: JsonObject,
  apiVersion: string,
): TypedObject | undefined {
  const { schema, resetFields, toVersion } = context;
  const isOther = toVersion !== undefined && object["apiVersion"] !== apiVersion;
  if (!isOther) return { type: FieldType.of(schema), object, resetFields };
  const converted = toVersion(asKubernetesObject(object), apiVersion);
  if (converted === undefined) return undefined;
  return {
    type: FieldType.of(converted.schema),
    object: withoutManagedFields(converted.object),
    resetFields: converted.resetFields,
  };
}

/** The object as plain JSON and without managedFields, which nobody owns. */
export function withoutManagedFields(object: KubernetesObject): JsonObject {
  const { metadata } = object;
  if (metadata?.managedFields === undefined) return object as unknown as JsonObject;
  const { managedFields: _managedFields, ...rest } = metadata;
  return { ...object, metadata: rest } as unknown as JsonObject;
}

/** The object with type again. */
export function asKubernetesObject(object: JsonObject): KubernetesObject {
  return object as unknown as KubernetesObject;
}
