import { duplicate, type FieldError, invalid, required } from "@cellplane/apimachinery";
import type { CrdSchema, CrdSelectableField } from "../custom-resource-definition.ts";
import { resolveFieldPath } from "./field-path.ts";

const maxFields = 8;
const selectableTypes = new Set(["string", "boolean", "integer"]);

/** `selectableFields`: at most 8 paths to scalar fields of the schema. */
export function validateSelectableFields(
  fields: readonly CrdSelectableField[] | undefined,
  schema: CrdSchema | undefined,
  path: string,
): readonly FieldError[] {
  const root = schema?.openAPIV3Schema;
  if (!fields || fields.length === 0 || !root) return [];
  const seen = new Set<string>();
  const errors = fields.flatMap(({ jsonPath }, index): readonly FieldError[] => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) return [required(at)];
    const outcome = resolveFieldPath(root, jsonPath, { allowArrayNotation: false });
    if (outcome.kind === "invalid")
      return [invalid(at, jsonPath, `is an invalid path: ${outcome.problem}`)];
    const isMeta = outcome.path === "metadata" || outcome.path.startsWith("metadata.");
    const isRepeated = seen.has(outcome.path);
    seen.add(outcome.path);
    return [
      ...(isMeta ? [invalid(at, jsonPath, "must not point to fields in metadata")] : []),
      ...(selectableTypes.has(outcome.schema.type ?? "")
        ? []
        : [
            invalid(
              at,
              jsonPath,
              "must point to a field of type string, boolean or integer. Enum string fields and " +
                "strings with formats are allowed.",
            ),
          ]),
      ...(isRepeated ? [duplicate(at, jsonPath)] : []),
    ];
  });
  if (seen.size <= maxFields) return errors;
  return [
    ...errors,
    {
      reason: "FieldValueTooMany",
      field: path,
      message: `Too many: ${seen.size}: must have at most ${maxFields} items`,
    },
  ];
}
