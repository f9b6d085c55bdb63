import type { StatusError } from "@cellplane/apimachinery";
import { openListener, type TlsOptions } from "../node/listener.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { HttpHandler } from "../request/http-handler.ts";
import type { IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import { statusResponse } from "../request/status-response.ts";
import { anonymousUser } from "../request/user.ts";

/** What answers before there is a server. */
export interface WaitingServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: TlsOptions;
  /** Asked without authentication: for what everybody may see. */
  readonly handlers: readonly HttpHandler[];
  /** The answer to everything else. */
  readonly refusal: () => StatusError;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** A listener that tells why there is no server yet. */
export interface WaitingServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Listens where a server will as soon as it can: health is told, all else is refused.
 *
 * @throws {Error} If it cannot listen.
 */
export async function openWaitingServer(options: WaitingServerOptions): Promise<WaitingServer> {
  const { handlers, refusal, listen, tls, logger, nowMs } = options;
  const handle = async (request: IncomingRequest): Promise<ApiResponse> => {
    const handler = handlers.find((each) => each.handles(request.path));
    if (!handler) return statusResponse(refusal());
    const { method, path, query, headers, body, signal } = request;
    const parts = { method, path, query, headers, body, signal };
    const response = await handler.handle({ ...parts, user: anonymousUser });
    const bytes = typeof response.body === "string" ? Buffer.from(response.body) : response.body;
    return { ...response, body: bytes };
  };
  return openListener({ ...listen, tls, handle, logger, nowMs });
}
