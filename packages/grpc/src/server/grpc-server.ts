import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
} from "node:http";
import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TlsOptions, TLSSocket } from "node:tls";
import { type KeepAlive, keepSessionAlive } from "../call/keep-alive.ts";
import {
  defaultMaxMessageBytes,
  pingedSession,
  sessionOptions,
  widenSession,
} from "../call/session-settings.ts";
import { guardSession } from "./guard-session.ts";
import type { GrpcHandler } from "./handlers.ts";
import {
  type PlainHandler,
  servePlainHttp1,
  servePlainHttp2,
  servePlainOwn,
} from "./plain-request.ts";
import { NodeCallStream } from "./node-call-stream.ts";
import { SpareBuffer } from "../codec/spare-buffer.ts";
import type { CallErrorReporter, CallSettings } from "./call-settings.ts";
import { serveCall } from "./serve-call.ts";
import { OwnCallStream } from "./own-call-stream.ts";
import { OwnConnection } from "./own-connection.ts";
import { peerTls } from "./server-call.ts";
import { sniffProtocol } from "./sniff-protocol.ts";

/** Where to listen: a TCP address (port 0 takes a free one) or a Unix socket. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** How a server serves. */
export interface GrpcServerOptions {
  readonly handlers: readonly GrpcHandler[];
  /** Answers requests that are no gRPC calls; without it they get 415 or 404. */
  readonly plain?: PlainHandler;
  /**
   * Takes HTTP/2 streams that are no gRPC calls, before `plain` does; false: it does not want this
   * one. Calls on the same connection have `stream.session` as their `connection`.
   */
  readonly onStream?: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;
  /** Takes over connections with an HTTP/1.1 `CONNECT`; without it they are closed. */
  readonly onConnect?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Serves over TLS: certificate, key, client CA and so on. Plaintext without it. */
  readonly tls?: TlsOptions;
  /** Longest request. 4 MiB unless given. */
  readonly maxReceiveBytes?: number;
  /** Longest response. No limit unless given. */
  readonly maxSendBytes?: number;
  /** How much one stream may receive before it is read. 1 MiB unless given. */
  readonly windowBytes?: number;
  readonly maxConcurrentStreams?: number;
  /** PINGs to notice clients that are gone; none unless given. */
  readonly keepAlive?: KeepAlive;
  /** Told what handlers throw besides GrpcErrors. */
  readonly onError: CallErrorReporter;
}

// How often calls may be reset by a client before its connection is closed: a busy client with
// deadlines resets many, an attacker thousands a second.
const resetBurst = 10_000;
const resetsPerSecond = 1000;
const handshakeTimeoutMs = 20_000;

/** A connection as the server closes it. */
interface ServedConnection {
  /** Lets its calls end, and takes no more. */
  drain(): void;
  destroy(): void;
}

