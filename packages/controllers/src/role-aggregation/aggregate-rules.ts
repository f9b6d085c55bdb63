import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { compileSelector, type LabelSelectorObject } from "@cellplane/federation";

/**
 * The rules of an aggregated ClusterRole: those of every role that one of its selectors matches,
 * in the order of their names, each once. `undefined` for a role that aggregates nothing.
 */
export function aggregateRules(
  role: KubernetesObject,
  all: readonly KubernetesObject[],
): readonly JsonValue[] | undefined {
  const aggregation = role["aggregationRule"];
  if (!isJsonObject(aggregation)) return undefined;
  const selectors = (
    isJsonArray(aggregation["clusterRoleSelectors"]) ? aggregation["clusterRoleSelectors"] : []
  )
    .filter(isJsonObject)
    .map((selector) => compileSelector(selector as LabelSelectorObject))
    .filter((selector) => selector.kind === "selector");
  const matching = all
    .filter((other) => other.metadata.name !== role.metadata.name)
    .filter((other) => selectors.some((selector) => selector.matches(other.metadata.labels ?? {})))
    .sort((left, right) => compareText(left.metadata.name ?? "", right.metadata.name ?? ""));
  const rules = new Map<string, JsonValue>();
  for (const other of matching) {
    for (const rule of isJsonArray(other["rules"] as JsonValue)
      ? (other["rules"] as readonly JsonValue[])
      : []) {
      const key = JSON.stringify(rule);
      if (!rules.has(key)) rules.set(key, rule);
    }
  }
  return Array.from(rules.values());
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
