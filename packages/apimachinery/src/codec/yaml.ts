import { boolYaml11Tag, CORE_SCHEMA, dump, load, loadAll, mergeTag, NOT_RESOLVED } from "js-yaml";
import type { JsonValue } from "../meta/json-value.ts";
import { parseJson, stringifyJson } from "./json.ts";

// `y` and `n` stay text: they are common keys, and a key that turns into `true` is lost.
const boolTag: typeof boolYaml11Tag = {
  ...boolYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.length === 1 ? NOT_RESOLVED : boolYaml11Tag.resolve(source, isExplicit, tagName),
};

// As Kubernetes' parser reads scalars: `yes` and `on` are booleans, dates stay text.
const schema = CORE_SCHEMA.withTags(mergeTag, boolTag);

/**
 * Parses one YAML document (JSON is YAML) to plain JSON with the
 * scalars as Kubernetes' own parser reads them.
 *
 * @throws {YAMLException} If the text is not YAML.
 */
export function parseYaml(text: string): JsonValue {
  return toJson(load(text, { schema }));
}

/** Parses every document of a YAML stream; empty ones are left out. */
export function parseYamlDocuments(text: string): readonly JsonValue[] {
  return loadAll(text, { schema })
    .filter((document) => document !== null && document !== undefined)
    .map(toJson);
}

/** Writes a value as kubectl prints YAML: keys in order, no line folding, lists not indented. */
export function stringifyYaml(value: unknown): string {
  return dump(JSON.parse(stringifyJson(value)), {
    lineWidth: -1,
    noRefs: true,
    seqNoIndent: true,
    sortKeys: true,
  });
}

function toJson(value: unknown): JsonValue {
  return parseJson(JSON.stringify(value ?? null));
}
