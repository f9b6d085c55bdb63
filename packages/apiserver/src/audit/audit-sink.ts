import type { RequestInfo } from "../request/request-info.ts";
import type { UserInfo } from "../request/user.ts";

/** Where a request stands: on arrival, at the first bytes of a long answer, at its end, or at a crash. */
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

/** What one stage of one request knows. Bodies are no part of it, so that no secret can be. */
export interface AuditRecord {
  readonly stage: AuditStage;
  /** The request's `Audit-ID`; the same in every stage. */
  readonly auditId: string;
  readonly info: RequestInfo;
  /** Path and query as they came. */
  readonly requestUri: string;
  /** Who authenticated. Absent before, and for a 401. */
  readonly user?: UserInfo;
  /** Whom that user acts as. */
  readonly impersonatedUser?: UserInfo;
  /** The nearest last: `X-Forwarded-For` first, then the peer of the socket. */
  readonly sourceIps: readonly string[];
  readonly userAgent?: string;
  /** Milliseconds since 1970; a fraction becomes microseconds. */
  readonly receivedAtMs: number;
  readonly stageAtMs: number;
  /** The answer; absent in RequestReceived. `reason` and `message` of a `Status` only. */
  readonly response?: {
    readonly code: number;
    readonly reason?: string;
    readonly message?: string;
  };
  /** Of the object written, where known; the name where the path has none, as in a create. */
  readonly objectName?: string;
  readonly objectUid?: string;
  readonly objectResourceVersion?: string;
  /** E.g. `authorization.k8s.io/decision`. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Takes the audit events of all requests. Never blocks, never throws; disposing writes what is left. */
export interface AuditSink extends AsyncDisposable {
  record(record: AuditRecord): void;
}
