import { type ProtobufFacts, protobufNumbers } from "./protobuf-numbers.ts";

/** A schema of `builtin-schema.json`. */
export interface SchemaFact {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly items?: SchemaFact;
  readonly additionalProperties?: SchemaFact;
  readonly properties?: Readonly<Record<string, SchemaFact>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-unions"?: readonly UnionFact[];
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKindFact[];
}

interface UnionFact {
  readonly discriminator?: string;
  readonly "fields-to-discriminateBy": Readonly<Record<string, string>>;
}

interface GroupVersionKindFact {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `builtin-schema.json`, as far as it is printed. */
export interface SchemaFacts {
  readonly definitions: Readonly<Record<string, SchemaFact>>;
  readonly defaultsInV3: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What the schemas do not tell. */
export interface WireFacts {
  readonly protobuf: ProtobufFacts;
  /** A definition and its scalar properties that are pointers in Go, one definition a line. */
  readonly pointers: string;
}

/** The texts of the files of definitions, by name without ending; one a package of Go. */
export function printDefinitions(
  { definitions, defaultsInV3 }: SchemaFacts,
  { protobuf, pointers }: WireFacts,
): ReadonlyMap<string, string> {
  const pointersOf = new Map(
    pointers.split("\n").map((line) => {
      const [name = "", ...fields] = line.split(" ");
      return [`io.k8s.${name}`, new Set(fields)];
    }),
  );
  const files = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(definitions)) {
    const at = name.lastIndexOf(".");
    const prefix = name.slice(0, at);
    const lines = files.get(prefix) ?? [`package ${prefix}`];
    files.set(prefix, lines);
    const numbers = protobufNumbers(protobuf, name, Object.keys(schema.properties ?? {}));
    const defaults = defaultsInV3[name] ?? {};
    const optional = pointersOf.get(name) ?? new Set<string>();
    const context = { prefix, numbers, defaults, optional };
    lines.push(printDefinition(name.slice(at + 1), schema, context));
  }
  return new Map(
    Array.from(files, ([prefix, lines]) => [fileName(prefix), `${lines.join("\n")}\n`]),
  );
}

/** The text of `everywhere.txt`: the group versions that have the kinds that each has. */
export function printEverywhere({ definitions }: SchemaFacts): string {
  const kinds = Object.values(definitions)
    .map((schema) => schema["x-kubernetes-group-version-kind"] ?? [])
    .find(({ length }) => length > 1);
  const lines = (kinds ?? []).map(({ group, version }) => formatGroupVersion(group, version));
  return `${lines.join("\n")}\n`;
}

function formatGroupVersion(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

interface PrintContext {
  readonly prefix: string;
  readonly numbers: ReadonlyMap<string, string>;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly optional: ReadonlySet<string>;
}

function fileName(prefix: string): string {
  return prefix
    .replace(/^io\.k8s\.(api\.)?/, "")
    .replace(/(apimachinery|apiextensions-apiserver|kube-aggregator)\.pkg\.(apis\.|api\.)?/, "");
}

function printDefinition(name: string, schema: SchemaFact, context: PrintContext): string {
  const head = [name];
  const kinds = schema["x-kubernetes-group-version-kind"] ?? [];
  if (kinds.length > 1) head.push("kind=everywhere");
  for (const { group, version } of kinds.length === 1 ? kinds : []) {
    head.push(`kind=${formatGroupVersion(group, version)}`);
  }
  if (schema.required) head.push(`required=${schema.required.join(",")}`);
  if (schema["x-kubernetes-map-type"] === "atomic") head.push("atomic");
  for (const union of schema["x-kubernetes-unions"] ?? []) head.push(printUnion(union));
  if (!schema.properties) head.push(`is=${printType(schema, context.prefix)}`);
  const properties = Object.entries(schema.properties ?? {}).map(([property, fact]) =>
    printProperty(property, fact, context),
  );
  return [head.join(" "), ...properties].join("\t");
}

function printUnion(union: UnionFact): string {
  const fields = Object.entries(union["fields-to-discriminateBy"]);
  const pairs = fields.map(([field, value]) => `${field}:${value}`);
  return `union=${union.discriminator ?? ""};${pairs.join(",")}`;
}

function printProperty(name: string, schema: SchemaFact, context: PrintContext): string {
  const parts = [name];
  const number = context.numbers.get(name);
  if (number !== undefined) parts.push(number);
  parts.push(`${printType(schema, context.prefix)}${context.optional.has(name) ? "?" : ""}`);
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType !== undefined) parts.push(mapType);
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "map") {
    parts.push(`map=${(schema["x-kubernetes-list-map-keys"] ?? []).join(",")}`);
  } else if (listType !== undefined) parts.push(listType);
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  if (mergeKey !== undefined) parts.push(`key=${mergeKey}`);
  const strategy = schema["x-kubernetes-patch-strategy"];
  if (strategy !== undefined) parts.push(`patch=${strategy}`);
  const value = context.defaults[name];
  if (value !== undefined) parts.push(`default=${JSON.stringify(value)}`);
  return parts.join(" ");
}

const letters: Readonly<Record<string, string>> = {
  string: "s",
  "string:byte": "b",
  "string:date-time": "t",
  "string:int-or-string": "x",
  integer: "n",
  "integer:int32": "i",
  "integer:int64": "l",
  "number:double": "d",
  boolean: "B",
  object: "o",
  "": "*",
};

function printType(schema: SchemaFact, prefix: string): string {
  if (schema.$ref !== undefined) return `>${printReference(schema.$ref, prefix)}`;
  if (schema.enum) return `(${schema.enum.join("|")})`;
  if (schema.items) return `[${printType(schema.items, prefix)}]`;
  if (schema.additionalProperties) return `{${printType(schema.additionalProperties, prefix)}}`;
  const { type = "", format } = schema;
  const letter = letters[format === undefined ? type : `${type}:${format}`];
  if (letter === undefined) throw new Error(`Cannot print the type ${JSON.stringify(schema)}`);
  return letter;
}

function printReference(name: string, prefix: string): string {
  const at = name.lastIndexOf(".");
  return name.slice(0, at) === prefix ? name.slice(at + 1) : name.replace(/^io\.k8s\./, "");
}
