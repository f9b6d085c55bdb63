import type { AdmissionPlugin } from "../admission/admission.ts";
import { createAccessReviewHandler } from "../authz/access-review.ts";
import type { Authorizer } from "../authz/authorizer.ts";
import { ensureBootstrapPolicy } from "../authz/ensure-bootstrap-policy.ts";
import { createEscalationPlugin } from "../authz/escalation-plugin.ts";
import { createImpersonationResolver, type ImpersonationResolver } from "../authz/impersonation.ts";
import { createRbacAuthorizer } from "../authz/rbac-authorizer.ts";
import { RbacIndex } from "../authz/rbac-index.ts";
import { createRulesReviewHandler } from "../authz/rules-review.ts";
import type { ServiceAccountKey } from "../pki/service-account-key.ts";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { ObjectHandler } from "../registry/resource.ts";
import type { HttpHandler } from "../request/http-handler.ts";
import type { UserInfo } from "../request/user.ts";
import type { Authenticator, TokenAuthenticator } from "./authenticator.ts";
import { createIssuerDocumentsHandler } from "./issuer-documents.ts";
import { createSelfSubjectReviewHandler, createTokenReviewHandler } from "./review-handlers.ts";
import {
  openServiceAccountAuthenticator,
  type ServiceAccountAuthenticator,
} from "./service-account-authenticator.ts";
import { createTokenFileAuthenticator } from "./token-file.ts";
import { createTokenRequestHandler } from "./token-request.ts";
import { createTokenUnion, createUnionAuthenticator } from "./union-authenticator.ts";

/** Who is known to a server, and by what. */
export interface AccessControlOptions {
  /** Users of the token file. */
  readonly tokenUsers: ReadonlyMap<string, UserInfo>;
  readonly serviceAccountKey: ServiceAccountKey;
  /** `https://kubernetes.default.svc`. */
  readonly issuer: string;
  /** The audiences that a token must be for; the issuer by default. */
  readonly apiAudiences?: readonly string[];
  /** How the server is reached from outside, for the discovery of the issuer's keys. */
  readonly externalUrl: string;
  readonly allowAnonymous: boolean;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/**
 * Authentication and authorization of one server. The parts are there from the start, for the
 * resources are made with the handlers; they know tokens of service accounts and rights other than
 * those of `system:masters` once `start` has read the store.
 */
export interface AccessControl extends Disposable {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly impersonate: ImpersonationResolver;
  /** To run before all other validating plug-ins. */
  readonly escalationPlugin: AdmissionPlugin;
  /** The reviews and `serviceaccounts/token`, by `group/resource[/subresource]`. */
  readonly handlers: Readonly<Record<string, ObjectHandler>>;
  readonly issuerDocuments: HttpHandler;
  /** Writes the bootstrap policy where it is missing, then follows the store until disposed. */
  start(objects: ObjectAccess): Promise<void>;
}

/** Puts authentication and authorization together. */
export function createAccessControl(options: AccessControlOptions): AccessControl {
  const { issuer, serviceAccountKey, clock } = options;
  const apiAudiences = options.apiAudiences ?? [issuer];
  const keys = [serviceAccountKey];
  const index = new RbacIndex();
  const authorizer = createRbacAuthorizer(index);
  let serviceAccounts: ServiceAccountAuthenticator | undefined;
  const tokens: readonly TokenAuthenticator[] = [
    createTokenFileAuthenticator(options.tokenUsers, apiAudiences),
    (token, audiences) =>
      serviceAccounts?.authenticate(token, audiences) ?? { kind: "unknown" as const },
  ];
  const { allowAnonymous } = options;
  const handlers = createHandlers({ ...options, apiAudiences, tokens, index, authorizer });
  return {
    authenticator: createUnionAuthenticator({ tokens, apiAudiences, allowAnonymous, clock }),
    authorizer,
    impersonate: createImpersonationResolver(authorizer),
    escalationPlugin: createEscalationPlugin({ index, authorizer }),
    handlers,
    issuerDocuments: createIssuerDocumentsHandler({ ...options, keys }),
    start: async (objects) => {
      await ensureBootstrapPolicy(objects);
      const accounts = { objects, keys, issuers: [issuer], apiAudiences, clock };
      [serviceAccounts] = await Promise.all([
        openServiceAccountAuthenticator(accounts),
        index.follow(objects),
      ]);
    },
    [Symbol.dispose]: () => {
      serviceAccounts?.[Symbol.dispose]();
      index[Symbol.dispose]();
    },
  };
}

function createHandlers(
  parts: Required<AccessControlOptions> & {
    readonly tokens: readonly TokenAuthenticator[];
    readonly index: RbacIndex;
    readonly authorizer: Authorizer;
  },
): AccessControl["handlers"] {
  const { tokens, index, authorizer, apiAudiences, clock, issuer } = parts;
  const authenticate = createTokenUnion(tokens);
  const tokenRequest = { key: parts.serviceAccountKey, issuer, apiAudiences, clock };
  const authorization = (kind: Parameters<typeof createAccessReviewHandler>[0]): object => ({
    [`authorization.k8s.io/${kind.toLowerCase()}s`]: createAccessReviewHandler(kind, authorizer),
  });
  return {
    ...authorization("SubjectAccessReview"),
    ...authorization("SelfSubjectAccessReview"),
    ...authorization("LocalSubjectAccessReview"),
    "authorization.k8s.io/selfsubjectrulesreviews": createRulesReviewHandler(index),
    "authentication.k8s.io/tokenreviews": createTokenReviewHandler({ authenticate, apiAudiences }),
    "authentication.k8s.io/selfsubjectreviews": createSelfSubjectReviewHandler(clock),
    "/serviceaccounts/token": createTokenRequestHandler(tokenRequest),
  };
}
