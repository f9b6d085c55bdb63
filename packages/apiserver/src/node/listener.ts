import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { badRequest } from "@cellplane/apimachinery";
import type { ApiResponse, ResponseSink } from "../request/api-response.ts";
import type { Handler } from "../request/handler.ts";
import type { IncomingRequest, Peer } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import { answerHttp1 } from "./http1-answer.ts";
import { answerHttp2 } from "./http2-answer.ts";
import { describeListenError } from "./listen-error.ts";
import { NodeRequest, type NodeRequestParts } from "./node-request.ts";
import { peerOf } from "./peer.ts";
import { readBody } from "./read-body.ts";
import { answerUpgrade } from "./upgrade-answer.ts";

/** Keys and certificates in PEM. */
export interface TlsOptions {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** Client certificates are verified against this. */
  readonly clientCa?: string | Buffer;
}

/** Where and how to listen. */
export interface ListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: TlsOptions;
  readonly handle: Handler<IncomingRequest>;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** An open listener. */
export interface Listener extends AsyncDisposable {
  readonly port: number;
  /** New connections get these; open ones go on. */
  reloadTls(tls: TlsOptions): void;
  /** Ends streams cleanly, waits for requests until the limit, then closes what is left. */
  close(limitMs: number): Promise<void>;
}

const maxSessionMemoryMb = 100;
const windowBytes = 1 << 20;
const maxConcurrentStreams = 1000;
const maxHeaderBytes = 64 << 10;
// Above the idle time of load balancers, so that it is they who close.
const keepAliveMs = 180_000;

/** Opens the one listener: HTTP/2 and HTTP/1.1 over TLS on one port. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const listener = new NodeListener(options);
  await listener.listen();
  return listener;
}

class NodeListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** From the first byte on: a TLS handshake under way must not outlast the listener. */
  readonly #sockets = new Set<Socket>();
  readonly #peers = new WeakMap<object, Peer>();
  /** Open streams, each ended at shutdown. */
  readonly #streams = new Set<ResponseSink>();
  #busy = 0;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      ...contextOf(options.tls),
      allowHTTP1: true,
      requestCert: options.tls.clientCa !== undefined,
      rejectUnauthorized: false,
      maxSessionMemory: maxSessionMemoryMb,
      settings: {
        maxConcurrentStreams,
        initialWindowSize: windowBytes,
        maxHeaderListSize: maxHeaderBytes,
      },
    });
    this.#wire();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", (error) => reject(describeListenError(error, { host, port })));
    this.#server.listen({ host, port }, resolve);
    await promise;
    this.#server.removeAllListeners("error");
    this.#server.on("error", (err) => this.#options.logger.error({ err }, "The listener failed"));
  }

  reloadTls(tls: TlsOptions): void {
    this.#server.setSecureContext(contextOf(tls));
  }

  close(limitMs: number): Promise<void> {
    return (this.#closing ??= this.#close(limitMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  #wire(): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => this.#track(socket));
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => session.destroy());
    });
    // A listener for requests brings Node's slower layer for HTTP/2 with it: only streams are wanted.
    server.on("request", (request, answer) => {
      this.#serveHttp1(request as unknown as IncomingMessage, answer as unknown as ServerResponse);
    });
    server.removeAllListeners("stream");
    server.on("stream", (stream, headers, _flags, rawHeaders) => {
      this.#serveHttp2(stream as ServerHttp2Stream, headers, rawHeaders);
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    Object.assign(server, { keepAliveTimeout: keepAliveMs });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #peer(key: object, socket: TLSSocket): Peer {
    const known = this.#peers.get(key);
    if (known) return known;
    const peer = peerOf(socket);
    this.#peers.set(key, peer);
    return peer;
  }

  #serveHttp2(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void {
    // An answer to a client that has gone is no failure of the server.
    stream.on("error", () => undefined);
    const { session } = stream;
    if (!session) return;
    const request = new NodeRequest({
      method: headers[":method"] ?? "GET",
      uri: headers[":path"] ?? "/",
      headers: headers as Readonly<Record<string, string | undefined>>,
      rawHeaders,
      peer: this.#peer(session, session.socket as TLSSocket),
      receivedAtMs: this.#options.nowMs(),
      body: () => readBody(stream, headers["content-length"]),
      bodyStream: () => stream,
      onAbort: (abort) => void stream.once("aborted", abort),
    });
    this.#serve(request, (response) => answerHttp2(stream, response, request.method));
  }

  #serveHttp1(message: IncomingMessage, answer: ServerResponse): void {
    if (this.#closing) answer.setHeader("connection", "close");
    const request = this.#requestOf(message, {
      onAbort: (abort) => {
        answer.once("close", () => {
          if (!answer.writableFinished) abort();
        });
      },
      body: () => readBody(message, message.headers["content-length"]),
      bodyStream: () => message,
    });
    this.#serve(request, (response) => answerHttp1(answer, response));
  }

  #requestOf(
    message: IncomingMessage,
    parts: Pick<NodeRequestParts, "onAbort" | "body" | "bodyStream" | "isUpgrade">,
  ): NodeRequest {
    const socket = message.socket as TLSSocket;
    return new NodeRequest({
      method: message.method ?? "GET",
      uri: message.url ?? "/",
      headers: message.headers as Readonly<Record<string, string | undefined>>,
      rawHeaders: message.rawHeaders,
      peer: this.#peer(socket, socket),
      receivedAtMs: this.#options.nowMs(),
      ...parts,
    });
  }

  #serve(request: NodeRequest, write: (response: ApiResponse) => ResponseSink | void): void {
    this.#busy += 1;
    Promise.try(this.#options.handle, request)
      .then((response) => this.#written(write(response)))
      .catch((err: unknown) => {
        this.#options.logger.error({ err, uri: request.uri }, "An answer could not be written");
      })
      .finally(() => this.#done());
  }

  #written(sink: ResponseSink | void): void {
    if (!sink) return;
    this.#busy += 1;
    this.#streams.add(sink);
    sink.onClose(() => {
      this.#streams.delete(sink);
      this.#done();
    });
    if (this.#closing) sink.end();
  }

  #done(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onIdle?.();
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const isEmpty = Number(message.headers["content-length"] ?? 0) === 0;
    const request = this.#requestOf(message, {
      onAbort: (abort) => void socket.once("close", abort),
      isUpgrade: true,
      // What follows the head is of the other protocol.
      body: async () => {
        if (isEmpty) return Buffer.alloc(0);
        throw badRequest("a request to change the protocol must have no body");
      },
    });
    this.#serve(request, (response) => answerUpgrade({ message, socket, head }, response));
  }

  async #close(limitMs: number): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const sink of this.#streams) sink.end();
    for (const session of this.#sessions) session.close();
    if (limitMs > 0) await this.#idle(limitMs);
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #idle(limitMs: number): Promise<void> {
    if (this.#busy === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#onIdle = resolve;
    await promise;
    clearTimeout(timer);
  }
}

function contextOf(tls: TlsOptions): {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca?: string | Buffer;
} {
  const { key, cert, clientCa } = tls;
  return { key, cert, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
