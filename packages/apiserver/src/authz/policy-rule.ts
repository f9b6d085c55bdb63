import { isJsonArray, isJsonObject, type JsonValue } from "@cellplane/apimachinery";
import type { AuthorizationAttributes } from "./authorizer.ts";

/** One rule of a Role or ClusterRole, with empty lists for absent ones. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** Reads the `rules` of a role as stored. */
export function readRules(rules: unknown): readonly PolicyRule[] {
  if (!Array.isArray(rules)) return [];
  return rules.filter(isJsonObject).map((rule) => ({
    verbs: strings(rule["verbs"]),
    apiGroups: strings(rule["apiGroups"]),
    resources: strings(rule["resources"]),
    resourceNames: strings(rule["resourceNames"]),
    nonResourceURLs: strings(rule["nonResourceURLs"]),
  }));
}

/** A rule for the wire: empty lists are left out. */
export function writeRule(rule: PolicyRule): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(rule).filter(([, values]) => values.length > 0));
}

/** Whether a rule allows what is asked on some name; namespaces are its binding's matter. */
export function ruleMatches(rule: PolicyRule, asked: AuthorizationAttributes): boolean {
  if (!matches(rule.verbs, asked.verb)) return false;
  if (!asked.isResourceRequest) {
    return rule.nonResourceURLs.some((url) => coversUrl(url, asked.path));
  }
  return matches(rule.apiGroups, asked.group) && matchesResource(rule.resources, asked);
}

/** Whether a rule's URL, `*`, a path or a prefix ending in `*`, covers a path. */
export function coversUrl(url: string, path: string): boolean {
  if (url === "*" || url === path) return true;
  return url.endsWith("*") && path.startsWith(url.replace(/\*+$/, ""));
}

function matches(allowed: readonly string[], wanted: string): boolean {
  return allowed.includes("*") || allowed.includes(wanted);
}

function matchesResource(allowed: readonly string[], asked: AuthorizationAttributes): boolean {
  const { resource, subresource } = asked;
  if (subresource === "") return matches(allowed, resource);
  return matches(allowed, `${resource}/${subresource}`) || allowed.includes(`*/${subresource}`);
}

function strings(value: JsonValue | undefined): readonly string[] {
  if (!isJsonArray(value)) return [];
  return value.filter((each) => typeof each === "string");
}
