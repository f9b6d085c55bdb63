import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { ResourceDefinition } from "./resource.ts";

/** The selectable fields of all versions of a resource, beyond name and namespace. */
export function selectableFieldsOf(definition: ResourceDefinition): readonly string[] {
  return [...new Set(definition.versions.flatMap((version) => version.selectableFields))];
}

/** The values of these fields as selectors see them: absent ones are empty. */
export function selectableValues(
  definition: ResourceDefinition,
  object: KubernetesObject,
  fields: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.map((field) => [
      field,
      definition.strategy.fieldValue?.(object, field) ?? plainValue(object, field),
    ]),
  );
}

function plainValue(object: KubernetesObject, field: string): string {
  let value: JsonValue | undefined = object as unknown as JsonObject;
  for (const step of field.split(".")) {
    if (!isJsonObject(value)) return "";
    value = value[step];
  }
  if (value === undefined || value === null || typeof value === "object") return "";
  return String(value);
}
