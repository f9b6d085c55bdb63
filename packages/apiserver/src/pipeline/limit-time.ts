import { badRequest } from "@cellplane/apimachinery";
import { timedOut } from "./to-status-error.ts";
import type { Stage } from "../request/handler.ts";
import {
  extendRequest,
  type IncomingRequest,
  type WithDeadline,
  type WithInfo,
} from "../request/incoming-request.ts";
import { parseGoDuration } from "../request/parse-go-duration.ts";

const maxMs = 60_000;

// As in Kubernetes: what they open goes on for as long as somebody uses it.
const longRunning = new Set(["attach", "exec", "log", "portforward", "proxy"]);

/** Adds the deadline: 60 s, or less where `timeout` says so. Watches have none. */
export function limitTime<Req extends IncomingRequest & WithInfo>(): Stage<
  Req,
  Req & WithDeadline
> {
  return async (request, next) => {
    const { verb, subresource } = request.info;
    if (verb === "watch" || verb === "connect" || longRunning.has(subresource)) {
      return next(extendRequest(request, { deadline: () => request.signal }));
    }
    const deadline = new Deadline(request, allottedMs(request.query.get("timeout")));
    try {
      return await next(extendRequest(request, { deadline: () => deadline.signal }));
    } finally {
      deadline.clear();
    }
  };
}

/** Most reads never ask for their signal, so controller and timer are made when one does. */
class Deadline {
  readonly #request: IncomingRequest;
  readonly #ms: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: IncomingRequest, ms: number) {
    this.#request = request;
    this.#ms = ms;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#start()).signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #start(): AbortController {
    const controller = new AbortController();
    const { signal } = this.#request;
    this.#timer = setTimeout(() => controller.abort(timedOut()), this.#ms);
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    return controller;
  }
}

function allottedMs(timeout: string | null): number {
  if (timeout === null || timeout === "") return maxMs;
  const parsed = parseGoDuration(timeout);
  if (parsed.kind === "bad") {
    throw badRequest(`invalid timeout specified in the request URL - ${parsed.why}`);
  }
  return parsed.ms <= 0 ? maxMs : Math.min(parsed.ms, maxMs);
}
