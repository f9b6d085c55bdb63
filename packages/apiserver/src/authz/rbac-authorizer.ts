import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./authorizer.ts";
import { type PolicyRule, ruleAllows } from "./policy-rule.ts";
import type { Grant, RbacIndex } from "./rbac-index.ts";
import { describeGrant, describeMissingRole } from "./role-binding.ts";

/** Members of this group may do everything. */
export const mastersGroup = "system:masters";

/** Decisions kept for one user, and namespaces, before all of them are forgotten. */
const decisionsPerUser = 2000;

const allowedMaster: AuthorizationDecision = { allowed: true, reason: "" };

/** What is known of one user object under one generation of the index. */
interface UserDecisions {
  readonly generation: number;
  readonly isMaster: boolean;
  readonly grants: Map<string, readonly Grant[]>;
  readonly decisions: Map<string, AuthorizationDecision>;
}

/**
 * RBAC as an authorizer. Decisions are remembered for each user *object* (authentication hands out
 * the same one for the same credential) until any role or binding changes.
 */
export function createRbacAuthorizer(index: RbacIndex): Authorizer {
  const byUser = new WeakMap<UserInfo, UserDecisions>();
  return (user, asked) => {
    let known = byUser.get(user);
    if (known?.generation !== index.generation) {
      known = startDecisions(user, index.generation);
      byUser.set(user, known);
    }
    if (known.isMaster) return allowedMaster;
    const { decisions } = known;
    const key = decisionKey(asked);
    const remembered = decisions.get(key);
    if (remembered) return remembered;
    if (decisions.size >= decisionsPerUser) decisions.clear();
    const decision = decideByRules(grantsFor(index, { user, known, asked }), asked);
    decisions.set(key, decision);
    return decision;
  };
}

/** The rules that apply to a user in a namespace, and the roles that could not be found. */
export function listRules(
  index: RbacIndex,
  user: UserInfo,
  namespace: string,
): { readonly rules: readonly PolicyRule[]; readonly missing: readonly string[] } {
  const grants = index.grantsOf(user, namespace);
  return { rules: grants.flatMap(({ rules }) => rules ?? []), missing: missingRoles(grants) };
}

function startDecisions(user: UserInfo, generation: number): UserDecisions {
  const isMaster = user.groups.includes(mastersGroup);
  return { generation, isMaster, grants: new Map(), decisions: new Map() };
}

function grantsFor(
  index: RbacIndex,
  of: {
    readonly user: UserInfo;
    readonly known: UserDecisions;
    readonly asked: AuthorizationAttributes;
  },
): readonly Grant[] {
  const { user, known, asked } = of;
  const namespace = asked.isResourceRequest ? asked.namespace : "";
  const remembered = known.grants.get(namespace);
  if (remembered) return remembered;
  if (known.grants.size >= decisionsPerUser) known.grants.clear();
  const grants = index.grantsOf(user, namespace);
  known.grants.set(namespace, grants);
  return grants;
}

function decideByRules(
  grants: readonly Grant[],
  asked: AuthorizationAttributes,
): AuthorizationDecision {
  const granting = grants.find(({ rules }) => rules?.some((rule) => ruleAllows(rule, asked)));
  if (granting) {
    const { binding, subject } = granting;
    return { allowed: true, reason: `RBAC: allowed by ${describeGrant(binding, subject)}` };
  }
  const missing = missingRoles(grants);
  if (missing.length === 0) return { allowed: false, reason: "" };
  const text = missing.length === 1 ? missing[0] : `[${missing.join(", ")}]`;
  return { allowed: false, reason: `RBAC: ${text}` };
}

function missingRoles(grants: readonly Grant[]): readonly string[] {
  const missing = grants.filter(({ rules }) => rules === undefined);
  return [...new Set(missing.map(({ binding }) => describeMissingRole(binding)))];
}

/**
 * One text for one question. The length of the name comes first and the name last: the words
 * between have no spaces in anything that exists, so no two questions share a text.
 */
function decisionKey(asked: AuthorizationAttributes): string {
  const { verb, group, resource, subresource, namespace, name } = asked;
  // Starts unlike any length, for reviews ask with any verb and path.
  if (!asked.isResourceRequest) return `/${verb} ${asked.path}`;
  return `${name.length} ${verb} ${group} ${resource} ${subresource} ${namespace} ${name}`;
}
