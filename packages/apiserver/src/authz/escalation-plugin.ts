import { isDeepStrictEqual } from "node:util";
import { forbidden, isJsonObject, type KubernetesObject, notFound } from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../admission/admission.ts";
import type { UserInfo } from "../request/user.ts";
import type { Authorizer } from "./authorizer.ts";
import { type PolicyRule, readRules } from "./policy-rule.ts";
import { listRules, mastersGroup } from "./rbac-authorizer.ts";
import type { RbacIndex } from "./rbac-index.ts";
import { readBinding } from "./role-binding.ts";
import { compactRules, findUncovered, printList, printRule } from "./rule-cover.ts";

const group = "rbac.authorization.k8s.io";
const guarded = new Set(["roles", "clusterroles", "rolebindings", "clusterrolebindings"]);

/** What the check against escalation asks. */
export interface EscalationOptions {
  readonly index: RbacIndex;
  readonly authorizer: Authorizer;
}

/**
 * Nobody may grant what they do not hold: writes of roles need each of their rules or the verb
 * `escalate`, writes of bindings those of the role or the verb `bind`. It must run before the
 * other validating plug-ins and before the object's own validation, as in Kubernetes.
 */
export function createEscalationPlugin(options: EscalationOptions): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    handles: ({ gvr, operation }) =>
      gvr.group === group &&
      guarded.has(gvr.resource) &&
      (operation === "CREATE" || operation === "UPDATE"),
    validate: (request) => {
      const { object, user } = request;
      if (!object || user.groups.includes(mastersGroup)) return;
      if (request.oldObject && changesBookkeepingOnly(object, request.oldObject)) return;
      if (request.gvr.resource.endsWith("bindings")) checkBinding(object, request, options);
      else checkRole(object, request, options);
    },
  };
}

/** The garbage collector must be able to let go of any object. */
function changesBookkeepingOnly(object: KubernetesObject, old: KubernetesObject): boolean {
  const rest = ({ metadata, ...others }: KubernetesObject): object => {
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, ...kept } = metadata;
    return { kept, others };
  };
  return isDeepStrictEqual(rest(object), rest(old));
}

function checkRole(
  role: KubernetesObject,
  request: AdmissionRequest,
  options: EscalationOptions,
): void {
  const { user, gvr, namespace } = request;
  const name = request.operation === "CREATE" ? "" : request.name;
  if (isAllowed(options, { user, verb: "escalate", resource: gvr.resource, namespace, name }))
    return;
  if (isJsonObject(role["aggregationRule"]) && gvr.resource === "clusterroles") {
    if (findMissing(options, request, everything).length > 0) {
      throw refuse(request, "must have cluster-admin privileges to use an aggregationRule");
    }
  }
  confirm(options, request, readRules(role["rules"]));
}

function checkBinding(
  object: KubernetesObject,
  request: AdmissionRequest,
  options: EscalationOptions,
): void {
  const { user, namespace } = request;
  const { kind, name } = readBinding(object).roleRef;
  const resource = kind === "Role" ? "roles" : "clusterroles";
  if (isAllowed(options, { user, verb: "bind", resource, namespace, name })) return;
  const rules = options.index.rulesOf(kind, name, namespace);
  if (!rules) throw notFound({ group, resource: kind.toLowerCase(), name });
  confirm(options, request, rules);
}

const everything: readonly PolicyRule[] = readRules([
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
]);

function findMissing(
  { index }: EscalationOptions,
  { user, namespace }: AdmissionRequest,
  rules: readonly PolicyRule[],
): readonly PolicyRule[] {
  return findUncovered(listRules(index, user, namespace).rules, rules);
}

function confirm(
  options: EscalationOptions,
  request: AdmissionRequest,
  rules: readonly PolicyRule[],
): void {
  const missing = findMissing(options, request, rules);
  if (missing.length === 0) return;
  const { user, namespace } = request;
  const texts = [...new Set(compactRules(missing).map(printRule))].sort();
  const errors = listRules(options.index, user, namespace).missing;
  const suffix = errors.length === 0 ? "" : `; resolution errors: [${errors.join(" ")}]`;
  throw refuse(
    request,
    `user ${JSON.stringify(user.username)} (groups=${printList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${texts.join("\n")}${suffix}`,
  );
}

function refuse({ gvr, name, object }: AdmissionRequest, why: string): Error {
  return forbidden({ ...gvr, name: name === "" ? (object?.metadata.name ?? "") : name }, why);
}

function isAllowed(
  { authorizer }: EscalationOptions,
  asked: {
    readonly user: UserInfo;
    readonly verb: "escalate" | "bind";
    readonly resource: string;
    readonly namespace: string;
    readonly name: string;
  },
): boolean {
  const { user, ...rest } = asked;
  const fixed = { isResourceRequest: true, path: "", group, version: "*", subresource: "" };
  return authorizer(user, { ...fixed, ...rest }).allowed;
}