/** Serves gRPC, and plain HTTP beside it, on one address. */
export class GrpcServer implements AsyncDisposable {
  readonly #options: GrpcServerOptions;
  readonly #calls: CallSettings;
  readonly #server: Server;
  readonly #http1: HttpServer;
  readonly #connections = new Set<ServedConnection>();
  readonly #spare = new SpareBuffer();
  readonly #sockets = new Set<Socket>();

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#calls = {
      handlers: new Map(options.handlers.map((handler) => [handler.method.path, handler])),
      maxReceiveBytes: options.maxReceiveBytes ?? defaultMaxMessageBytes,
      maxSendBytes: options.maxSendBytes ?? 0xffff_ffff,
      onError: options.onError,
    };
    this.#http1 = createHttpServer((request, response) => {
      void servePlainHttp1(request, response, options.plain ?? refusePlain);
    });
    if (options.onConnect) this.#http1.on("connect", options.onConnect);
    this.#server = options.tls
      ? createTlsServer({
          ...options.tls,
          ALPNProtocols: ["h2", "http/1.1"],
          handshakeTimeout: handshakeTimeoutMs,
          noDelay: true,
        })
      : createServer({ noDelay: true });
    this.#server.on(options.tls ? "secureConnection" : "connection", (socket: Socket) =>
      this.#accept(socket),
    );
  }

  /** Starts to listen. The address: with the real port, or the socket's path. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const listening = Promise.withResolvers<void>();
    this.#server.once("error", listening.reject);
    this.#server.listen(address, listening.resolve);
    await listening.promise;
    this.#server.off("error", listening.reject);
    const bound: AddressInfo | string | null = this.#server.address();
    if (bound === null) throw new Error("Cannot tell the address as the server does not listen");
    return typeof bound === "string" ? { path: bound } : { host: bound.address, port: bound.port };
  }

  /** Uses other certificates for connections from now on. */
  renewTls(tls: TlsOptions): void {
    if ("setSecureContext" in this.#server) {
      (this.#server as ReturnType<typeof createTlsServer>).setSecureContext(tls);
    }
  }

  /** Takes no more calls (GOAWAY), lets those under way end, and breaks them off after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.drain();
    this.#http1.closeIdleConnections();
    const late = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(late);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {
      // A peer that breaks off; its calls are told by their streams.
    });
    if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") {
      this.#serveHttp2(socket);
      return;
    }
    sniffProtocol(socket, (protocol) => {
      if (protocol === "http2") this.#serveHttp2(socket);
      else {
        // Whoever takes over a CONNECT decides when to end its own side; others are ended as they end.
        socket.allowHalfOpen = true;
        this.#http1.emit("connection", socket);
        socket.resume();
      }
    });
  }

  /** Streams that are no calls are handed out as Node's, so they need Node's HTTP/2; calls alone do not. */
  #serveHttp2(socket: Socket): void {
    if (this.#options.onStream) this.#serveByNode(socket);
    else this.#serveByOwn(socket);
  }

  #serveByOwn(socket: Socket): void {
    const { windowBytes, maxConcurrentStreams, keepAlive, plain } = this.#options;
    const connection = new OwnConnection(socket, {
      windowBytes,
      maxConcurrentStreams,
      keepAlive,
      spare: this.#spare,
      onRequest: (stream, headers, shown) => {
        if (isCall(headers)) serveCall(new OwnCallStream(stream, shown), headers, this.#calls);
        else servePlainOwn(stream, headers, plain ?? refusePlain);
      },
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    if (socket instanceof TLSSocket) peerTls.set(connection.identity, socket);
  }

  #serveByNode(socket: Socket): void {
    const { windowBytes, maxConcurrentStreams, keepAlive } = this.#options;
    const { settings, ...rest } = sessionOptions(windowBytes);
    const session = performServerHandshake(socket, {
      ...rest,
      settings: {
        ...settings,
        ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
      },
      streamResetBurst: resetBurst,
      streamResetRate: resetsPerSecond,
    });
    const connection = { drain: () => drain(session), destroy: () => session.destroy() };
    this.#connections.add(connection);
    if (socket instanceof TLSSocket) peerTls.set(session, socket);
    session.once("close", () => this.#connections.delete(connection));
    session.on("error", () => {
      // Its calls are told by their streams.
    });
    session.on("stream", (stream, headers) => this.#serveStream(stream, headers));
    widenSession(session, windowBytes);
    guardSession(session);
    if (keepAlive) keepSessionAlive(pingedSession(session), keepAlive, () => session.destroy());
  }

  #serveStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (isCall(headers)) {
      serveCall(new NodeCallStream(stream), headers, this.#calls);
      return;
    }
    stream.on("error", () => {
      // The client has gone.
    });
    if (this.#options.onStream?.(stream, headers)) return;
    void servePlainHttp2(stream, headers, this.#options.plain ?? refusePlain);
  }
}

function isCall(headers: IncomingHttpHeaders): boolean {
  const type = headers["content-type"] ?? "";
  return headers[":method"] === "POST" && /^application\/grpc($|[+;])/.test(type);
}

const refusePlain: PlainHandler = ({ method }) =>
  method === "POST"
    ? { status: 415, body: "content-type must be application/grpc\n" }
    : { status: 404, body: "not found\n" };

/** First says that calls should go elsewhere; refuses new ones only when the client must know it. */
function drain(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.goaway(0, 0x7fff_ffff);
  session.ping(() => {
    if (!session.destroyed) session.close();
  });
}
