import { hasFormat, type KubernetesObject } from "@cellplane/apimachinery";
import { decodeCrd } from "./custom-resource-definition.ts";
import { type JsonSchemaProps, walkSchemas } from "./json-schema-props.ts";

const numberFormats: Readonly<Record<string, readonly string[]>> = {
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** Warns of formats that are not checked, once they are new. */
export function warnOfCrd(
  object: KubernetesObject,
  old: KubernetesObject | undefined,
): readonly string[] {
  const known = new Set(old ? unknownFormats(old) : []);
  return unknownFormats(object)
    .filter((format) => !known.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats(object: KubernetesObject): readonly string[] {
  const schemas = decodeCrd(object).spec.versions.flatMap(({ schema }) =>
    schema?.openAPIV3Schema ? Array.from(walkSchemas(schema.openAPIV3Schema)) : [],
  );
  const formats = schemas.filter((schema) => !isKnown(schema)).map(({ format }) => format ?? "");
  return Array.from(new Set(formats));
}

function isKnown({ type, format }: JsonSchemaProps): boolean {
  if (!format) return true;
  if (!type || type === "string") return hasFormat(format, "") !== undefined;
  return numberFormats[type]?.includes(format) ?? false;
}
