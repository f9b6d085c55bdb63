import { renderUserInfo } from "../authn/user-info.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { AuditRecord } from "./audit-sink.ts";

/**
 * One line of the audit log: an `audit.k8s.io/v1` Event of level Metadata. A query is written as
 * it came but for the value of a token in it.
 */
export function renderAuditEvent(record: AuditRecord): string {
  const { info, response } = record;
  return JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: record.auditId,
    stage: record.stage,
    requestURI: hideTokens(record.requestUri),
    verb: info.verb,
    user: record.user ? renderUserInfo(record.user) : {},
    ...(record.impersonatedUser && { impersonatedUser: renderUserInfo(record.impersonatedUser) }),
    ...(record.sourceIps.length > 0 && { sourceIPs: record.sourceIps }),
    ...(record.userAgent !== undefined && { userAgent: record.userAgent }),
    ...(info.isResourceRequest && { objectRef: renderReference(info, record) }),
    ...(response && { responseStatus: renderStatus(response, record) }),
    requestReceivedTimestamp: formatMicroTime(record.receivedAtMs),
    stageTimestamp: formatMicroTime(record.stageAtMs),
    ...(record.annotations && { annotations: record.annotations }),
  });
}

function renderReference(info: RequestInfo, record: AuditRecord): object {
  const name = info.name === "" ? (record.objectName ?? "") : info.name;
  return {
    resource: info.resource,
    ...(info.namespace !== "" && { namespace: info.namespace }),
    ...(name !== "" && { name }),
    ...(record.objectUid !== undefined && { uid: record.objectUid }),
    ...(info.group !== "" && { apiGroup: info.group }),
    apiVersion: info.version,
    ...(record.objectResourceVersion !== undefined && {
      resourceVersion: record.objectResourceVersion,
    }),
    ...(info.subresource !== "" && { subresource: info.subresource }),
  };
}

function renderStatus(
  response: NonNullable<AuditRecord["response"]>,
  { info }: AuditRecord,
): object {
  const { code, reason, message } = response;
  return {
    metadata: {},
    ...(code >= 400 && { status: "Failure" }),
    ...(message !== undefined && !mayQuoteSecrets(info) && { message }),
    ...(reason !== undefined && { reason }),
    code,
  };
}

/** The message of a refusal may quote the object refused. */
function mayQuoteSecrets({ resource, subresource }: RequestInfo): boolean {
  return resource === "secrets" || resource === "tokenreviews" || subresource === "token";
}

function hideTokens(uri: string): string {
  return uri.replaceAll(/([?&](?:access_)?token=)[^&]*/g, "$1…");
}

/** RFC 3339 in UTC with microseconds. */
function formatMicroTime(timeMs: number): string {
  const wholeMs = Math.floor(timeMs);
  const micros = Math.floor((timeMs - wholeMs) * 1000);
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}
