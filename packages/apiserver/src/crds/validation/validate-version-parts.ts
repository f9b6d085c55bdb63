import { type FieldError, invalid, required } from "@cellplane/apimachinery";
import type { CrdColumn, CrdSubresources, CrdVersion } from "../custom-resource-definition.ts";

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = [
  "byte",
  "date",
  "date-time",
  "double",
  "float",
  "int32",
  "int64",
  "password",
];
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** `additionalPrinterColumns`. */
export function validateColumns(
  columns: readonly CrdColumn[] | undefined,
  path: string,
): readonly FieldError[] {
  return (columns ?? []).flatMap((column, index) => validateColumn(column, `${path}[${index}]`));
}

/** `subresources`: paths of `scale` must lie where main and status updates keep them apart. */
export function validateSubresources(
  subresources: CrdSubresources | undefined,
  path: string,
): readonly FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const { labelSelectorPath } = scale;
  return [
    ...validateScalePath(scale.specReplicasPath, `${path}.scale.specReplicasPath`, ["spec"]),
    ...validateScalePath(scale.statusReplicasPath, `${path}.scale.statusReplicasPath`, ["status"]),
    ...(labelSelectorPath
      ? validateScalePath(labelSelectorPath, `${path}.scale.labelSelectorPath`, ["spec", "status"])
      : []),
  ];
}

/** `deprecationWarning`: at most 256 printable characters, on deprecated versions only. */
export function validateDeprecation(version: CrdVersion, path: string): readonly FieldError[] {
  const { deprecationWarning: text } = version;
  if (text === undefined) return [];
  const refuse = (detail: string): FieldError =>
    invalid(`${path}.deprecationWarning`, text, detail);
  if (!version.deprecated) return [refuse("can only be set for deprecated versions")];
  const at = text.search(unprintable);
  return [
    ...(text.length > 256 ? [refuse("must be <= 256 characters long")] : []),
    ...(text === "" ? [refuse("must not be an empty string")] : []),
    ...(at >= 0
      ? [
          refuse(
            "must only contain printable UTF-8 characters; non-printable character found at " +
              `index ${Buffer.byteLength(text.slice(0, at))}`,
          ),
        ]
      : []),
  ];
}

function validateColumn(column: CrdColumn, path: string): readonly FieldError[] {
  const { name, type, format, jsonPath } = column;
  const types = `must be one of ${columnTypes.join(",")}`;
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(type ? [] : [required(`${path}.type`, types)]),
    ...(type && !columnTypes.includes(type) ? [invalid(`${path}.type`, type, types)] : []),
    ...(format && !columnFormats.includes(format)
      ? [invalid(`${path}.format`, format, `must be one of ${columnFormats.join(",")}`)]
      : []),
    ...(jsonPath ? validateJsonPath(jsonPath, `${path}.JSONPath`) : [required(`${path}.JSONPath`)]),
  ];
}

function validateScalePath(
  value: string | undefined,
  path: string,
  roots: readonly string[],
): readonly FieldError[] {
  if (!value) return [required(path)];
  const errors = validateJsonPath(value, path);
  if (errors.length > 0) return errors;
  if (roots.some((root) => value.startsWith(`.${root}.`))) return [];
  const places = roots.map((root) => `.${root}`).join(" or ");
  const either = roots.length > 1 ? "either " : "";
  return [invalid(path, value, `should be a json path under ${either}${places}`)];
}

function validateJsonPath(value: string, path: string): readonly FieldError[] {
  if (value.startsWith(".")) return [];
  return [invalid(path, value, "must be a simple json path starting with .")];
}
