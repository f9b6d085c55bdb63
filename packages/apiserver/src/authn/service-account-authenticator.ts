import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ServiceAccountKey } from "../pki/service-account-key.ts";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { UserInfo } from "../request/user.ts";
import type { TokenAuthenticator, TokenVerdict } from "./authenticator.ts";
import { legacyIssuer, readTokenContent, type TokenContent } from "./service-account-claims.ts";
import {
  parseJwt,
  serviceAccountGroups,
  serviceAccountUsername,
  verifyJwt,
} from "./service-account-token.ts";
import { TokenCache } from "./token-cache.ts";
import { findRevocation } from "./token-revocation.ts";

/** A verified token is believed for this long without another look. */
const believedMs = 10_000;
/** The same for a token bound to an object, whose end is not watched for. */
const boundBelievedMs = 1_000;
/** How far the clock of another replica that issued a token may be ahead. */
const leewaySeconds = 60;

/** What service-account tokens are judged by. */
export interface ServiceAccountAuthenticatorOptions {
  readonly objects: ObjectAccess;
  /** Any of these may have signed. */
  readonly keys: readonly ServiceAccountKey[];
  /** Tokens of other issuers are unknown. */
  readonly issuers: readonly string[];
  readonly apiAudiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Judges service-account tokens; disposing ends its watch. */
export interface ServiceAccountAuthenticator extends Disposable {
  readonly authenticate: TokenAuthenticator;
}

interface KnownToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/**
 * Service-account tokens: signature, issuer, times, audience, and that the account and what the
 * token is bound to still exist with the same uid. Deleting an account ends its tokens at once.
 */
export async function openServiceAccountAuthenticator(
  options: ServiceAccountAuthenticatorOptions,
): Promise<ServiceAccountAuthenticator> {
  const cache = new TokenCache<KnownToken>();
  let revocations = 0;
  const revoke = ({ metadata }: KubernetesObject): void => {
    revocations++;
    cache.revoke(metadata.uid ?? "");
  };
  const watch = await options.objects.watch(
    { group: "", resource: "serviceaccounts" },
    {
      onPut: (account) => {
        if (account.metadata.deletionTimestamp !== undefined) revoke(account);
      },
      onDelete: revoke,
    },
  );
  const verifyAndRemember = async (
    token: string,
    content: TokenContent,
  ): Promise<KnownToken | string> => {
    const before = revocations;
    const why = await findRevocation({ token, content, ...options });
    if (why !== undefined) return why;
    const known = { user: userOf(content), audiences: audiencesOf(content, options) };
    if (before === revocations) cache.set(token, { value: known, ...lifeOf(content, options) });
    return known;
  };
  return {
    authenticate: (token, audiences) => {
      const known = cache.get(token, options.clock());
      if (known) return checkAudiences(known, audiences);
      const content = verifyContent(token, options);
      if (typeof content === "string") return { kind: "refused", why: content };
      if (!content) return { kind: "unknown" };
      return verifyAndRemember(token, content).then((result) =>
        typeof result === "string"
          ? { kind: "refused", why: result }
          : checkAudiences(result, audiences),
      );
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

/** The content of a good token, why it is bad, or `undefined`: not one of ours. */
function verifyContent(
  token: string,
  options: ServiceAccountAuthenticatorOptions,
): TokenContent | string | undefined {
  const jwt = parseJwt(token);
  const issuer = jwt?.payload["iss"];
  if (!jwt || typeof issuer !== "string") return undefined;
  if (issuer !== legacyIssuer && !options.issuers.includes(issuer)) return undefined;
  if (!verifyJwt(jwt, options.keys)) return "invalid signature";
  const content = readTokenContent(jwt.payload);
  if (!content) return "invalid bearer token";
  const nowSeconds = options.clock() / 1000;
  if (content.expires !== undefined && nowSeconds >= content.expires) {
    return "service account token has expired";
  }
  if (content.notBefore !== undefined && nowSeconds + leewaySeconds < content.notBefore) {
    return "service account token is not valid yet";
  }
  return content;
}

function checkAudiences(known: KnownToken, wanted: readonly string[]): TokenVerdict {
  const audiences = known.audiences.filter((audience) => wanted.includes(audience));
  if (audiences.length > 0) return { kind: "known", user: known.user, audiences };
  const why = `token audiences ${quoteList(known.audiences)} is invalid for the target audiences ${quoteList(wanted)}`;
  return { kind: "refused", why };
}

function audiencesOf(
  content: TokenContent,
  options: ServiceAccountAuthenticatorOptions,
): readonly string[] {
  return content.audiences.length > 0 ? content.audiences : options.apiAudiences;
}

function userOf({ claims, tokenId }: TokenContent): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims;
  const key = (name: string): string => `authentication.kubernetes.io/${name}`;
  const extra: Record<string, readonly string[]> = {};
  if (tokenId !== undefined) extra[key("credential-id")] = [`JTI=${tokenId}`];
  if (node) extra[key("node-name")] = [node.name];
  if (node && node.uid !== "") extra[key("node-uid")] = [node.uid];
  if (pod) extra[key("pod-name")] = [pod.name];
  if (pod) extra[key("pod-uid")] = [pod.uid];
  return {
    username: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function lifeOf(
  { claims, expires }: TokenContent,
  { clock }: ServiceAccountAuthenticatorOptions,
): { readonly untilMs: number; readonly uid: string } {
  const isBound = claims.secret ?? claims.pod ?? claims.node;
  const believedUntilMs = clock() + (isBound ? boundBelievedMs : believedMs);
  const untilMs =
    expires === undefined ? believedUntilMs : Math.min(believedUntilMs, expires * 1000);
  return { untilMs, uid: claims.serviceaccount.uid };
}

/** `["a" "b"]`, as Go prints a list of strings. */
function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}
