import { badRequest } from "@cellplane/apimachinery";
import type { Stage } from "../request/handler.ts";
import {
  extendRequest,
  type IncomingRequest,
  type WithDeadline,
  type WithInfo,
} from "../request/incoming-request.ts";
import { parseGoDuration } from "../request/parse-go-duration.ts";

const maxMs = 60_000;

/** Adds the deadline: 60 s, or less where `timeout` says so. Watches have none. */
export function limitTime<Req extends IncomingRequest & WithInfo>(): Stage<
  Req,
  Req & WithDeadline
> {
  return (request, next) => {
    const isLong = request.info.verb === "watch" || request.info.verb === "connect";
    const ms = isLong ? undefined : allottedMs(request.query.get("timeout"));
    let signal: AbortSignal | undefined;
    const deadline = (): AbortSignal => (signal ??= signalOf(request, ms));
    return next(extendRequest(request, { deadline }));
  };
}

function signalOf(request: IncomingRequest, ms: number | undefined): AbortSignal {
  if (ms === undefined) return request.signal;
  return AbortSignal.any([request.signal, AbortSignal.timeout(ms)]);
}

function allottedMs(timeout: string | null): number {
  if (timeout === null || timeout === "") return maxMs;
  const parsed = parseGoDuration(timeout);
  if (parsed.kind === "bad") {
    throw badRequest(`invalid timeout specified in the request URL - ${parsed.why}`);
  }
  return parsed.ms <= 0 ? maxMs : Math.min(parsed.ms, maxMs);
}
