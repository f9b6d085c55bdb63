import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { ListType, SchemaNode } from "./schema-node.ts";
import { compileChecks, type ValueChecks } from "./value-checks.ts";

/** Makes nodes of sub-schemas; one per compiled tree, so that references meet in the same node. */
export interface NodeFactory {
  readonly nodeOf: (schema: JsonObject) => CompiledNode;
  /** The node of `metadata` of a whole object inside another one. */
  readonly objectMeta: () => CompiledNode;
  /** What has been found out of the nodes of this tree. */
  readonly verdicts: {
    readonly defaults: Verdicts;
    readonly uniqueLists: Verdicts;
    readonly embedded: Verdicts;
  };
}

/** Where a node stands, which its schema alone does not say. */
export interface NodeOrigin {
  /** The name by which the schema was referred to. */
  readonly definition?: string;
  /** Whether it is the root of a custom resource, which has type and object metadata by itself. */
  readonly customResource?: boolean;
}

/** The value rules, as they are named in a schema. */
const ruleNames = [
  "enum",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "x-kubernetes-validations",
] as const;

const nodeTypes = ["object", "array", "string", "integer", "number", "boolean"] as const;
const typeMetaSchema: JsonObject = { type: "string" };

/**
 * The one implementation of `SchemaNode`. A node looks at its own schema when it is made and at
 * those below on first use, so a tree of hundreds of definitions costs only what is asked of it.
 */
export class CompiledNode implements SchemaNode {
  readonly type: SchemaNode["type"];
  readonly required: readonly string[];
  readonly nullable: boolean;
  readonly defaultValue: JsonValue | undefined;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly intOrString: boolean;
  readonly listType: ListType | undefined;
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly patchMergeKey: string | undefined;
  readonly patchStrategy: readonly string[];
  readonly customResource: boolean;
  readonly definition: string | undefined;
  readonly format: string;

  readonly #schema: JsonObject;
  readonly #factory: NodeFactory;
  #properties: ReadonlyMap<string, CompiledNode> | undefined;
  #checkedProperties: ReadonlyMap<string, CompiledNode> | undefined;
  #additional: CompiledNode | true | undefined | null = null;
  #items: CompiledNode | undefined | null = null;
  #checks: ValueChecks | undefined | null = null;
  #rules: JsonObject | undefined;
  #hasDefaults: boolean | undefined;
  #hasUniqueLists: boolean | undefined;
  #hasEmbedded: boolean | undefined;

  constructor(schema: JsonObject, factory: NodeFactory, origin: NodeOrigin = {}) {
    const { type, format } = schema;
    this.#schema = schema;
    this.#factory = factory;
    this.definition = origin.definition;
    this.customResource = origin.customResource === true;
    this.format = typeof format === "string" ? format : "";
    this.intOrString =
      schema["x-kubernetes-int-or-string"] === true || this.format === "int-or-string";
    this.type = this.intOrString ? undefined : nodeType(type);
    this.embeddedResource = schema["x-kubernetes-embedded-resource"] === true;
    this.required = requiredOf(schema, this.embeddedResource);
    this.nullable = schema["nullable"] === true;
    this.defaultValue = schema["default"];
    this.preserveUnknownFields = schema["x-kubernetes-preserve-unknown-fields"] === true;
    this.listType = listTypeOf(schema["x-kubernetes-list-type"]);
    this.listMapKeys = stringsOf(schema["x-kubernetes-list-map-keys"]);
    this.atomicMap = schema["x-kubernetes-map-type"] === "atomic";
    this.patchMergeKey = stringOf(schema["x-kubernetes-patch-merge-key"]);
    this.patchStrategy = strategiesOf(schema["x-kubernetes-patch-strategy"]);
  }

  /** Declared properties. A whole object has `apiVersion`, `kind` and `metadata` of the API's own. */
  get properties(): ReadonlyMap<string, CompiledNode> {
    this.#properties ??= this.#isWholeObject ? this.#wholeObject() : this.checkedProperties;
    return this.#properties;
  }

  /** Properties as the schema's author wrote them: what validation looks at. */
  get checkedProperties(): ReadonlyMap<string, CompiledNode> {
    this.#checkedProperties ??= this.#compileProperties();
    return this.#checkedProperties;
  }

  get additionalProperties(): CompiledNode | true | undefined {
    if (this.#additional === null) {
      const schema = this.#schema["additionalProperties"];
      this.#additional = isJsonObject(schema)
        ? this.#factory.nodeOf(schema)
        : schema === true || undefined;
    }
    return this.#additional;
  }

  get items(): CompiledNode | undefined {
    if (this.#items === null) {
      const schema = this.#schema["items"];
      this.#items = isJsonObject(schema) ? this.#factory.nodeOf(schema) : undefined;
    }
    return this.#items;
  }

