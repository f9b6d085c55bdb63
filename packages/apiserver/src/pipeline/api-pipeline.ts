import type { AuditSink } from "../audit/audit-sink.ts";
import type { Authenticator } from "../authn/authenticator.ts";
import type { Authorizer } from "../authz/authorizer.ts";
import { type Handler, receive } from "../request/handler.ts";
import type { AuthorizedRequest, IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import { answerErrors, type StoreFailureListener } from "./answer-errors.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { impersonate, type Impersonation } from "./impersonate.ts";
import { limitTime } from "./limit-time.ts";
import { recordAudit } from "./record-audit.ts";
import { resolveRequestInfo } from "./resolve-request-info.ts";

/** What the stages stand on. */
export interface ApiPipelineDependencies {
  readonly logger: Logger;
  readonly onStoreFailure?: StoreFailureListener | undefined;
  readonly authenticate: Authenticator;
  readonly impersonate: Impersonation | undefined;
  readonly audit: AuditSink | undefined;
  readonly authorize: Authorizer;
  /** Serves what may be served. */
  readonly serve: Handler<AuthorizedRequest>;
  readonly nowMs: () => number;
}

/** The way of every request, first stage first. */
export function apiPipeline(deps: ApiPipelineDependencies): Handler<IncomingRequest> {
  return receive<IncomingRequest>()
    .through(answerErrors(deps))
    .through(resolveRequestInfo())
    .through(limitTime())
    .through(authenticate(deps.authenticate))
    .through(impersonate(deps.impersonate))
    .through(recordAudit(deps.audit, deps.nowMs))
    .through(authorize(deps.authorize))
    .into(deps.serve);
}
