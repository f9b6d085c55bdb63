import {
  type Http2Session,
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { GrpcError, type Metadata } from "../wire/grpc-error.ts";
import { formatMetadata, parseMetadata } from "../wire/metadata.ts";
import { type StatusName, statusCodes } from "../wire/status-code.ts";
import { encodeStatusMessage } from "../wire/status-message.ts";

/** Who calls. */
export interface Peer {
  /** IP address; empty on a Unix socket. */
  readonly address: string;
  /** The TLS socket, for its certificate; nothing on a plaintext connection. */
  readonly tls: TLSSocket | undefined;
}

/** A call as its handler sees it, besides the messages. */
export interface ServerCall {
  readonly path: string;
  readonly metadata: Metadata;
  /** What the client says of itself. */
  readonly userAgent: string | undefined;
  /** Milliseconds that the client gave it, from its start. */
  readonly timeoutMs: number | undefined;
  /** Aborts when the call is over: cancelled, expired, disconnected, or done. */
  readonly signal: AbortSignal;
  readonly peer: Peer;
  /** Stands for the connection that the call came on: the same for all calls of one. */
  readonly connection: object;
  /** Closes the whole connection that the call came on, once its answers are sent. */
  closeConnection(): void;
  /** Breaks off the whole connection, with every call on it. */
  destroyConnection(): void;
  /** Bytes of the whole connection so far, as they were on the wire. */
  connectionTraffic(): { readonly sentBytes: number; readonly receivedBytes: number };
  /** Sends the first metadata now; without it they leave with the first response. */
  sendHeaders(metadata?: Metadata): void;
  /** Metadata to go with the status. */
  setTrailers(metadata: Metadata): void;
}

/** The answering half of a call: headers once, then a status once. */
export class Answer implements ServerCall {
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #session: Http2Session | undefined;
  readonly #headers: IncomingHttpHeaders;
  #trailers: Metadata = {};
  #hasHeaders = false;
  #isOver = false;
  #abort: AbortController | undefined;

  constructor(
    stream: ServerHttp2Stream,
    of: {
      readonly path: string;
      readonly headers: IncomingHttpHeaders;
      readonly timeoutMs: number | undefined;
    },
  ) {
    this.#stream = stream;
    this.#session = stream.session;
    this.#headers = of.headers;
    this.path = of.path;
    this.timeoutMs = of.timeoutMs;
  }

  get metadata(): Metadata {
    return parseMetadata(this.#headers);
  }

  get userAgent(): string | undefined {
    return this.#headers["user-agent"];
  }

  /** Made when it is first asked for: most calls are over before anybody does. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isOver) this.#abort.abort(callOver);
    return this.#abort.signal;
  }

  get peer(): Peer {
    const socket: Socket | TLSSocket | undefined = this.#session?.socket;
    return {
      address: this.#session?.destroyed === false ? (socket?.remoteAddress ?? "") : "",
      tls: peerTls.get(this.#session ?? this),
    };
  }

  /** Whether the status was sent, or cannot be sent any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get connection(): object {
    return this.#session ?? this;
  }

  closeConnection(): void {
    this.#session?.close();
  }

  destroyConnection(): void {
    this.#session?.destroy();
  }

  connectionTraffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    const socket = this.#session?.destroyed === false ? this.#session.socket : undefined;
    return { sentBytes: socket?.bytesWritten ?? 0, receivedBytes: socket?.bytesRead ?? 0 };
  }

  sendHeaders(metadata: Metadata = {}): void {
    if (this.#hasHeaders || this.#isOver || this.#stream.destroyed) return;
    const headers = formatMetadata(metadata);
    this.#hasHeaders = true;
    this.#stream.respond(
      { ":status": 200, "content-type": "application/grpc", ...headers },
      { waitForTrailers: true },
    );
  }

  setTrailers(metadata: Metadata): void {
    formatMetadata(metadata);
    this.#trailers = metadata;
  }

  /** Ends the call with a status. `flush` sends what is queued and ends the stream. */
  finish(status: { readonly name: StatusName; readonly message: string }, flush: () => void): void {
    if (this.#isOver) return;
    this.over();
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const trailers = {
      "grpc-status": String(statusCodes[status.name]),
      ...(status.message === "" ? {} : { "grpc-message": encodeStatusMessage(status.message) }),
      ...formatMetadata(this.#trailers),
    };
    if (this.#hasHeaders) {
      stream.once("wantTrailers", () => {
        stream.sendTrailers(trailers);
        this.#release();
      });
      flush();
    } else {
      const type = { ":status": 200, "content-type": "application/grpc" };
      stream.respond({ ...type, ...trailers }, { endStream: true });
      this.#release();
    }
  }

  /** Ends the call without a status: there is nobody to send it to. */
  over(): void {
    this.#isOver = true;
    this.#abort?.abort(callOver);
  }

  /** The client may still be sending: tell it that nobody listens, and let go of what came. */
  #release(): void {
    const stream = this.#stream;
    stream.resume();
    if (!stream.readableEnded && !stream.endAfterHeaders) {
      setImmediate(() => {
        if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
      });
    }
  }
}

/** Why every signal aborts: one error for all, since each stack that is taken costs 10 us. */
const callOver = new GrpcError("CANCELLED", "The call has ended");

/** The TLS sockets of sessions: HTTP/2 gives out only a stand-in for a session's socket. */
export const peerTls: WeakMap<object, TLSSocket> = new WeakMap();

/** The error that a handler threw, as the status to send. What is no GrpcError is told to the log only. */
export function statusOfThrown(thrown: unknown): GrpcError {
  if (thrown instanceof GrpcError) return thrown;
  return new GrpcError("INTERNAL", "Internal error", { cause: thrown });
}
