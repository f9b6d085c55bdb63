import {
  badRequest,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { ObjectHandler } from "../registry/resource.ts";
import type { TokenAuthenticator } from "./authenticator.ts";
import { addAuthenticated } from "./union-authenticator.ts";
import { renderUserInfo } from "./user-info.ts";

/** `create` of SelfSubjectReview: tells who asks. `clock` in milliseconds since 1970. */
export function createSelfSubjectReviewHandler(clock: () => number): ObjectHandler {
  return async ({ version, user }) => ({
    kind: "SelfSubjectReview",
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: { creationTimestamp: formatTime(clock()) },
    status: { userInfo: renderUserInfo(user) },
  });
}

/** What TokenReview judges with. */
export interface TokenReviewOptions {
  readonly authenticate: TokenAuthenticator;
  /** Wanted where the review names none. */
  readonly apiAudiences: readonly string[];
}

/** `create` of TokenReview: tells whose a token is. */
export function createTokenReviewHandler(options: TokenReviewOptions): ObjectHandler {
  return async ({ version, object }) => {
    const spec = isJsonObject(object?.["spec"]) ? object["spec"] : {};
    const token = typeof spec["token"] === "string" ? spec["token"] : "";
    if (token === "") throw badRequest("token is required for TokenReview in authentication");
    return {
      ...object,
      kind: "TokenReview",
      apiVersion: `authentication.k8s.io/${version}`,
      metadata: object?.metadata ?? {},
      status: await judge(token, wantedAudiences(spec, options), options),
    } satisfies KubernetesObject;
  };
}

async function judge(
  token: string,
  wanted: readonly string[],
  { authenticate }: TokenReviewOptions,
): Promise<JsonObject> {
  const verdict = await authenticate(token, wanted);
  if (verdict.kind === "known") {
    const user = renderUserInfo(addAuthenticated(verdict.user));
    return { authenticated: true, user, audiences: verdict.audiences };
  }
  return { user: {}, error: verdict.kind === "refused" ? verdict.why : "invalid bearer token" };
}

function wantedAudiences(
  spec: JsonObject,
  { apiAudiences }: TokenReviewOptions,
): readonly string[] {
  const { audiences } = spec;
  const named = isJsonArray(audiences) ? audiences.filter((each) => typeof each === "string") : [];
  return named.length > 0 ? named : apiAudiences;
}

/** RFC 3339 in UTC with whole seconds. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
