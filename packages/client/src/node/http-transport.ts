import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { PassThrough, type Readable } from "node:stream";
import type * as tls from "node:tls";
import { ConnectionError } from "../rest/connection-error.ts";
import type { Transport, TransportRequest, TransportResponse } from "../rest/transport.ts";
import { connectionLost, connectTls, type TlsDial } from "./connect-tls.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { openingBy, tlsDialOf } from "./tls-dial.ts";

// client-go's values: a connection that answers no ping for 15 s is dead.
const pingEveryMs = 30_000;
const pingTimeoutMs = 15_000;
const streamsPerSession = 100;
const windowBytes = 1024 * 1024;

interface Answer extends TransportResponse {
  readonly body: Readable;
}

interface Session {
  readonly http2: http2.ClientHttp2Session;
  streams: number;
}

/**
 * HTTP/2 with as few connections as the streams need, or HTTP/1.1 where the server or a proxy
 * speaks no more. Nothing is connected before the first request.
 */
export function createHttpTransport(settings: ConnectionSettings): Transport {
  const url = new URL(settings.server);
  const prefix = url.pathname === "/" ? "" : url.pathname.replace(/\/$/, "");
  const sessions = new Set<Session>();
  const closing = new AbortController();
  let connecting: Promise<Session | "http/1.1"> | undefined;
  let protocol: "unknown" | "h2" | "http/1.1" = url.protocol === "http:" ? "http/1.1" : "unknown";
  const tlsDial = tlsDialOf(settings, url, closing.signal);
  const agent =
    url.protocol === "http:" ? plainAgent(tlsDial) : secureAgent(url, tlsDial, closing.signal);

  const openSession = async (): Promise<Session | "http/1.1"> => {
    const options = { ...tlsDial.options, ALPNProtocols: ["h2", "http/1.1"] };
    const socket = await connectTls(url, { ...tlsDial, options }, closing.signal);
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      protocol = "http/1.1";
      return "http/1.1";
    }
    protocol = "h2";
    const session = startSession(url, socket);
    const entry: Session = { http2: session, streams: 0 };
    sessions.add(entry);
    const forget = (): unknown => sessions.delete(entry);
    session.on("close", forget);
    session.on("goaway", forget);
    session.on("error", forget);
    return entry;
  };

  // Many may wait for one connection, which then has not enough streams for all of them: each
  // takes its stream at the moment when it sees that there is one.
  const takeStream = async (): Promise<Session | "http/1.1"> => {
    for (;;) {
      const free = Array.from(sessions).find(hasFreeStream);
      if (free) {
        free.streams++;
        return free;
      }
      connecting ??= openSession().finally(() => {
        connecting = undefined;
      });
      if ((await connecting) === "http/1.1") return "http/1.1";
    }
  };

  const send = async (
    request: TransportRequest,
    signal: AbortSignal | undefined,
    refresh: "cached" | "refresh",
  ): Promise<Answer> => {
    signal?.throwIfAborted();
    const headers = await authorize(settings, request.headers, refresh);
    const prepared = { ...request, path: prefix + request.path, headers };
    if (protocol === "http/1.1") return sendHttp1(url, agent, prepared, signal);
    const session = await untilAborted(takeStream(), signal, giveBack);
    if (session === "http/1.1") return sendHttp1(url, agent, prepared, signal);
    return sendHttp2(session, prepared, signal);
  };

  return {
    server: settings.server,
    async request(request, signal) {
      const explain = (error: unknown): unknown => explainFailure(settings.server, error, signal);
      try {
        const answer = await send(request, signal, "cached");
        if (answer.status !== 401 || !settings.token) return readable(answer, explain);
        // Unread, it would hold its stream or connection.
        answer.body.resume();
        return readable(await send(request, signal, "refresh"), explain);
      } catch (error) {
        throw explain(error);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      agent.destroy();
      for (const { http2: session } of sessions) session.destroy();
    },
  };
}

/** What comes too late for an aborted request is given to `leftOver`. */
async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  leftOver: (value: T) => void,
): Promise<T> {
  if (!signal) return promise;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(asError(signal.reason));
    promise.then(leftOver, () => undefined);
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const value = await Promise.race([promise, aborted.promise]);
    // Both were settled and the value came first: it has been left over all the same.
    if (signal.aborted) throw asError(signal.reason);
    return value;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function giveBack(session: Session | "http/1.1"): void {
  if (session !== "http/1.1") session.streams--;
}

function hasFreeStream({ http2: session, streams }: Session): boolean {
  return streams < streamsPerSession && !session.closed && !session.destroyed;
}

/** What a failure is told as: the reason of one's own abort, or that there was no answer. */
function explainFailure(server: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    if (!isTimeout(signal.reason)) return signal.reason;
    return new ConnectionError(server, { code: "ETIMEDOUT" });
  }
  return error instanceof ConnectionError ? error : new ConnectionError(server, error);
}

