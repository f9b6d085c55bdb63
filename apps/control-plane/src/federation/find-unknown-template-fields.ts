import { findUnknownFields, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { findBuiltinSchema } from "@cellplane/apiserver";
import type { ApiResource } from "@cellplane/federation";

/** Paths of an object's template that the target's schema, where we have it, does not know. */
export function findUnknownTemplateFields(
  target: ApiResource,
  object: KubernetesObject,
): readonly string[] {
  const spec = object["spec"];
  const template = isJsonObject(spec) ? spec["template"] : undefined;
  if (!isJsonObject(template)) return [];
  const { group = "", version, kind } = target;
  const schema = findBuiltinSchema({ group, version, kind });
  return schema ? findUnknownFields(schema, template) : [];
}
