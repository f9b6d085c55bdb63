import type { JsonObject, JsonValue, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourceVersion, TableColumn } from "../registry/resource.ts";
import type { RequestedForm } from "./answer-form.ts";

/** Metadata of a list answer. */
export interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** What shapes a Table. */
export interface TableContext {
  readonly version: ResourceVersion;
  readonly form: RequestedForm;
  readonly nowMs: number;
}

/** The `PartialObjectMetadata` of an object. */
export function partialOf(object: KubernetesObject, metaVersion: string): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${metaVersion}`,
    metadata: object.metadata as unknown as JsonObject,
  };
}

/** The Table of objects: columns are left out (`null`) in all but the first event of a watch. */
export function tableOf(
  objects: readonly KubernetesObject[],
  metadata: ListMetadata,
  context: TableContext & { readonly columns?: "none" },
): JsonObject {
  const { version, form } = context;
  const columns = context.columns === "none" ? null : version.printer.columns.map(columnOf);
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.metaVersion}`,
    metadata: metadata as unknown as JsonObject,
    columnDefinitions: columns,
    rows: objects.map((object) => rowOf(object, context)),
  };
}

function columnOf(column: TableColumn): JsonObject {
  const { name, type, format, description, priority } = column;
  return { name, type, format, description, priority };
}

function rowOf(object: KubernetesObject, { version, form, nowMs }: TableContext): JsonValue {
  return {
    cells: version.printer.cells(object, nowMs),
    object: rowObject(object, form),
  };
}

function rowObject(object: KubernetesObject, form: RequestedForm): JsonValue {
  switch (form.includeObject) {
    case "None":
      return null;
    case "Object":
      return object as unknown as JsonObject;
    case "Metadata":
      return partialOf(object, form.metaVersion);
  }
}
