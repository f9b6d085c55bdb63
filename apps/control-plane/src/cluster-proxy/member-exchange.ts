import * as http from "node:http";
import * as https from "node:https";
import type { Duplex, Readable } from "node:stream";
import type { Headers } from "./passed-headers.ts";
import type { MemberRoute } from "./member-routes.ts";

/** A request to a member, ready to be sent. */
export interface MemberRequest {
  readonly method: string;
  /** Path and query, in the member. */
  readonly path: string;
  readonly headers: Headers;
  /** Absent: it has none. */
  readonly body?: Readable;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** What a member says to a request for another protocol. */
export type UpgradeAnswer =
  | { readonly kind: "answer"; readonly incoming: http.IncomingMessage }
  | {
      readonly kind: "upgrade";
      readonly incoming: http.IncomingMessage;
      readonly socket: Duplex;
      readonly head: Buffer;
    };

// Longer than API servers take for anything but watches, which begin to answer at once.
const headWithinMs = 65_000;
// Several kept connections may have been lost at once.
const mostRepeats = 3;

/** Sends a request on a connection that is kept for further ones; resolves with the head of its answer. */
export async function sendToMember(
  route: MemberRoute,
  request: MemberRequest,
): Promise<http.IncomingMessage> {
  for (let failures = 1; ; failures++) {
    try {
      return await sendOnce(route, request);
    } catch (error) {
      if (!isRepeatable(error, request) || failures > mostRepeats) throw error;
    }
  }
}

/**
 * Whether a request that was not answered may be sent again: a kept connection may have been closed
 * from there just now, as all of an agent that leaves are, and reading twice does no harm.
 */
function isRepeatable(error: unknown, { method, body, signal }: MemberRequest): boolean {
  if (!(error instanceof LostConnectionError) || body !== undefined || signal.aborted) return false;
  return error.wasKept || method === "GET" || method === "HEAD";
}

/** Asks a member for another protocol, on a connection of its own. */
export async function upgradeAtMember(
  route: MemberRoute,
  request: MemberRequest,
): Promise<UpgradeAnswer> {
  const connection = await route.connections.connect();
  const options = optionsOf(route, request);
  const outgoing = http.request({
    ...options,
    protocol: "http:",
    createConnection: () => connection,
  });
  const answer = Promise.withResolvers<UpgradeAnswer>();
  outgoing.once("upgrade", (incoming, socket: Duplex, head) =>
    answer.resolve({ kind: "upgrade", incoming, socket, head }),
  );
  outgoing.once("response", (incoming) => {
    incoming.once("close", () => connection.destroy());
    answer.resolve({ kind: "answer", incoming });
  });
  outgoing.on("error", (error) => answer.reject(error));
  using _ = limit(outgoing);
  onceAborted(request.signal, () => connection.destroy(new Error("the client has gone")));
  connection.once("close", () => answer.reject(new Error("the member closed the connection")));
  outgoing.end();
  return await answer.promise;
}

async function sendOnce(route: MemberRoute, request: MemberRequest): Promise<http.IncomingMessage> {
  const send = route.connections.url.protocol === "http:" ? http.request : https.request;
  const framed = request.body === undefined ? request : withFraming(request);
  const outgoing = send({ ...optionsOf(route, framed), agent: route.connections.agent });
  const answer = Promise.withResolvers<http.IncomingMessage>();
  outgoing.once("response", answer.resolve);
  outgoing.on("error", (error) => {
    const isLost = "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
    answer.reject(isLost ? new LostConnectionError(error, outgoing.reusedSocket) : error);
  });
  using _ = limit(outgoing);
  onceAborted(request.signal, () => outgoing.destroy(new Error("the client has gone")));
  if (request.body === undefined) outgoing.end();
  else {
    request.body.once("error", (error) => outgoing.destroy(error));
    request.body.pipe(outgoing);
  }
  return await answer.promise;
}

/**
 * Says where a body of unknown length ends. Node does so by itself only for some methods: that of a
 * DELETE would be read as the next request on a connection that others use, too.
 */
function withFraming(request: MemberRequest): MemberRequest {
  const { headers } = request;
  if (headers["content-length"] !== undefined) return request;
  return { ...request, headers: { ...headers, "transfer-encoding": "chunked" } };
}

function optionsOf(
  { connections: { url } }: MemberRoute,
  { method, path, headers }: MemberRequest,
): http.RequestOptions {
  const prefix = url.pathname.replace(/\/$/, "");
  return {
    method,
    path: prefix + path,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    ...(url.port === "" ? {} : { port: url.port }),
    headers: { ...headers, host: url.host },
    setHost: false,
  };
}

/** Gives up a request that was sent and is not answered. */
function limit(outgoing: http.ClientRequest): Disposable {
  let timer: NodeJS.Timeout | undefined;
  outgoing.once("finish", () => {
    timer = setTimeout(() => {
      outgoing.destroy(Object.assign(new Error("no answer came"), { code: "ETIMEDOUT" }));
    }, headWithinMs);
  });
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function onceAborted(signal: AbortSignal, abort: () => void): void {
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
}

/** The connection was lost before there was an answer. */
class LostConnectionError extends Error {
  override readonly name = "LostConnectionError";
  readonly code = "ECONNRESET";
  /** It had served another request before. */
  readonly wasKept: boolean;

  constructor(cause: Error, wasKept: boolean) {
    super(cause.message, { cause });
    this.wasKept = wasKept;
  }
}
