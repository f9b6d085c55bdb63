import {
  compileJsonPath,
  type JsonPath,
  JsonPathError,
  type JsonValue,
  type KubernetesObject,
  stringifyJson,
} from "@cellplane/apimachinery";
import { formatAge } from "../registry/human-duration.ts";
import type { TableColumn, TablePrinter } from "../registry/resource.ts";
import type { CrdColumn } from "./custom-resource-definition.ts";

type Cell = string | number | boolean | null;

const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description:
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
  priority: 0,
};

const ageColumn: CrdColumn = {
  name: "Age",
  type: "date",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  jsonPath: ".metadata.creationTimestamp",
};

/** Prints the name and a CRD's columns, or the age where it has none. */
export function createColumnPrinter(columns: readonly CrdColumn[]): TablePrinter {
  const own = columns.length > 0 ? columns : [ageColumn];
  const readers = own.map(({ type, jsonPath }) => ({ type, find: compilePath(jsonPath) }));
  return {
    columns: [nameColumn, ...own.map(toTableColumn)],
    cells: (object, nowMs) => [
      object.metadata.name ?? "",
      ...readers.map((reader) => readCell(object, reader, nowMs)),
    ],
  };
}

function toTableColumn(column: CrdColumn): TableColumn {
  const { name, type, format = "", description, jsonPath, priority = 0 } = column;
  return {
    name,
    type,
    format,
    description:
      description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
  };
}

function readCell(
  object: KubernetesObject,
  reader: { readonly type: string; readonly find: JsonPath },
  nowMs: number,
): Cell {
  const [value] = reader.find(object as unknown as JsonValue);
  if (value === undefined || value === null) return null;
  if (reader.type === "string") return typeof value === "string" ? value : stringifyJson(value);
  if (reader.type === "boolean") return typeof value === "boolean" ? value : null;
  if (reader.type === "date") return typeof value === "string" ? formatAge(value, nowMs) : null;
  if (typeof value !== "number" && typeof value !== "bigint") return null;
  return reader.type === "integer" ? Math.trunc(Number(value)) : Number(value);
}

// Columns were checked for no more than the dot in front.
function compilePath(path: string): JsonPath {
  try {
    return compileJsonPath(path);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return () => [];
  }
}
