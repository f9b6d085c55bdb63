import { type FieldError, required } from "@cellplane/apimachinery";
import { itemsOf, type JsonSchemaProps, propertiesOf } from "../json-schema-props.ts";

/** Where a rule stands and where the schema of the same value stands. */
interface Paths {
  readonly schema: string;
  readonly rule: string;
}

/**
 * Fields named under `allOf`, `anyOf`, `oneOf` and `not` of the root must also be specified outside
 * of them. (Kubernetes looks at the root's only.)
 */
export function validateCompleteness(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  return checkJunctors(schema, schema, { schema: path, rule: path });
}

function checkJunctors(
  rule: JsonSchemaProps,
  schema: JsonSchemaProps | undefined,
  paths: Paths,
): readonly FieldError[] {
  const nested = (kind: "allOf" | "anyOf" | "oneOf"): readonly FieldError[] =>
    (rule[kind] ?? []).flatMap((each, index) =>
      checkNested(each, schema, { ...paths, rule: `${paths.rule}.${kind}[${index}]` }),
    );
  return [
    ...(rule.not ? checkNested(rule.not, schema, { ...paths, rule: `${paths.rule}.not` }) : []),
    ...nested("allOf"),
    ...nested("anyOf"),
    ...nested("oneOf"),
  ];
}

function checkNested(
  rule: JsonSchemaProps,
  schema: JsonSchemaProps | undefined,
  paths: Paths,
): readonly FieldError[] {
  if (!schema) return [required(paths.schema, `because it is defined in ${paths.rule}`)];
  const items = itemsOf(rule);
  const below = (step: string): Paths => ({
    schema: `${paths.schema}.${step}`,
    rule: `${paths.rule}.${step}`,
  });
  return [
    ...checkJunctors(rule, schema, paths),
    ...(items ? checkNested(items, itemsOf(schema), below("items")) : []),
    ...propertiesOf(rule).flatMap(([name, property]) =>
      checkNested(property, schema.properties?.[name], below(`properties[${name}]`)),
    ),
  ];
}
