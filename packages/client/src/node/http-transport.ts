import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { isIP } from "node:net";
import * as tls from "node:tls";
import { ConnectionError } from "../rest/connection-error.ts";
import type { Transport, TransportRequest, TransportResponse } from "../rest/transport.ts";
import type { ConnectionSettings } from "./credentials.ts";

// client-go's values: a connection that answers no ping for 15 s is dead.
const pingEveryMs = 30_000;
const pingTimeoutMs = 15_000;
const connectTimeoutMs = 10_000;
const streamsPerSession = 100;
const windowBytes = 1024 * 1024;

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
  let connecting: Promise<Session | "http/1.1"> | undefined;
  let protocol: "unknown" | "h2" | "http/1.1" = url.protocol === "http:" ? "http/1.1" : "unknown";
  const tlsOptions = tlsOptionsOf(settings, url);
  const agent =
    url.protocol === "http:"
      ? new http.Agent({ keepAlive: true })
      : new https.Agent({ keepAlive: true, ...tlsOptions });

  const openSession = async (): Promise<Session | "http/1.1"> => {
    const socket = await connectTls(url, { ...tlsOptions, ALPNProtocols: ["h2", "http/1.1"] });
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

  const freeSession = async (): Promise<Session | "http/1.1"> => {
    for (const session of sessions) {
      if (
        session.streams < streamsPerSession &&
        !session.http2.closed &&
        !session.http2.destroyed
      ) {
        return session;
      }
    }
    connecting ??= openSession().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };

  const send = async (
    request: TransportRequest,
    signal: AbortSignal | undefined,
    refresh: "cached" | "refresh",
  ): Promise<TransportResponse> => {
    signal?.throwIfAborted();
    const headers = await authorize(settings, request.headers, refresh);
    const prepared = { ...request, path: prefix + request.path, headers };
    if (protocol === "http/1.1") return sendHttp1(url, agent, prepared, signal);
    const session = await freeSession();
    if (session === "http/1.1") return sendHttp1(url, agent, prepared, signal);
    return sendHttp2(session, prepared, signal);
  };

  return {
    server: settings.server,
    async request(request, signal) {
      try {
        const response = await send(request, signal, "cached");
        if (response.status !== 401 || !settings.token) return response;
        return await send(request, signal, "refresh");
      } catch (error) {
        if (signal?.aborted && isTimeout(signal.reason)) {
          throw new ConnectionError(settings.server, { code: "ETIMEDOUT" });
        }
        signal?.throwIfAborted();
        throw error instanceof ConnectionError
          ? error
          : new ConnectionError(settings.server, error);
      }
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      for (const { http2: session } of sessions) session.destroy();
    },
  };
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

function tlsOptionsOf(settings: ConnectionSettings, url: URL): tls.ConnectionOptions {
  const host = settings.tlsServerName ?? url.hostname;
  return {
    ...(settings.caBundle === undefined ? {} : { ca: settings.caBundle }),
    ...(settings.clientCertificate === undefined ? {} : { cert: settings.clientCertificate }),
    ...(settings.clientKey === undefined ? {} : { key: settings.clientKey }),
    rejectUnauthorized: settings.insecureSkipTlsVerify !== true,
    ...(isIP(host.replace(/^\[|\]$/g, "")) === 0 ? { servername: host } : {}),
  };
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

function connectTls(url: URL, options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port === "" ? 443 : url.port);
    const socket = tls.connect({ host, port, ...options });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" }));
    }, connectTimeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
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
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    session.http2.ref();
    session.streams++;
    const stream = session.http2.request(
      { ":method": request.method, ":path": request.path, ...request.headers },
      { endStream: request.body === undefined },
    );
    const abort = (): void => {
      stream.destroy(asError(signal?.reason));
    };
    signal?.addEventListener("abort", abort, { once: true });
    stream.on("error", reject);
    stream.once("close", () => {
      signal?.removeEventListener("abort", abort);
      session.streams--;
      if (session.streams === 0 && !session.http2.destroyed) session.http2.unref();
      reject(Object.assign(new Error("the stream closed"), { code: "ECONNRESET" }));
    });
    stream.once("response", (headers) => {
      resolve({ status: Number(headers[":status"]), headers, body: stream });
    });
    if (request.body !== undefined) stream.end(request.body);
  });
}

function sendHttp1(
  url: URL,
  agent: http.Agent,
  request: TransportRequest,
  signal: AbortSignal | undefined,
): Promise<TransportResponse> {
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
