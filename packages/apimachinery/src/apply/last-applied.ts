import { parseJson, stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { KubernetesObject } from "../meta/kubernetes-object.ts";
import { omitMember, type JsonObjectDraft, setMember } from "../patch/json-members.ts";
import { collectFields } from "./collect-fields.ts";
import { compareFields } from "./compare-fields.ts";
import { differenceFields, type FieldSet, noFields } from "./field-set.ts";
import { FieldType } from "./field-type.ts";
import { type VersionContext, withoutManagedFields } from "./object-versions.ts";
import { validateApplied } from "./validate-applied.ts";

const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
// Kubernetes' limit of all annotations of an object together.
const maxAnnotationsBytes = 256 * 1024;
const utf8 = new TextEncoder();

/**
 * The fields that kubectl applied on the client's side and that still have the value it gave
 * them: server-side apply by kubectl may take these over without a conflict.
 */
export function fieldsLastApplied(context: VersionContext, live: KubernetesObject): FieldSet {
  const type = FieldType.of(context.schema);
  const applied = parseLastApplied(live.metadata.annotations?.[lastAppliedAnnotation]);
  if (applied === undefined || applied["apiVersion"] !== context.apiVersion) return noFields;
  if (validateApplied(type, applied).length > 0) return noFields;
  const differences = compareFields(type, { left: applied, right: withoutManagedFields(live) });
  const { added, modified, removed } = differences;
  return [modified, added, removed].reduce(differenceFields, collectFields(type, applied));
}

/** The object with the annotation brought up to what was applied now, if it has the annotation. */
export function refreshLastApplied(
  object: KubernetesObject,
  applied: KubernetesObject,
): KubernetesObject {
  const { annotations } = object.metadata;
  const before = annotations?.[lastAppliedAnnotation] ?? "";
  if (annotations === undefined || before === "") return object;
  const after = renderLastApplied(applied);
  if (after === before) return object;
  const { [lastAppliedAnnotation]: _before, ...others } = annotations;
  const renewed = { ...others, [lastAppliedAnnotation]: after };
  const fits = sizeOf(renewed) <= maxAnnotationsBytes;
  return { ...object, metadata: { ...object.metadata, annotations: fits ? renewed : others } };
}

function parseLastApplied(text: string | undefined): JsonObject | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    const applied = parseJson(text);
    return isJsonObject(applied) ? applied : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

// Go's encoding: keys in order, <, > and & escaped, a newline at the end.
function renderLastApplied(applied: KubernetesObject): string {
  const plain = withoutManagedFields(applied);
  const metadata = plain["metadata"];
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  const source =
    isJsonObject(metadata) && isJsonObject(annotations)
      ? {
          ...plain,
          metadata: { ...metadata, annotations: omitMember(annotations, lastAppliedAnnotation) },
        }
      : plain;
  const text = stringifyJson(sortKeys(source)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

function sortKeys(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const sorted: JsonObjectDraft = {};
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) setMember(sorted, key, sortKeys(member));
  }
  return sorted;
}

function sizeOf(annotations: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += utf8.encode(key).byteLength + utf8.encode(value).byteLength;
  }
  return bytes;
}
