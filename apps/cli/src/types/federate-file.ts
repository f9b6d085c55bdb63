import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  parseGroupVersion,
  parseYamlDocuments,
} from "@cellplane/apimachinery";
import { type ApiResource, pluralOfKind } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";
import type { Original } from "./original.ts";

// No server is asked, so these few are known by name; any other kind is taken for a namespaced one.
const clusterScoped: ReadonlySet<string> = new Set([
  "APIService",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
  "ValidatingWebhookConfiguration",
]);

/**
 * The objects of a manifest, as ones to be federated: several documents and Lists are taken apart.
 * As in KubeFed, plurals are guessed from kinds, for no server is asked.
 */
export function readManifest(text: string, namespace: string): readonly Original[] {
  return parseDocuments(text)
    .flatMap(flatten)
    .map((value) => originalOf(value, namespace));
}

function parseDocuments(text: string): readonly JsonValue[] {
  try {
    return parseYamlDocuments(text).filter((each) => each !== null);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot federate as the manifest is no YAML: ${why}`, { cause: error });
  }
}

function flatten(value: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(value)) return [value];
  const { kind, items } = value;
  const isList = typeof kind === "string" && kind.endsWith("List") && isJsonArray(items);
  return isList ? items.flatMap(flatten) : [value];
}

function originalOf(value: JsonValue, namespace: string): Original {
  const object = isJsonObject(value) ? value : {};
  const { apiVersion, kind, metadata } = object;
  const parsed = typeof apiVersion === "string" ? parseGroupVersion(apiVersion) : undefined;
  const named = isJsonObject(metadata) && typeof metadata["name"] === "string";
  if (parsed === undefined || typeof kind !== "string" || !isJsonObject(metadata) || !named) {
    throw new CliError(
      "Cannot federate as each document of the manifest must have apiVersion, kind and metadata.name",
    );
  }
  const scope = clusterScoped.has(kind) ? "Cluster" : "Namespaced";
  const target: ApiResource = {
    ...(parsed.group === "" ? {} : { group: parsed.group }),
    version: parsed.version,
    kind,
    pluralName: pluralOfKind(kind),
    scope,
  };
  const home = metadata["namespace"] ?? namespace;
  const whole = scope === "Cluster" ? metadata : { ...metadata, namespace: home };
  return { target, object: { ...object, metadata: whole } };
}
