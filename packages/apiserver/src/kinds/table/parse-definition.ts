import type { JsonObject, JsonValue } from "@cellplane/apimachinery";

/** One property of a definition, as its line tells. */
export interface BuiltinProperty {
  readonly name: string;
  /** Protobuf field numbers; more than one where the field lies in a message that JSON flattens. */
  readonly numbers: readonly number[];
  /** As in OpenAPI v2, with bare names in `$ref`. */
  readonly schema: JsonObject;
  /** A scalar that is absent when it is not set, so that its zero value says something. */
  readonly isPointer: boolean;
  /** What OpenAPI v3 publishes as default; a zero value only says what absence means. */
  readonly defaultValue: JsonValue | undefined;
}

/** One definition, as its line tells. */
export interface BuiltinDefinition {
  readonly name: string;
  /** Group versions in which it is a kind of its own; `everywhere` for what each has. */
  readonly kindIn: readonly string[] | "everywhere";
  readonly required: readonly string[];
  readonly atomic: boolean;
  readonly unions: readonly JsonObject[];
  /** The schema of a definition without properties. */
  readonly plain: JsonObject | undefined;
  readonly properties: readonly BuiltinProperty[];
}

/**
 * Reads one line of `definitions/*.txt`: tab-separated, first the definition, then its properties.
 *
 * The definition: its name, then any of `kind=<group version>`, `required=a,b`, `atomic`,
 * `union=<discriminator>;field:Value,…`, `is=<type>` where it has no properties.
 *
 * A property: `<name> [<number>[.<number>…]] <type>[?]` and any of `atomic`, `set`, `map=<keys>` (list
 * types; of an object `atomic` or `granular`, its map type), `key=<merge key>`, `patch=<strategies>`,
 * `default=<JSON>`. `?` marks a scalar that is a pointer in Go.
 *
 * A type: `s` string, `b` bytes, `t` time, `x` int-or-string, `n` integer, `i` int32, `l` int64,
 * `d` double, `B` boolean, `o` object, `*` anything, `[T]` list, `{T}` map, `(a|b)` one of these strings,
 * `>Name` reference within the package, `>a.b.Name` reference to `io.k8s.a.b.Name`.
 */
export function parseDefinition(line: string, prefix: string): BuiltinDefinition {
  const [head = "", ...properties] = line.split("\t");
  const [name = "", ...words] = head.split(" ");
  const kinds = words.filter((word) => word.startsWith("kind=")).map((word) => word.slice(5));
  const plain = markedWith(words, "is=");
  return {
    name: `${prefix}.${name}`,
    kindIn: kinds[0] === "everywhere" ? "everywhere" : kinds,
    required: listOf(markedWith(words, "required=")),
    atomic: words.includes("atomic"),
    unions: words.filter((word) => word.startsWith("union=")).map(parseUnion),
    plain: plain === undefined ? undefined : parseType(plain, prefix),
    properties: properties.map((text) => parseProperty(text, prefix)),
  };
}

const propertyPattern = /^(\S+)(?: ([\d.]+))? (\([^)]*\)|\[\([^)]*\)\]|\S+?)(\?)?(?: (.*))?$/;

function parseProperty(text: string, prefix: string): BuiltinProperty {
  const match = propertyPattern.exec(text);
  if (!match) throw new Error(`Cannot read the property ${text}`);
  const [, name = "", numbers, type = "", pointer, rest] = match;
  const marks = rest === undefined ? [] : rest.split(" ");
  const defaultText = markedWith(marks, "default=");
  return {
    name,
    numbers: numbers === undefined ? [] : numbers.split(".").map(Number),
    schema: { ...parseType(type, prefix), ...parseMarks(marks, type) },
    isPointer: pointer !== undefined,
    defaultValue: defaultText === undefined ? undefined : (JSON.parse(defaultText) as JsonValue),
  };
}

function parseMarks(marks: readonly string[], type: string): JsonObject {
  const schema: Record<string, JsonValue> = {};
  for (const mark of marks) {
    const [word, value = ""] = splitOnce(mark, "=");
    if (word === "atomic" || word === "set" || word === "granular") {
      schema[
        type.startsWith("[") || type === "b" ? "x-kubernetes-list-type" : "x-kubernetes-map-type"
      ] = word;
    } else if (word === "map") {
      schema["x-kubernetes-list-type"] = "map";
      schema["x-kubernetes-list-map-keys"] = value.split(",");
    } else if (word === "key") schema["x-kubernetes-patch-merge-key"] = value;
    else if (word === "patch") schema["x-kubernetes-patch-strategy"] = value;
  }
  return schema;
}

const scalars: Readonly<Record<string, JsonObject>> = {
  s: { type: "string" },
  b: { type: "string", format: "byte" },
  t: { type: "string", format: "date-time" },
  x: { type: "string", format: "int-or-string" },
  n: { type: "integer" },
  i: { type: "integer", format: "int32" },
  l: { type: "integer", format: "int64" },
  d: { type: "number", format: "double" },
  B: { type: "boolean" },
  o: { type: "object" },
  "*": {},
};

function parseType(text: string, prefix: string): JsonObject {
  const inner = text.slice(1, -1);
  if (text.startsWith("[")) return { type: "array", items: parseType(inner, prefix) };
  if (text.startsWith("{")) {
    return { type: "object", additionalProperties: parseType(inner, prefix) };
  }
  if (text.startsWith("(")) return { type: "string", enum: inner.split("|") };
  if (text.startsWith(">")) return { $ref: fullName(text.slice(1), prefix) };
  const scalar = scalars[text];
  if (scalar === undefined) throw new Error(`Cannot read the type ${text}`);
  return scalar;
}

function fullName(name: string, prefix: string): string {
  return name.includes(".") ? `io.k8s.${name}` : `${prefix}.${name}`;
}

function parseUnion(word: string): JsonObject {
  const [discriminator = "", fields = ""] = word.slice("union=".length).split(";");
  const pairs = fields.split(",").map((pair) => pair.split(":"));
  return {
    ...(discriminator === "" ? {} : { discriminator }),
    "fields-to-discriminateBy": Object.fromEntries(pairs),
  };
}

function markedWith(words: readonly string[], mark: string): string | undefined {
  return words.find((word) => word.startsWith(mark))?.slice(mark.length);
}

function splitOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",");
}
