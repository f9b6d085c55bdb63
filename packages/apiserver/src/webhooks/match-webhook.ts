import type { AdmissionRequest } from "../admission/admission.ts";
import type { Webhook, WebhookRule } from "./webhook-configuration.ts";

/** Whose objects webhooks never see: a broken one could not be removed otherwise. */
const exempt: ReadonlySet<string> = new Set([
  "validatingwebhookconfigurations",
  "mutatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

/** Whether webhooks are asked about a resource at all. */
export function isExempt({ gvr }: AdmissionRequest): boolean {
  return gvr.group === "admissionregistration.k8s.io" && exempt.has(gvr.resource);
}

/**
 * The version in which a webhook wants to see a request, by its rules and match policy;
 * `undefined` where no rule concerns the request. `otherVersions` are the resource's other served ones.
 */
export function matchingVersion(
  webhook: Webhook,
  request: AdmissionRequest,
  otherVersions: readonly string[],
): string | undefined {
  const { version } = request.gvr;
  const concerning = webhook.rules.filter((rule) => concerns(rule, request));
  if (concerning.some((rule) => has(rule.apiVersions, version))) return version;
  if (webhook.matchPolicy === "Exact") return undefined;
  return otherVersions.find((other) => concerning.some((rule) => has(rule.apiVersions, other)));
}

/** Whether the selectors of a webhook let a request through. `namespaceLabels` is absent for cluster-scoped objects. */
export function isSelected(
  { namespaceSelector, objectSelector }: Webhook,
  { object, oldObject }: AdmissionRequest,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (namespaceLabels && !namespaceSelector.matches(namespaceLabels)) return false;
  if (objectSelector.empty) return true;
  return [object, oldObject].some(
    (each) => each !== undefined && objectSelector.matches(each.metadata.labels),
  );
}

function concerns(
  rule: WebhookRule,
  { gvr, namespace, operation, subresource }: AdmissionRequest,
): boolean {
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, gvr.group) &&
    isInScope(rule.scope ?? "*", { namespace, resource: gvr.resource }) &&
    rule.resources.some((pattern) => matchesResource(pattern, gvr.resource, subresource))
  );
}

function has(values: readonly string[], value: string): boolean {
  return values.includes("*") || values.includes(value);
}

// A Namespace is cluster-scoped, though requests about it name one.
function isInScope(
  scope: string,
  { namespace, resource }: { readonly namespace: string; readonly resource: string },
): boolean {
  if (scope === "*") return true;
  const isNamespaced = namespace !== "" && resource !== "namespaces";
  return scope === (isNamespaced ? "Namespaced" : "Cluster");
}

/** `pods`, `pods/status`, `pods/*`, `x/*` for any subresource, `*` (no subresources) or everything. */
function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const [wantedResource = "", wantedSubresource] = pattern.split("/");
  if (wantedResource !== "*" && wantedResource !== resource) return false;
  if (wantedSubresource === undefined) return subresource === "";
  return wantedSubresource === "*" || wantedSubresource === subresource;
}
