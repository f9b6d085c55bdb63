import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { groups, labels } from "@cellplane/federation";
import { renderClientConfig, webhookPaths, type WebhookTarget } from "./webhook-target.ts";

/** The name of both configurations. */
export const webhookConfigurationName = "cellplane.io";

/** How the host asks us before it stores, or deletes, what the federation is made of. */
export function renderWebhookConfigurations(
  target: WebhookTarget,
  caBundle: string,
  federatedGroups: readonly string[],
): readonly KubernetesObject[] {
  const common = {
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    matchPolicy: "Equivalent",
    timeoutSeconds: 10,
  };
  const webhook = (name: string, path: string, rest: JsonObject): JsonObject => ({
    name: `${name}.${webhookConfigurationName}`,
    clientConfig: renderClientConfig(target, path, caBundle),
    failurePolicy: "Fail",
    ...common,
    ...rest,
  });
  const federated = federatedGroups.map((group) => rule(group, ["*"], ["CREATE", "UPDATE"]));
  const judged = federatedGroups.map((group) => rule(group, ["*"]));
  const tenants = { matchExpressions: [{ key: labels.tenant, operator: "Exists" }] };
  const others = { matchExpressions: [{ key: labels.tenant, operator: "DoesNotExist" }] };
  return [
    configuration("MutatingWebhookConfiguration", [
      webhook("prepare", webhookPaths.mutate, {
        reinvocationPolicy: "Never",
        rules: [
          ...federated,
          rule(groups.core, ["kubefedconfigs"], ["CREATE"]),
          rule(groups.cellplane, ["cells"], ["CREATE", "UPDATE"]),
        ],
      }),
    ]),
    configuration("ValidatingWebhookConfiguration", [
      webhook("judge", webhookPaths.validate, {
        rules: [
          ...judged,
          rule(groups.core, ["kubefedclusters", "kubefedconfigs", "federatedtypeconfigs"]),
          rule(groups.cellplane, ["cells", "topologytypes"]),
        ],
      }),
      webhook("judge-tenant", webhookPaths.validate, {
        objectSelector: tenants,
        rules: [rule("", ["namespaces"])],
      }),
      // The host's own namespaces must not depend on us.
      webhook("judge-namespace", webhookPaths.validate, {
        objectSelector: others,
        failurePolicy: "Ignore",
        rules: [rule("", ["namespaces"])],
      }),
    ]),
  ];
}

function configuration(kind: string, webhooks: readonly JsonObject[]): KubernetesObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: webhookConfigurationName },
    webhooks,
  };
}

function rule(
  group: string,
  resources: readonly string[],
  operations: readonly string[] = ["CREATE", "UPDATE", "DELETE"],
): JsonObject {
  return { apiGroups: [group], apiVersions: ["*"], operations, resources, scope: "*" };
}
