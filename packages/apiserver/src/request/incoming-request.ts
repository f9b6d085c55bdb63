import type { Readable } from "node:stream";
import type { PeerCertificate } from "node:tls";
import type { RequestInfo } from "./request-info.ts";
import type { UserInfo } from "./user.ts";

/**
 * One request, whatever protocol it came over. Stages add to the same object (`extendRequest`):
 * it lives for one request, and a copy a stage would cost more than the stages do.
 */
export interface IncomingRequest {
  /** The client's `Audit-ID`, or one of our own. */
  readonly auditId: string;
  readonly method: string;
  /** Still escaped, without the query. */
  readonly path: string;
  /** Path and query as they came. */
  readonly uri: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly peer: Peer;
  readonly receivedAtMs: number;
  /** The whole body. @throws {StatusError} 413 above the limit, 400 for a broken one. */
  readonly body: () => Promise<Buffer>;
  /** The body as it comes, without a limit; instead of `body`. */
  readonly bodyStream?: () => Readable;
  /** The client asks to change the protocol of its connection; it may be answered by `UpgradedBody`. */
  readonly isUpgrade?: boolean;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** Texts for `Warning` headers. */
  readonly warnings: string[];
  /** The server's own controllers may create an object with its status, in one write instead of two. */
  readonly createsStatus?: boolean;
  /** What the object in the body says of itself, once it is decoded: for the audit log. */
  sent?: SentObject;
}

/** How an object is called by who sends it. */
export interface SentObject {
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** The other end of the connection. */
export interface Peer {
  readonly address: string;
  /** The client's certificate, only where the listener has verified it. */
  readonly certificate: PeerCertificate | undefined;
  /** Why a certificate that was presented is not trusted. */
  readonly certificateError: string | undefined;
}

/** After `resolveRequestInfo`. */
export interface WithInfo {
  readonly info: RequestInfo;
}

/** After `limitTime`. */
export interface WithDeadline {
  /** Aborts at the deadline or when the client goes away. Made on first use: most reads never wait. */
  readonly deadline: () => AbortSignal;
}

/** After `authenticate`. */
export interface WithUser {
  /** Whom the request acts as: who authenticated, or whom it impersonates. */
  readonly user: UserInfo;
}

/** After `authorize`. */
export interface Authorized {
  readonly authorized: true;
}

/** A request that may be served. */
export type AuthorizedRequest = IncomingRequest & WithInfo & WithDeadline & WithUser & Authorized;

/** Adds what a stage has found out to the request, in place. */
export function extendRequest<Req extends object, More extends object>(
  request: Req,
  more: More,
): Req & More {
  return Object.assign(request, more);
}