  get rules(): JsonObject {
    this.#rules ??= rulesOf(this.#schema);
    return this.#rules;
  }

  /** The value rules, ready to run; absent where there are none beyond the type. */
  get checks(): ValueChecks | undefined {
    if (this.#checks === null) this.#checks = compileChecks(this.rules, this.#factory.nodeOf);
    return this.#checks;
  }

  get hasDefaults(): boolean {
    this.#hasDefaults ??= holdsBelow(
      this,
      this.#factory.verdicts.defaults,
      (node) => node.defaultValue !== undefined,
    );
    return this.#hasDefaults;
  }

  /** Whether a list here or below must have unique items. */
  get hasUniqueLists(): boolean {
    this.#hasUniqueLists ??= holdsBelow(
      this,
      this.#factory.verdicts.uniqueLists,
      (node) => node.listType === "set" || node.listType === "map",
    );
    return this.#hasUniqueLists;
  }

  /** Whether an object here or below is a whole one. */
  get hasEmbedded(): boolean {
    this.#hasEmbedded ??= holdsBelow(
      this,
      this.#factory.verdicts.embedded,
      (node) => node.embeddedResource,
    );
    return this.#hasEmbedded;
  }

  get #isWholeObject(): boolean {
    return this.customResource || this.embeddedResource;
  }

  #compileProperties(): ReadonlyMap<string, CompiledNode> {
    const properties = this.#schema["properties"];
    const compiled = new Map<string, CompiledNode>();
    if (!isJsonObject(properties)) return compiled;
    for (const [name, schema] of Object.entries(properties)) {
      if (isJsonObject(schema)) compiled.set(name, this.#factory.nodeOf(schema));
    }
    return compiled;
  }

  #wholeObject(): ReadonlyMap<string, CompiledNode> {
    const typeMeta = this.#factory.nodeOf(typeMetaSchema);
    return new Map([
      ...this.checkedProperties,
      ["apiVersion", typeMeta],
      ["kind", typeMeta],
      ["metadata", this.#factory.objectMeta()],
    ]);
  }
}

/** The node with what only compiled ones have. */
export function asCompiled(node: SchemaNode): CompiledNode {
  if (node instanceof CompiledNode) return node;
  throw new Error("Cannot walk a schema node that compileSchema() did not make");
}

/** What is known of nodes: whether a property holds here or below. */
type Verdicts = WeakMap<CompiledNode, boolean>;

// Every node on the way to a hit is one that holds; without any hit, no node that was seen is.
function holdsBelow(
  root: CompiledNode,
  verdicts: Verdicts,
  is: (node: CompiledNode) => boolean,
): boolean {
  const known = verdicts.get(root);
  if (known !== undefined) return known;
  const seen = new Set<CompiledNode>();
  const visit = (node: CompiledNode): boolean => {
    const verdict = verdicts.get(node);
    if (verdict !== undefined) return verdict;
    if (seen.has(node)) return false;
    seen.add(node);
    const holds = is(node) || childrenOf(node).some(visit);
    if (holds) verdicts.set(node, true);
    return holds;
  };
  const holds = visit(root);
  if (!holds) for (const node of seen) verdicts.set(node, false);
  return holds;
}

function childrenOf(node: CompiledNode): readonly CompiledNode[] {
  const { items, additionalProperties } = node;
  const children = Array.from(node.properties.values());
  if (items !== undefined) children.push(items);
  if (additionalProperties instanceof CompiledNode) children.push(additionalProperties);
  return children;
}

function rulesOf(schema: JsonObject): JsonObject {
  const rules: Record<string, JsonValue> = {};
  for (const name of ruleNames) {
    const rule = schema[name];
    if (rule !== undefined) rules[name] = rule;
  }
  return rules;
}

function requiredOf(schema: JsonObject, embedded: boolean): readonly string[] {
  const names = stringsOf(schema["required"]);
  if (!embedded) return names;
  return [...names, ...["apiVersion", "kind"].filter((name) => !names.includes(name))];
}

function strategiesOf(value: JsonValue | undefined): readonly string[] {
  return typeof value === "string" && value !== "" ? value.split(",") : [];
}

function listTypeOf(value: JsonValue | undefined): ListType | undefined {
  return value === "atomic" || value === "set" || value === "map" ? value : undefined;
}

function nodeType(value: JsonValue | undefined): SchemaNode["type"] {
  return nodeTypes.find((type) => type === value);
}

function stringOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

const none: readonly string[] = [];

function stringsOf(value: JsonValue | undefined): readonly string[] {
  if (!isJsonArray(value)) return none;
  return value.filter((item) => typeof item === "string");
}
