import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { TLSSocket } from "node:tls";
import { GrpcError, type Metadata } from "../wire/grpc-error.ts";
import { formatMetadata, parseMetadata } from "../wire/metadata.ts";
import { type StatusName, statusCodes } from "../wire/status-code.ts";
import { encodeStatusMessage } from "../wire/status-message.ts";
import { type CallStream, plainHeaders, plainTrailers } from "./call-stream.ts";

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
  /** Aborts when the call is over: cancelled, expired, disconnected, or done; of a unary call not when it is done well. */
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

/** How a call ended. */
export interface CallStatus {
  readonly name: StatusName;
  readonly message: string;
}

/** The answering half of a call: headers once, then a status once. */
export class Answer implements ServerCall {
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly #stream: CallStream;
  readonly #headers: IncomingHttpHeaders;
  #trailers: Metadata | undefined;
  #hasHeaders = false;
  #isOver = false;
  #abort: AbortController | undefined;

  constructor(
    stream: CallStream,
    of: {
      readonly path: string;
      readonly headers: IncomingHttpHeaders;
      readonly timeoutMs: number | undefined;
    },
  ) {
    this.#stream = stream;
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
    const { connection } = this.#stream;
    return {
      address: connection.socket?.remoteAddress ?? "",
      tls: peerTls.get(connection.identity),
    };
  }

  /** Whether the status was sent, or cannot be sent any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get connection(): object {
    return this.#stream.connection.identity;
  }

  closeConnection(): void {
    this.#stream.connection.close();
  }

  destroyConnection(): void {
    this.#stream.connection.destroy();
  }

  connectionTraffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    const { socket } = this.#stream.connection;
    return { sentBytes: socket?.bytesWritten ?? 0, receivedBytes: socket?.bytesRead ?? 0 };
  }

  sendHeaders(metadata?: Metadata): void {
    if (this.#hasHeaders || this.#isOver || this.#stream.isClosed) return;
    const headers = metadata ? { ...plainHeaders, ...formatMetadata(metadata) } : plainHeaders;
    this.#hasHeaders = true;
    this.#stream.respond(headers);
  }

  setTrailers(metadata: Metadata): void {
    formatMetadata(metadata);
    this.#trailers = metadata;
  }

  /** Ends the call with a status, behind what `takeRest` gives. */
  finish(status: CallStatus, takeRest: () => Buffer): void {
    if (this.#isOver) return;
    this.over();
    this.#sendStatus(status, takeRest);
  }

  /** Ends a call whose only message has been sent. Nobody waits for its signal any more. */
  finishWell(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sendStatus({ name: "OK", message: "" }, () => noBytes);
  }

  /** Ends the call without a status: there is nobody to send it to. */
  over(): void {
    this.#isOver = true;
    this.#abort?.abort(callOver);
  }

  #sendStatus(status: CallStatus, takeRest: () => Buffer): void {
    if (this.#stream.isClosed) return;
    const trailers = this.#trailersOf(status);
    if (this.#hasHeaders) this.#stream.finish(takeRest(), trailers);
    else this.#stream.refuse({ ...plainHeaders, ...trailers });
  }

  #trailersOf({ name, message }: CallStatus): OutgoingHttpHeaders {
    if (name === "OK" && !this.#trailers) return plainTrailers;
    return {
      "grpc-status": String(statusCodes[name]),
      ...(message === "" ? {} : { "grpc-message": encodeStatusMessage(message) }),
      ...formatMetadata(this.#trailers ?? {}),
    };
  }
}

const noBytes = Buffer.alloc(0);

/** Why every signal aborts: one error for all, since each stack that is taken costs 10 us. */
const callOver = new GrpcError("CANCELLED", "The call has ended");

/** The TLS sockets of sessions: HTTP/2 gives out only a stand-in for a session's socket. */
export const peerTls: WeakMap<object, TLSSocket> = new WeakMap();

/** The error that a handler threw, as the status to send. What is no GrpcError is told to the log only. */
export function statusOfThrown(thrown: unknown): GrpcError {
  if (thrown instanceof GrpcError) return thrown;
  return new GrpcError("INTERNAL", "Internal error", { cause: thrown });
}
