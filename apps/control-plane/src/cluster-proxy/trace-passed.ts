import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ApiResponse, AuthorizedRequest } from "@cellplane/apiserver";
import type { ProxyPath } from "./proxy-path.ts";

/** Passes a request on in a span of its own, a child of the caller's. Nothing is recorded where nobody traces. */
export async function tracePassed(
  { method, headers, auditId }: AuthorizedRequest,
  { cluster, rest }: ProxyPath,
  pass: () => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const above = propagation.extract(context.active(), headers);
  const attributes = {
    "cellplane.cluster": cluster,
    "http.request.method": method,
    "url.path": rest,
    // By it the audit log tells of the same request.
    "audit-id": auditId,
  };
  const options = { kind: SpanKind.SERVER, attributes };
  const span = trace
    .getTracer("cellplane.cluster-proxy")
    .startSpan(`${method} clusters/proxy`, options, above);
  try {
    const answer = await context.with(trace.setSpan(above, span), pass);
    span.setAttribute("http.response.status_code", answer.status);
    if (answer.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return answer;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    throw error;
  } finally {
    span.end();
  }
}

/** The headers with the running span as `traceparent`; as they are where nobody traces. */
export function withTrace(headers: Readonly<Record<string, string>>): Record<string, string> {
  const carrier = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}
