import {
  type JsonObject,
  type KubernetesObject,
  type LabelSelector,
  labelSelectorFromObject,
} from "@cellplane/apimachinery";
import type { CrdClientConfig } from "../crds/custom-resource-definition.ts";
import { createWebhookCaller, type WebhookCaller } from "../crds/conversion/webhook-client.ts";

/** Which requests a webhook wants to see: admissionregistration.k8s.io/v1 `RuleWithOperations`. */
export interface WebhookRule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope?: string;
}

/** One webhook as it stands in a configuration, with defaults filled in. */
interface WebhookSpec {
  readonly name: string;
  readonly clientConfig: CrdClientConfig;
  readonly rules?: readonly WebhookRule[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly matchPolicy?: "Exact" | "Equivalent";
  readonly namespaceSelector?: JsonObject;
  readonly objectSelector?: JsonObject;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions: readonly string[];
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
  readonly matchConditions?: readonly unknown[];
}

/** A webhook, ready to be asked. */
export interface Webhook {
  readonly name: string;
  readonly rules: readonly WebhookRule[];
  readonly failurePolicy: "Fail" | "Ignore";
  readonly matchPolicy: "Exact" | "Equivalent";
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly allowsDryRun: boolean;
  readonly reinvocation: "Never" | "IfNeeded";
  /** `v1` where the webhook knows it, else `v1beta1`. */
  readonly reviewVersion: "v1" | "v1beta1";
  readonly hasConditions: boolean;
  readonly call: WebhookCaller;
}

/** The webhooks of a Mutating- or ValidatingWebhookConfiguration, in their order. */
export function compileWebhooks(configuration: KubernetesObject): readonly Webhook[] {
  const webhooks = (configuration["webhooks"] ?? []) as unknown as readonly WebhookSpec[];
  return webhooks.map(compileWebhook);
}

function compileWebhook(spec: WebhookSpec): Webhook {
  const { sideEffects, admissionReviewVersions, matchConditions = [] } = spec;
  return {
    name: spec.name,
    rules: spec.rules ?? [],
    failurePolicy: spec.failurePolicy ?? "Fail",
    matchPolicy: spec.matchPolicy ?? "Equivalent",
    namespaceSelector: labelSelectorFromObject(spec.namespaceSelector ?? {}),
    objectSelector: labelSelectorFromObject(spec.objectSelector ?? {}),
    allowsDryRun: sideEffects === "None" || sideEffects === "NoneOnDryRun",
    reinvocation: spec.reinvocationPolicy ?? "Never",
    reviewVersion: admissionReviewVersions.includes("v1") ? "v1" : "v1beta1",
    hasConditions: matchConditions.length > 0,
    call: lazyCaller(spec),
  };
}

// A caller may throw for a bad address; that belongs to the call, as Kubernetes has it.
function lazyCaller({ clientConfig, timeoutSeconds = 10 }: WebhookSpec): WebhookCaller {
  let caller: WebhookCaller | undefined;
  return (body, signal) => {
    caller ??= createWebhookCaller(clientConfig, { timeoutMs: timeoutSeconds * 1000 });
    return caller(body, signal);
  };
}
