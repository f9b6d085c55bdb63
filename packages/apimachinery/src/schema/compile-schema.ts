import { isJsonArray, isJsonObject, type JsonObject } from "../meta/json-value.ts";
import { CompiledNode, type NodeFactory } from "./compiled-node.ts";
import { objectMetaDefinitions, objectMetaSchema } from "./object-meta-schema.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Finds the schema behind a `$ref`, which may be a bare name or `#/components/schemas/<name>`. */
export type ResolveReference = (name: string) => JsonObject | undefined;

/**
 * Compiles one schema. A schema without `resolve` is that of a custom resource: its root has
 * `apiVersion`, `kind` and ObjectMeta's `metadata` whatever it says of them. With `resolve`, it is
 * a definition that refers to others; these meet in one node each, so cycles are fine.
 *
 * Nodes below are made on first use: compiling costs next to nothing.
 */
export function compileSchema(schema: JsonObject, resolve?: ResolveReference): SchemaNode {
  if (resolve) return createSchemaCompiler(resolve)(schema);
  return compileCustomResourceSchema(schema);
}

/** Compiles an `openAPIV3Schema` of a CRD. */
export function compileCustomResourceSchema(schema: JsonObject): SchemaNode {
  return new CompiledNode(
    schema,
    createFactory((name) => objectMetaDefinitions[name]),
    { customResource: true },
  );
}

/** A compiler whose schemas share the nodes of what they refer to. */
export function createSchemaCompiler(
  resolve: ResolveReference,
): (schema: JsonObject) => SchemaNode {
  const { nodeOf } = createFactory(resolve);
  return nodeOf;
}

function createFactory(resolve: ResolveReference): NodeFactory {
  const byName = new Map<string, CompiledNode>();
  let objectMeta: CompiledNode | undefined;
  const nodeOf = (schema: JsonObject): CompiledNode => {
    const reference = referenceOf(schema);
    if (reference === undefined) return new CompiledNode(schema, factory);
    const { name, siblings } = reference;
    const target = resolve(name) ?? {};
    if (siblings !== undefined) {
      return new CompiledNode({ ...target, ...siblings }, factory, { definition: name });
    }
    const known = byName.get(name);
    if (known) return known;
    const node = new CompiledNode(target, factory, { definition: name });
    byName.set(name, node);
    return node;
  };
  const factory: NodeFactory = {
    nodeOf,
    verdicts: {
      defaults: new WeakMap(),
      uniqueLists: new WeakMap(),
      embedded: new WeakMap(),
    },
    objectMeta: () => {
      objectMeta ??= createFactory((name) => objectMetaDefinitions[name]).nodeOf(objectMetaSchema);
      return objectMeta;
    },
  };
  return factory;
}

interface Reference {
  readonly name: string;
  /** What stands beside the reference and wins over what it refers to. */
  readonly siblings: JsonObject | undefined;
}

// OpenAPI v3 wraps a reference that has siblings: `{"allOf": [{"$ref": …}], "default": …}`.
function referenceOf(schema: JsonObject): Reference | undefined {
  if (schema["$ref"] === undefined && schema["allOf"] === undefined) return undefined;
  const { $ref, allOf, ...rest } = schema;
  const siblings = Object.keys(rest).length > 0 ? rest : undefined;
  if (typeof $ref === "string") return { name: bareName($ref), siblings };
  const only = isJsonArray(allOf) && allOf.length === 1 ? allOf[0] : undefined;
  const inner = isJsonObject(only) ? only["$ref"] : undefined;
  return typeof inner === "string" ? { name: bareName(inner), siblings } : undefined;
}

function bareName(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}