/** The answer with a body whose failures are explained, too. */
function readable(answer: Answer, explain: (error: unknown) => unknown): TransportResponse {
  const { status, headers, body } = answer;
  return { status, headers, body: explained(body, explain) };
}

async function* explained(
  body: Readable,
  explain: (error: unknown) => unknown,
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
    // A lost HTTP/2 connection ends its streams as if they were whole.
    if (body.readableAborted) throw connectionLost();
  } catch (error) {
    throw explain(error);
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

/** An agent whose connections are opened as those of HTTP/2 are: through the proxy, with the same checks. */
function secureAgent(url: URL, tlsDial: TlsDial, signal: AbortSignal): https.Agent {
  if (!tlsDial.dial && !tlsDial.check) {
    return new https.Agent({ keepAlive: true, ...tlsDial.options });
  }
  return openingBy(new https.Agent({ keepAlive: true }), () => connectTls(url, tlsDial, signal));
}

function plainAgent({ dial }: TlsDial): http.Agent {
  const agent = new http.Agent({ keepAlive: true });
  if (!dial) return agent;
  return openingBy(agent, ({ host, port }) =>
    dial({ host: host ?? "localhost", port: Number(port ?? 80) }),
  );
}

async function authorize(
  settings: ConnectionSettings,
  headers: Readonly<Record<string, string>>,
  refresh: "cached" | "refresh",
): Promise<Readonly<Record<string, string>>> {
  const token = await settings.token?.(refresh);
  return {
    ...headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(settings.impersonateUser === undefined
      ? {}
      : { "impersonate-user": settings.impersonateUser }),
  };
}

function startSession(url: URL, socket: tls.TLSSocket): http2.ClientHttp2Session {
  const session = http2.connect(url.origin, {
    createConnection: () => socket,
    settings: { initialWindowSize: windowBytes, enablePush: false },
    maxSessionMemory: 200,
  });
  session.setLocalWindowSize(windowBytes);
  session.on("error", () => session.destroy());
  keepAlive(session);
  // Open streams keep the process alive by themselves; an idle session must not.
  session.unref();
  return session;
}

function keepAlive(session: http2.ClientHttp2Session): void {
  const timer = setInterval(() => {
    if (session.destroyed) return;
    const dead = setTimeout(
      () => session.destroy(Object.assign(new Error("ping timed out"), { code: "ETIMEDOUT" })),
      pingTimeoutMs,
    );
    dead.unref();
    session.ping(() => clearTimeout(dead));
  }, pingEveryMs);
  timer.unref();
  session.on("close", () => clearInterval(timer));
}

function sendHttp2(
  session: Session,
  request: TransportRequest,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    session.http2.ref();
    const stream = openStream(session, request);
    let isAnswered = false;
    const abort = (): void => {
      stream.destroy(asError(signal?.reason));
    };
    stream.on("error", reject);
    // It may have aborted since the stream was taken.
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    stream.once("close", () => {
      signal?.removeEventListener("abort", abort);
      session.streams--;
      if (session.streams === 0 && !session.http2.destroyed) session.http2.unref();
      // An error is dear to make, and after the answer nobody hears it.
      if (!isAnswered) reject(connectionLost());
    });
    stream.once("response", (headers) => {
      isAnswered = true;
      resolve({ status: Number(headers[":status"]), headers, body: bodyOf(stream) });
    });
    if (request.body !== undefined) stream.end(request.body);
  });
}

/**
 * The body of an answer. All of a short one may have come within one tick, as over a connection
 * inside another one; Node takes such a stream for broken when it is iterated only then, though it
 * still gives its data to whoever listens.
 */
function bodyOf(stream: http2.ClientHttp2Stream): Readable {
  if (!stream.closed) return stream;
  const body = new PassThrough();
  stream.once("close", () => {
    if (!body.writableEnded) body.destroy(connectionLost());
  });
  return stream.pipe(body);
}

function openStream(session: Session, request: TransportRequest): http2.ClientHttp2Stream {
  try {
    return session.http2.request(
      { ":method": request.method, ":path": request.path, ...request.headers },
      { endStream: request.body === undefined },
    );
  } catch (error) {
    session.streams--;
    throw error;
  }
}

function sendHttp1(
  url: URL,
  agent: http.Agent,
  request: TransportRequest,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "http:" ? http.request : https.request;
    const outgoing = send(url.origin + request.path, {
      method: request.method,
      headers: request.headers,
      agent,
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming });
    });
    outgoing.end(request.body);
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
