import { additionalPropertiesOf, type JsonSchemaProps } from "../json-schema-props.ts";

/** Where a path such as `.spec.color` leads, or why it leads nowhere. */
export type FieldPathOutcome =
  | {
      readonly kind: "found";
      readonly schema: JsonSchemaProps;
      /** The path in Kubernetes' form, equal for two spellings of the same path. */
      readonly path: string;
    }
  | { readonly kind: "invalid"; readonly problem: string };

const tokens = /'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/g;

/** Follows a path of `.name` and `['name']` steps through a schema. */
export function resolveFieldPath(
  root: JsonSchemaProps,
  text: string,
  options: { readonly allowArrayNotation: boolean },
): FieldPathOutcome {
  const found = Array.from(text.matchAll(tokens), ([token]) => token);
  const refuse = (problem: string): FieldPathOutcome => ({ kind: "invalid", problem });
  let schema = root;
  let path = "";
  for (let index = 0; index < found.length; index += 1) {
    const token = found[index] ?? "";
    if (token !== "." && token !== "[") return refuse(`expected [ or . but got: ${token}`);
    if (token === "[" && !options.allowArrayNotation)
      return refuse("array notation is not allowed");
    index += 1;
    const name = found[index];
    if (name === undefined) return refuse("unexpected end of JSON path");
    if (token === "[" && !/^'.*'$/.test(name))
      return refuse(`expected single quoted string but got ${name}`);
    const step = followStep(schema, token === "[" ? unquote(name) : name);
    if (!step) return refuse("does not refer to a valid field");
    schema = step.schema;
    path = step.isNamed
      ? path === ""
        ? step.name
        : `${path}.${step.name}`
      : `${path}[${step.name}]`;
    if (token === ".") continue;
    index += 1;
    const close = found[index];
    if (close === undefined) return refuse("unexpected end of JSON path");
    if (close !== "]") return refuse(`expected ] but got ${close}`);
  }
  return { kind: "found", schema, path };
}

interface Step {
  readonly schema: JsonSchemaProps;
  readonly name: string;
  readonly isNamed: boolean;
}

function followStep(schema: JsonSchemaProps, name: string): Step | undefined {
  if (schema.properties && Object.keys(schema.properties).length > 0) {
    const property = schema.properties[name];
    return property && { schema: property, name, isNamed: true };
  }
  const additional = additionalPropertiesOf(schema);
  return additional && { schema: additional, name, isNamed: false };
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(['\\])/g, "$1");
}
