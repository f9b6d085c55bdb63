import {
  type FieldError,
  invalid,
  isJsonObject,
  type JsonValue,
  type KubernetesObject,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { ScalePaths } from "../registry/resource.ts";

const maxInt32 = 2_147_483_647;

/** What `scale` reads must be what it is taken for: counts and a text. */
export function validateScale(
  object: KubernetesObject,
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths,
): readonly FieldError[] {
  return [
    ...validateCount(object, specReplicasPath),
    ...validateCount(object, statusReplicasPath),
    ...(labelSelectorPath === undefined ? [] : validateText(object, labelSelectorPath)),
  ];
}

function validateCount(object: KubernetesObject, path: string): readonly FieldError[] {
  const value = valueAt(object, path);
  if (value === undefined) return [];
  const count = Number(value);
  if (typeof value !== "bigint" && typeof value !== "number") return [];
  if (count < 0) return [invalid(path, value, "should be a non-negative integer")];
  if (count > maxInt32)
    return [invalid(path, value, `should be less than or equal to ${maxInt32}`)];
  return [];
}

function validateText(object: KubernetesObject, path: string): readonly FieldError[] {
  const value = valueAt(object, path);
  if (value === undefined || typeof value === "string") return [];
  return [invalid(path, "", `${path} accessor error: ${stringifyJson(value)} is not a string`)];
}

function valueAt(object: KubernetesObject, path: string): JsonValue | undefined {
  let value = object as unknown as JsonValue | undefined;
  for (const step of path.split(".").slice(1)) {
    if (!isJsonObject(value)) return undefined;
    value = value[step];
  }
  return value;
}
