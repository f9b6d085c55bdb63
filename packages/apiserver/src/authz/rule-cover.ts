import { coversUrl, type PolicyRule } from "./policy-rule.ts";

/**
 * The parts of `wanted` that `owned` does not cover, each one verb on one resource, name or URL.
 * Two owned rules that cover a part only together count: parts are that small.
 */
export function findUncovered(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => ruleCovers(rule, part)));
}

/** Joins parts that differ in verbs only, in the order of the first of each. */
export function compactRules(parts: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const part of parts) {
    const { verbs, ...rest } = part;
    const key = rest.nonResourceURLs.length > 0 ? JSON.stringify(part) : JSON.stringify(rest);
    const known = joined.get(key);
    joined.set(key, known ? { ...known, verbs: [...known.verbs, ...verbs] } : part);
  }
  return Array.from(joined.values());
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, as Kubernetes prints a rule. */
export function printRule(rule: PolicyRule): string {
  const fields = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ] as const;
  const given = fields.filter(([, values]) => values.length > 0);
  return `{${given.map(([name, values]) => `${name}:${printList(values)}`).join(", ")}}`;
}

/** `["a" "b"]`, as Go prints a list of strings. */
export function printList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}

function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const { apiGroups, resources, resourceNames, nonResourceURLs, verbs } = rule;
  const names = resourceNames.length === 0 ? [[]] : resourceNames.map((name) => [name]);
  const onResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        names.map((resourceName) => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          resourceNames: resourceName,
          nonResourceURLs: [],
        })),
      ),
    ),
  );
  const onUrls = nonResourceURLs.flatMap((url) =>
    verbs.map((verb) => ({ ...emptyRule, verbs: [verb], nonResourceURLs: [url] })),
  );
  return [...onResources, ...onUrls];
}

const emptyRule: PolicyRule = {
  verbs: [],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
};

function ruleCovers(owned: PolicyRule, part: PolicyRule): boolean {
  return (
    hasAll(owned.verbs, part.verbs) &&
    hasAll(owned.apiGroups, part.apiGroups) &&
    part.resources.every((resource) => coversResource(owned.resources, resource)) &&
    part.nonResourceURLs.every((url) => owned.nonResourceURLs.some((own) => coversUrl(own, url))) &&
    coversNames(owned, part)
  );
}

function coversNames(owned: PolicyRule, part: PolicyRule): boolean {
  if (owned.resourceNames.length === 0) return true;
  return (
    part.resourceNames.length > 0 &&
    part.resourceNames.every((name) => owned.resourceNames.includes(name))
  );
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (owned.includes("*") || owned.includes(resource)) return true;
  const slash = resource.indexOf("/");
  return slash !== -1 && owned.includes(`*${resource.slice(slash)}`);
}

function hasAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes("*") || wanted.every((each) => owned.includes(each));
}
