import { readdirSync, readFileSync } from "node:fs";
import {
  createSchemaCompiler,
  formatGroupVersion,
  type GroupVersionKind,
  type JsonObject,
  type ProtobufMessage,
  type ProtobufMessages,
  type SchemaNode,
} from "@cellplane/apimachinery";
import { compiledSchema } from "./compiled-schema.ts";
import { type OpenApiForm, publishedDefinition } from "./open-api-definition.ts";
import { type BuiltinDefinition, parseDefinition } from "./parse-definition.ts";
import { protobufMessage } from "./protobuf-message.ts";

/** The schemas of the API server's own kinds. Each is read, and compiled, when it is asked for. */
export interface BuiltinDefinitions {
  /** All names, such as `io.k8s.api.core.v1.ConfigMap`, sorted. */
  readonly names: readonly string[];
  /** The name of a kind's definition. */
  nameOf(gvk: GroupVersionKind): string | undefined;
  /** The compiled schema; every use of a definition is the same node. */
  schemaOf(name: string): SchemaNode | undefined;
  /** The definition as OpenAPI publishes it, without descriptions. */
  openApi(name: string, form: OpenApiForm): JsonObject | undefined;
  /** Names of the definitions that this one refers to, directly or not, and its own; sorted. */
  closureOf(name: string): readonly string[];
  /** What the protobuf codec asks. */
  readonly messages: ProtobufMessages;
}

const metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1";
const folder = new URL("definitions/", import.meta.url);

let loaded: BuiltinDefinitions | undefined;

/** The built-in definitions. They are read at the first call and then kept. */
export function loadBuiltinDefinitions(): BuiltinDefinitions {
  loaded ??= createBuiltinDefinitions(
    readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8")),
    readFileSync(new URL("everywhere.txt", import.meta.url), "utf8")
      .trim()
      .split("\n"),
  );
  return loaded;
}

interface Line {
  readonly prefix: string;
  readonly text: string;
}

// Kinds that are only ever on the wire: OpenAPI does not tell of them.
const wireOnly: ReadonlyMap<string, Line> = new Map(
  [
    "PartialObjectMetadata\tmetadata 1 >ObjectMeta",
    "PartialObjectMetadataList\tmetadata 1 >ListMeta\titems 2 [>PartialObjectMetadata]",
  ].map((text) => [
    `${metaPackage}.${text.slice(0, text.indexOf("\t"))}`,
    { prefix: metaPackage, text },
  ]),
);

function createBuiltinDefinitions(
  files: readonly string[],
  everywhere: readonly string[],
): BuiltinDefinitions {
  const lines = indexLines(files);
  const kinds = indexKinds(lines, everywhere);
  const parsed = new Map<string, BuiltinDefinition>();
  const find = (name: string): BuiltinDefinition | undefined => {
    const known = parsed.get(name);
    const line = known ? undefined : (lines.get(name) ?? wireOnly.get(name));
    if (line === undefined) return known;
    const definition = parseDefinition(line.text, line.prefix);
    parsed.set(name, definition);
    return definition;
  };
  const compile = createSchemaCompiler((name) => mapped(find(name), compiledSchema));
  const nameOf = (gvk: GroupVersionKind): string | undefined =>
    kinds.get(`${formatGroupVersion(gvk)}/${gvk.kind}`);
  return {
    names: Array.from(lines.keys()).sort(),
    nameOf,
    schemaOf: (name) => (lines.has(name) ? compile({ $ref: name }) : undefined),
    openApi: (name, form) =>
      mapped(find(name), (definition) => publishedDefinition(definition, { form, everywhere })),
    closureOf: (name) => closureOf(name, find),
    messages: createMessages(find, (gvk) =>
      gvk.group === "meta.k8s.io" ? `${metaPackage}.${gvk.kind}` : nameOf(gvk),
    ),
  };
}

function createMessages(
  find: (name: string) => BuiltinDefinition | undefined,
  nameOf: (gvk: GroupVersionKind) => string | undefined,
): ProtobufMessages {
  const messages = new Map<string, ProtobufMessage>();
  return {
    nameOf,
    message: (name) => {
      const known = messages.get(name);
      if (known) return known;
      const made = mapped(find(name), protobufMessage);
      if (made) messages.set(name, made);
      return made;
    },
  };
}

function indexLines(files: readonly string[]): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>();
  for (const file of files) {
    const [first = "", ...rest] = file.split("\n");
    const prefix = first.slice("package ".length);
    for (const text of rest) {
      const end = text.search(/[ \t]|$/);
      if (text !== "") lines.set(`${prefix}.${text.slice(0, end)}`, { prefix, text });
    }
  }
  return lines;
}

// Only heads are looked at: lines are parsed when they are asked for.
function indexKinds(
  lines: ReadonlyMap<string, Line>,
  everywhere: readonly string[],
): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  for (const [name, { text }] of lines) {
    const head = text.split("\t", 1)[0] ?? "";
    if (!head.includes(" kind=")) continue;
    const kind = name.slice(name.lastIndexOf(".") + 1);
    for (const word of head.split(" ")) {
      if (word === "kind=everywhere") {
        for (const place of everywhere) kinds.set(`${place}/${kind}`, name);
      } else if (word.startsWith("kind=")) kinds.set(`${word.slice(5)}/${kind}`, name);
    }
  }
  return kinds;
}

function closureOf(
  name: string,
  find: (name: string) => BuiltinDefinition | undefined,
): readonly string[] {
  const seen = new Set<string>();
  const visit = (each: string): void => {
    const definition = seen.has(each) ? undefined : find(each);
    if (definition === undefined) return;
    seen.add(each);
    for (const { schema } of definition.properties) visitSchema(schema);
  };
  const visitSchema = (schema: JsonObject): void => {
    if (typeof schema["$ref"] === "string") visit(schema["$ref"]);
    const inner = schema["items"] ?? schema["additionalProperties"];
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      visitSchema(inner as JsonObject);
    }
  };
  visit(name);
  return Array.from(seen).sort();
}

function mapped<From, To>(value: From | undefined, map: (value: From) => To): To | undefined {
  return value === undefined ? undefined : map(value);
}
