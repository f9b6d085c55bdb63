import { context, propagation, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ApiResponse, AuthorizedRequest } from "@cellplane/apiserver";
import { inSpan } from "@cellplane/tunnel";
import type { ProxyPath } from "./proxy-path.ts";

/** Passes a request on in a span of its own, a child of the caller's. Nothing is recorded where nobody traces. */
export async function tracePassed(
  { method, headers, auditId }: AuthorizedRequest,
  { cluster, rest }: ProxyPath,
  pass: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const attributes = {
    "cellplane.cluster": cluster,
    "http.request.method": method,
    "url.path": rest,
    // By it the audit log tells of the same request.
    "audit-id": auditId,
  };
  const options = { kind: SpanKind.SERVER, attributes, parent: headers };
  return inSpan(`${method} clusters/proxy`, options, async (span) => {
    const answer = await pass();
    span.setAttribute("http.response.status_code", answer.status);
    if (answer.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return answer;
  });
}

/** The headers with the running span as `traceparent`; as they are where nobody traces. */
export function withTrace(headers: Readonly<Record<string, string>>): Record<string, string> {
  const carrier = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}
