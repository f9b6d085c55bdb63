import {
  isJsonObject,
  type KubernetesObject,
  type ObjectMeta,
  validateAnnotations,
  validateLabels,
} from "@cellplane/apimachinery";

/** A converted object with its original metadata restored, or what is wrong with it. */
export type ConvertedOutcome =
  | { readonly kind: "accepted"; readonly object: KubernetesObject }
  | { readonly kind: "refused"; readonly problem: string };

/**
 * Accepts what a webhook made of an object: only labels and annotations of its metadata may
 * differ, the rest is taken from the original.
 */
export function checkConverted(
  original: KubernetesObject,
  converted: KubernetesObject | undefined,
  desired: string,
): ConvertedOutcome {
  const problem = findProblem(original, converted, desired);
  if (problem !== undefined) return { kind: "refused", problem };
  const metadata = restoreMetadata(original.metadata, converted?.metadata);
  if (typeof metadata === "string")
    return { kind: "refused", problem: `invalid metadata: ${metadata}` };
  return { kind: "accepted", object: { ...converted, metadata } };
}

function findProblem(
  original: KubernetesObject,
  converted: KubernetesObject | undefined,
  desired: string,
): string | undefined {
  const received = converted?.apiVersion ?? "";
  if (received !== desired)
    return `invalid object at index 0: invalid groupVersion (expected ${desired}, received ${received})`;
  if (converted?.kind !== original.kind)
    return `invalid object at index 0: invalid kind (expected ${original.kind}, received ${converted?.kind})`;
  const fields = [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const;
  for (const [field, word] of fields) {
    const expected = original.metadata[field] ?? "";
    const got = converted?.metadata?.[field] ?? "";
    if (expected !== got)
      return `invalid object: must have the same ${word}: ${expected} != ${got}`;
  }
  return undefined;
}

function restoreMetadata(original: ObjectMeta, converted: unknown): ObjectMeta | string {
  if (converted === undefined) return "missing metadata in converted object";
  if (!isJsonObject(converted)) return "invalid metadata of type string in converted object";
  const { labels: oldLabels, annotations: oldAnnotations, ...rest } = original;
  const labels = readStrings(converted["labels"], "labels");
  if (typeof labels === "string") return labels;
  const annotations = readStrings(converted["annotations"], "annotations");
  if (typeof annotations === "string") return annotations;
  const errors = [
    ...(labels && labels !== oldLabels ? validateLabels(labels, "metadata.labels") : []),
    ...(annotations && annotations !== oldAnnotations
      ? validateAnnotations(annotations, "metadata.annotation")
      : []),
  ];
  if (errors[0]) return `${errors[0].field}: ${errors[0].message}`;
  return { ...rest, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
}

function readStrings(
  value: unknown,
  name: string,
): Readonly<Record<string, string>> | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) return `invalid metadata.${name} of type string in converted object`;
  const strings: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string")
      return `metadata.${name}[${key}] must be a string, but is ${typeof text} in converted object`;
    strings[key] = text;
  }
  return strings;
}
