import { StatusError } from "@cellplane/apimachinery";
import { anonymousUser, type UserInfo } from "../request/user.ts";
import type { Credentials, TokenAuthenticator, TokenVerdict } from "./authenticator.ts";
import { judgeCertificate } from "./client-certificate.ts";

/** What a server accepts as proof of who asks. */
export interface UnionOptions {
  /** Asked in this order; the first that knows the token decides. */
  readonly tokens: readonly TokenAuthenticator[];
  /** The audiences that a token must be for. */
  readonly apiAudiences: readonly string[];
  /** Whether a request without credentials is `system:anonymous`, rather than a 401. */
  readonly allowAnonymous: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/**
 * Certificate, then tokens; the first success wins. Credentials that nobody accepts are a 401,
 * never anonymous. Adds the group `system:authenticated`. Always tells a user or throws.
 */
export function createUnionAuthenticator(
  options: UnionOptions,
): (credentials: Credentials) => Promise<UserInfo> | UserInfo {
  const { tokens, apiAudiences } = options;
  const judgeToken = createTokenUnion(tokens);
  return (credentials) => {
    const { certificate, certificateError, token } = credentials;
    if (certificate) {
      const verdict = judgeCertificate(certificate, options.clock());
      if (verdict.kind === "known") return addAuthenticated(verdict.user);
    }
    if (token !== undefined) return acceptToken(judgeToken(token, apiAudiences));
    if (certificate || certificateError !== undefined || !options.allowAnonymous) {
      throw unauthorized();
    }
    return anonymousUser;
  };
}

/** Asks several token authenticators; what they refuse adds up to one text. */
export function createTokenUnion(tokens: readonly TokenAuthenticator[]): TokenAuthenticator {
  return (token, audiences) => {
    const reasons: string[] = [];
    for (const [index, judge] of tokens.entries()) {
      const verdict = judge(token, audiences);
      if (verdict instanceof Promise) {
        return continueUnion({
          tokens: tokens.slice(index + 1),
          reasons,
          verdict,
          token,
          audiences,
        });
      }
      if (verdict.kind === "known") return verdict;
      if (verdict.kind === "refused") reasons.push(verdict.why);
    }
    return refuse(reasons);
  };
}

/** 401. Kubernetes tells no more than this. */
export function unauthorized(): StatusError {
  return new StatusError("Unauthorized", "Unauthorized");
}

/** Adds `system:authenticated`; the same user object gives the same answer, for caches keyed by it. */
export function addAuthenticated(user: UserInfo): UserInfo {
  const known = withGroup.get(user);
  if (known) return known;
  const { groups } = user;
  const isComplete =
    user.username === anonymousUser.username ||
    groups.includes("system:authenticated") ||
    groups.includes("system:unauthenticated");
  const added = isComplete ? user : { ...user, groups: [...groups, "system:authenticated"] };
  withGroup.set(user, added);
  return added;
}

const withGroup = new WeakMap<UserInfo, UserInfo>();

function acceptToken(verdict: TokenVerdict | Promise<TokenVerdict>): Promise<UserInfo> | UserInfo {
  if (verdict instanceof Promise) return verdict.then(acceptVerdict);
  return acceptVerdict(verdict);
}

function acceptVerdict(verdict: TokenVerdict): UserInfo {
  if (verdict.kind !== "known") throw unauthorized();
  return addAuthenticated(verdict.user);
}

async function continueUnion(state: {
  readonly tokens: readonly TokenAuthenticator[];
  readonly reasons: readonly string[];
  readonly verdict: Promise<TokenVerdict>;
  readonly token: string;
  readonly audiences: readonly string[];
}): Promise<TokenVerdict> {
  const first = await state.verdict;
  if (first.kind === "known") return first;
  const reasons = [...state.reasons, ...(first.kind === "refused" ? [first.why] : [])];
  const next = await createTokenUnion(state.tokens)(state.token, state.audiences);
  if (next.kind === "known") return next;
  return refuse(next.kind === "refused" ? [...reasons, next.why] : reasons);
}

function refuse(reasons: readonly string[]): TokenVerdict {
  if (reasons.length === 0) return { kind: "unknown" };
  const [first = ""] = reasons;
  return { kind: "refused", why: reasons.length === 1 ? first : `[${reasons.join(", ")}]` };
}
