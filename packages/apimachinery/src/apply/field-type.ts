import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { CompiledNode } from "../schema/compiled-node.ts";
import type { SchemaNode } from "../schema/schema-node.ts";

/** How a value takes part in merging. */
export type ValueKind = "map" | "list" | "scalar";

type Behaviour = "atomic" | "set" | "map";

// Derived once from nodes that never change; a node that is gone takes its type along.
const strictTypes = new WeakMap<SchemaNode, FieldType>();
const lenientTypes = new WeakMap<SchemaNode, FieldType>();

/**
 * What apply must know of a schema node: which fields are declared, what an undeclared one is,
 * and whether maps and lists are owned whole or by member. Follows the rules by which Kubernetes
 * turns OpenAPI into structured-merge-diff's schema.
 */
export class FieldType {
  /** Nothing is known of the value: maps are owned by key, lists whole. */
  static readonly deduced: FieldType = new FieldType(undefined, false);

  readonly node: SchemaNode | undefined;
  readonly mapIsAtomic: boolean;
  readonly list: Behaviour;
  /** The keys of a list map, in order. */
  readonly listKeys: readonly string[];
  /** Whether undeclared fields are accepted here and in all that is below. */
  readonly #isLenient: boolean;
  readonly #fields = new Map<string, FieldType | undefined>();
  #element: FieldType | undefined | null = null;
  #item: FieldType | undefined;

  constructor(node: SchemaNode | undefined, isLenient: boolean) {
    this.node = node;
    this.#isLenient = isLenient || node?.preserveUnknownFields === true;
    this.mapIsAtomic = node?.atomicMap === true;
    this.list = listBehaviour(node);
    this.listKeys = this.list === "map" ? listKeys(node) : [];
  }

  /** The type of values that a schema describes; without one it is deduced. */
  static of(node: SchemaNode | undefined, isLenient = false): FieldType {
    if (node === undefined) return FieldType.deduced;
    const cache = isLenient ? lenientTypes : strictTypes;
    const known = cache.get(node);
    if (known) return known;
    const type = new FieldType(node, isLenient);
    cache.set(node, type);
    return type;
  }

  kindOf(value: JsonValue | undefined): ValueKind {
    if (value === undefined || value === null) return this.#kindOfNull();
    const { node } = this;
    const type = node?.type;
    if (isJsonArray(value)) return type === undefined || type === "array" ? "list" : "scalar";
    if (isJsonObject(value)) return type === undefined || type === "object" ? "map" : "scalar";
    return "scalar";
  }

  /** The type of a declared field. */
  declared(name: string): FieldType | undefined {
    if (this.node === undefined) return undefined;
    const known = this.#fields.get(name);
    if (known) return known;
    const node = this.node.properties.get(name);
    if (node === undefined) return undefined;
    const type = FieldType.of(node, this.#isLenient);
    this.#fields.set(name, type);
    return type;
  }

  /** The type of a field that is not declared; absent where there may be none. */
  get undeclared(): FieldType | undefined {
    if (this.#element === null) this.#element = this.#elementType();
    return this.#element;
  }

  /** The type of any field. Values that the schema does not allow are treated as deduced. */
  field(name: string): FieldType {
    return this.declared(name) ?? this.undeclared ?? FieldType.deduced;
  }

  /** The type of list items. */
  get item(): FieldType {
    this.#item ??= FieldType.of(this.node?.items, this.#isLenient);
    return this.#item;
  }

  /** Whether nothing at all is declared of its fields: ownership is then left as it is. */
  get isDeducedMap(): boolean {
    const declares = this.node !== undefined && this.node.properties.size > 0;
    return !declares && this.undeclared === FieldType.deduced;
  }

  #kindOfNull(): ValueKind {
    switch (this.node?.type) {
      case undefined:
      case "object":
        return "map";
      case "array":
        return "list";
      default:
        return "scalar";
    }
  }

  #elementType(): FieldType | undefined {
    const { node } = this;
    if (node === undefined) return FieldType.deduced;
    const { additionalProperties } = node;
    if (additionalProperties === true) return FieldType.deduced;
    if (additionalProperties !== undefined) {
      return FieldType.of(additionalProperties, this.#isLenient);
    }
    return this.#isLenient || node.properties.size === 0 ? FieldType.deduced : undefined;
  }
}

function listBehaviour(node: SchemaNode | undefined): Behaviour {
  if (node === undefined) return "atomic";
  if (node.listType !== undefined) return node.listType;
  if (!node.patchStrategy.includes("merge")) return "atomic";
  return node.patchMergeKey === undefined ? "set" : "map";
}

function listKeys(node: SchemaNode | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.listType === "map") return node.listMapKeys.toSorted();
  return node.patchMergeKey === undefined ? [] : [node.patchMergeKey];
}

/** What stands for a missing key of a list item: its default, or Go's zero value in built-in kinds. */
export function defaultKey(item: FieldType, key: string): JsonValue | undefined {
  const node = item.node;
  const declared = node?.properties.get(key);
  if (declared?.defaultValue !== undefined) return declared.defaultValue ?? undefined;
  if (!isBuiltIn(node) || !node.required.includes(key)) return undefined;
  return declared?.type === "string" ? "" : 0;
}

/** Whether the schema is of a Go type of Kubernetes, and not of a custom resource. */
export function isBuiltIn(node: SchemaNode | undefined): node is CompiledNode {
  return node instanceof CompiledNode && node.definition !== undefined;
}
