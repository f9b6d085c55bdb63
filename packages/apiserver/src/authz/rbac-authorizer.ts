import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./authorizer.ts";
import { type PolicyRule, ruleMatches } from "./policy-rule.ts";
import type { Grant, RbacIndex } from "./rbac-index.ts";
import { describeGrant, describeMissingRole } from "./role-binding.ts";

/** Members of this group may do everything. */
export const mastersGroup = "system:masters";

/** Answers kept for one user, and namespaces, before all of them are forgotten. */
const answersPerUser = 2000;

const allowedMaster: AuthorizationDecision = { allowed: true, reason: "" };

/** What rules say of a question when the name of the object is left out. */
interface Answer {
  /** By rules for all names. */
  readonly decision: AuthorizationDecision;
  /** Rules that allow it for some names, each with what then is said. */
  readonly byName: readonly {
    readonly names: readonly string[];
    readonly decision: AuthorizationDecision;
  }[];
}

/** What is known of one user object under one generation of the index. */
interface UserAnswers {
  readonly generation: number;
  readonly isMaster: boolean;
  /** By namespace. */
  readonly grants: Map<string, readonly Grant[]>;
  readonly answers: Map<string, Answer>;
}

/**
 * RBAC as an authorizer. Answers are remembered for each user *object* (authentication hands out
 * the same one for the same credential) until any role or binding changes.
 */
export function createRbacAuthorizer(index: RbacIndex): Authorizer {
  const byUser = new WeakMap<UserInfo, UserAnswers>();
  return (user, asked) => {
    let known = byUser.get(user);
    if (known?.generation !== index.generation) {
      known = startAnswers(user, index.generation);
      byUser.set(user, known);
    }
    if (known.isMaster) return allowedMaster;
    const key = answerKey(asked);
    let answer = known.answers.get(key);
    if (!answer) {
      answer = computeAnswer(grantsFor(index, { user, known, asked }), asked);
      if (known.answers.size >= answersPerUser) known.answers.clear();
      known.answers.set(key, answer);
    }
    return decideByName(answer, asked.name);
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

function startAnswers(user: UserInfo, generation: number): UserAnswers {
  const isMaster = user.groups.includes(mastersGroup);
  return { generation, isMaster, grants: new Map(), answers: new Map() };
}

function decideByName({ decision, byName }: Answer, name: string): AuthorizationDecision {
  if (decision.allowed || byName.length === 0) return decision;
  return byName.find(({ names }) => names.includes(name))?.decision ?? decision;
}

function grantsFor(
  index: RbacIndex,
  of: {
    readonly user: UserInfo;
    readonly known: UserAnswers;
    readonly asked: AuthorizationAttributes;
  },
): readonly Grant[] {
  const { user, known, asked } = of;
  const namespace = asked.isResourceRequest ? asked.namespace : "";
  const remembered = known.grants.get(namespace);
  if (remembered) return remembered;
  if (known.grants.size >= answersPerUser) known.grants.clear();
  const grants = index.grantsOf(user, namespace);
  known.grants.set(namespace, grants);
  return grants;
}

function computeAnswer(grants: readonly Grant[], asked: AuthorizationAttributes): Answer {
  const matching = grants.flatMap((grant) => {
    const rules = grant.rules?.filter((rule) => ruleMatches(rule, asked)) ?? [];
    return rules.map(({ resourceNames }) => ({ grant, names: resourceNames }));
  });
  const granting = matching.find(({ names }) => names.length === 0 || !asked.isResourceRequest);
  return {
    decision: granting ? allow(granting.grant) : deny(grants),
    byName: matching.map(({ grant, names }) => ({ names, decision: allow(grant) })),
  };
}

function allow({ binding, subject }: Grant): AuthorizationDecision {
  return { allowed: true, reason: `RBAC: allowed by ${describeGrant(binding, subject)}` };
}

function deny(grants: readonly Grant[]): AuthorizationDecision {
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
 * One text for one question, its name aside. The words have no spaces in anything that exists, so
 * no question that a review makes up shares the text of a real one; the first letter keeps paths
 * and resources apart.
 */
function answerKey(asked: AuthorizationAttributes): string {
  const { verb, group, resource, subresource, namespace } = asked;
  if (!asked.isResourceRequest) return `p${verb} ${asked.path}`;
  return `r${verb} ${group} ${resource} ${subresource} ${namespace}`;
}
