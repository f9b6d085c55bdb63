import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { asCompiled, type CompiledNode } from "./compiled-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Paths of the fields that pruning would drop: `spec.foo`, `spec.list[0].x`. In the order that
 * Kubernetes reports them: of a custom resource those of its own metadata first, then the others
 * sorted; of a definition as they stand in the document.
 */
export function findUnknownFields(node: SchemaNode, value: JsonValue): readonly string[] {
  const root = asCompiled(node);
  const found: string[] = [];
  find(root, value, { path: "", keep: false, found });
  if (found.length < 2 || !root.customResource) return found;
  const isMetadata = (path: string): boolean => path.startsWith("metadata.");
  const others = found.filter((path) => !isMetadata(path));
  return [...found.filter(isMetadata), ...others.sort()];
}

interface Place {
  readonly path: string;
  readonly keep: boolean;
  readonly found: string[];
}

function find(node: CompiledNode | undefined, value: JsonValue | undefined, place: Place): void {
  if (isJsonArray(value)) findInList(node?.items, value, place);
  else if (isJsonObject(value)) findInObject(node, value, place);
}

function findInList(
  items: CompiledNode | undefined,
  list: readonly JsonValue[],
  place: Place,
): void {
  const keep = place.keep || items?.preserveUnknownFields === true;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (item === null || typeof item !== "object") continue;
    find(items, item, { path: `${place.path}[${index}]`, keep, found: place.found });
  }
}

function findInObject(node: CompiledNode | undefined, object: JsonObject, place: Place): void {
  const keep = place.keep || node?.preserveUnknownFields === true;
  const properties = node?.properties;
  const additional = node?.additionalProperties;
  for (const key in object) {
    const child = properties?.get(key) ?? (additional === true ? undefined : additional);
    if (child === undefined) {
      if (!keep && additional !== true) place.found.push(joinPath(place.path, key));
      continue;
    }
    const value = object[key];
    if (value === null || typeof value !== "object") continue;
    find(child, value, {
      path: joinPath(place.path, key),
      keep: child.preserveUnknownFields,
      found: place.found,
    });
  }
}

function joinPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
