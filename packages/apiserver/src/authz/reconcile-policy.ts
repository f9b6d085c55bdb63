import { isDeepStrictEqual } from "node:util";
import type { JsonValue, KubernetesObject } from "@cellplane/apimachinery";
import { readRules, writeRule } from "./policy-rule.ts";
import { compactRules, findUncovered } from "./rule-cover.ts";

/** What to do with a bootstrap object that is there. */
export type PolicyPlan =
  | { readonly kind: "keep" }
  | { readonly kind: "update"; readonly object: KubernetesObject }
  /** A binding to another role: it must be deleted and created. */
  | { readonly kind: "replace" };

const autoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

/** What `current` lacks of `wanted`: labels, annotations, rules or subjects. */
export function reconcilePolicy(current: KubernetesObject, wanted: KubernetesObject): PolicyPlan {
  if (current.metadata.annotations?.[autoUpdate] === "false") return { kind: "keep" };
  if (
    wanted["roleRef"] !== undefined &&
    !isDeepStrictEqual(current["roleRef"], wanted["roleRef"])
  ) {
    return { kind: "replace" };
  }
  const metadata = {
    ...current.metadata,
    labels: { ...wanted.metadata.labels, ...current.metadata.labels },
    annotations: { ...wanted.metadata.annotations, ...current.metadata.annotations },
  };
  const object = {
    ...current,
    metadata,
    ...addRules(current, wanted),
    ...addItems("subjects", current, wanted),
  };
  return isDeepStrictEqual(object, current) ? { kind: "keep" } : { kind: "update", object };
}

function addRules(current: KubernetesObject, wanted: KubernetesObject): object {
  if (!Array.isArray(wanted["rules"])) return addAggregation(current, wanted);
  const missing = findUncovered(readRules(current["rules"]), readRules(wanted["rules"]));
  if (missing.length === 0) return {};
  return { rules: [...items(current["rules"]), ...compactRules(missing).map(writeRule)] };
}

function addAggregation(current: KubernetesObject, wanted: KubernetesObject): object {
  const { aggregationRule } = wanted;
  if (aggregationRule === undefined || current["aggregationRule"] !== undefined) return {};
  return { aggregationRule };
}

function addItems(field: string, current: KubernetesObject, wanted: KubernetesObject): object {
  const known = items(current[field]);
  const missing = items(wanted[field]).filter(
    (item) => !known.some((each) => isDeepStrictEqual(each, item)),
  );
  return missing.length === 0 ? {} : { [field]: [...known, ...missing] };
}

function items(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}
