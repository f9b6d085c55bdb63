import { badRequest, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectHandler } from "../registry/resource.ts";
import { type PolicyRule, writeRule } from "./policy-rule.ts";
import { listRules } from "./rbac-authorizer.ts";
import type { RbacIndex } from "./rbac-index.ts";

/** `create` of SelfSubjectRulesReview: all that the asking user may do in a namespace. */
export function createRulesReviewHandler(index: RbacIndex): ObjectHandler {
  return async ({ version, object, user }) => {
    const spec = isJsonObject(object?.["spec"]) ? object["spec"] : {};
    const namespace = typeof spec["namespace"] === "string" ? spec["namespace"] : "";
    if (namespace === "") throw badRequest("no namespace on request");
    const { rules, missing } = listRules(index, user, namespace);
    return {
      kind: "SelfSubjectRulesReview",
      apiVersion: `authorization.k8s.io/${version}`,
      // What was asked is not repeated: Kubernetes answers with these empty.
      metadata: {},
      spec: {},
      status: {
        resourceRules: rules.filter(({ resources }) => resources.length > 0).map(resourceRule),
        nonResourceRules: rules
          .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
        ...(missing.length > 0 && { evaluationError: missing.join(", ") }),
      },
    } satisfies KubernetesObject;
  };
}

function resourceRule(rule: PolicyRule): Readonly<Record<string, readonly string[]>> {
  return writeRule({ ...rule, nonResourceURLs: [] });
}
