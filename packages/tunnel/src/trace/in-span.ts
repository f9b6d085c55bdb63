import {
  context,
  propagation,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { DialError } from "../protocol/dial-error.ts";

/** A span, and whose child it is where that came over the wire. */
export interface TunnelSpan extends SpanOptions {
  /** Headers that may name it as W3C has it; the span of the running call unless they do. */
  readonly parent?: Readonly<Record<string, string | undefined>>;
}

/** Runs in a span, which tells a failure with its reason. Nothing is recorded where nobody traces. */
export async function inSpan<T>(
  name: string,
  { parent, ...options }: TunnelSpan,
  run: (span: Span) => Promise<T>,
): Promise<T> {
  const above = parent ? propagation.extract(context.active(), parent) : context.active();
  const span = trace.getTracer("cellplane.tunnel").startSpan(name, options, above);
  try {
    return await context.with(trace.setSpan(above, span), () => run(span));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof DialError) span.setAttribute("error.type", error.reason);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    throw error;
  } finally {
    span.end();
  }
}

/** The running span as W3C's `traceparent`, for the other side; empty where nobody traces. */
export function activeTraceparent(): string {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier["traceparent"] ?? "";
}

/** Tells more of the running span, if there is one. */
export function tellSpan(attributes: Readonly<Record<string, string | number>>): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}
