import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { KeepAlive } from "../call/keep-alive.ts";
import type { MessageSource } from "../call/message-source.ts";
import { defaultMaxMessageBytes } from "../call/session-settings.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { formatMetadata } from "../wire/metadata.ts";
import type {
  BidiMethod,
  ClientStreamMethod,
  Method,
  ServerStreamMethod,
  UnaryMethod,
} from "../wire/method.ts";
import { formatTimeout } from "../wire/timeout.ts";
import type { CallOptions } from "./call-options.ts";
import { ClientCall } from "./client-call.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import { type GrpcTarget, parseTarget } from "./grpc-target.ts";

/** How to reach a server. */
export interface GrpcChannelOptions {
  /** `unix:///path`, `http://host:port` (plaintext) or `https://host:port`. */
  readonly target: string;
  /** CA, client certificate and the like, for `https://`. */
  readonly tls?: ConnectionOptions;
  /** Opens the connection in another way, e.g. through a proxy; with `https://` it must give a TLS socket. */
  readonly dial?: () => Duplex;
  /** Longest response. 4 MiB unless given. */
  readonly maxReceiveBytes?: number;
  /** Longest request. No limit unless given. */
  readonly maxSendBytes?: number;
  /** How much one stream may receive before it is read. 1 MiB unless given. */
  readonly windowBytes?: number;
  /** 10 s unless given. */
  readonly connectTimeoutMs?: number;
  /** PINGs to notice a peer that is gone; none unless given. */
  readonly keepAlive?: KeepAlive;
  readonly userAgent?: string;
}

const defaultConnectTimeoutMs = 10_000;

/**
 * Calls to one server over one connection, which is made for the first call and anew after it was
 * lost or the server asked to leave (GOAWAY). A call fails at once where no connection can be
 * made: whoever calls decides about retries.
 */
export class GrpcChannel implements AsyncDisposable {
  readonly #options: GrpcChannelOptions;
  readonly #target: GrpcTarget;
  readonly #draining = new Set<GrpcConnection>();
  #connection: GrpcConnection | undefined;
  #isClosed = false;

  constructor(options: GrpcChannelOptions) {
    this.#options = options;
    const target = parseTarget(options.target, options.tls);
    this.#target = options.dial ? { ...target, dial: options.dial } : target;
  }

  /**
   * One request, one response.
   *
   * @throws {GrpcError} If the call fails.
   */
  async unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const call = this.#open(method, options);
    call.send(request);
    call.end();
    return readOnly(call);
  }

  /** One request, a stream of responses. */
  serverStream<Request, Response>(
    method: ServerStreamMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): MessageSource<Response> & { cancel(): void } {
    const call = this.#open(method, options);
    call.send(request);
    call.end();
    return call;
  }

  /** A stream of requests: `send` them, `end`, and `finish` gives the response. */
  clientStream<Request, Response>(
    method: ClientStreamMethod<Request, Response>,
    options: CallOptions = {},
  ): { readonly call: ClientCall<Request, Response>; readonly finish: () => Promise<Response> } {
    const call = this.#open(method, options);
    return {
      call,
      finish: () => {
        call.end();
        return readOnly(call);
      },
    };
  }

  /** A stream each way. */
  bidi<Request, Response>(
    method: BidiMethod<Request, Response>,
    options: CallOptions = {},
  ): ClientCall<Request, Response> {
    return this.#open(method, options);
  }

  /** Opens an HTTP/2 stream that is no gRPC call on the connection that calls go to now. */
  openStream(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    return this.#connect().open(headers);
  }

  /** Lets calls end by themselves, then closes the connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#all().map((connection) => connection.close()));
  }

  /** Closes the connections at once; calls fail with UNAVAILABLE. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const all = this.#all();
    for (const connection of all) connection.destroy();
    await Promise.all(all.map((connection) => connection.close()));
  }

  #all(): readonly GrpcConnection[] {
    return this.#connection ? [...this.#draining, this.#connection] : [...this.#draining];
  }

  #open<Request, Response>(
    method: Method<Request, Response>,
    options: CallOptions,
  ): ClientCall<Request, Response> {
    const headers = this.#headersOf(method.path, options);
    const connection = this.#connect();
    const { maxReceiveBytes = defaultMaxMessageBytes, maxSendBytes = 0xffff_ffff } = this.#options;
    return new ClientCall(connection.open(headers), {
      method,
      options,
      connection: {
        maxReceiveBytes,
        maxSendBytes,
        explainLoss: (error) => connection.explainLoss(error),
      },
    });
  }

  #headersOf(path: string, { metadata, timeoutMs }: CallOptions): OutgoingHttpHeaders {
    return {
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": this.#options.userAgent ?? "cellplane",
      ...(timeoutMs === undefined ? {} : { "grpc-timeout": formatTimeout(timeoutMs) }),
      ...(metadata === undefined ? {} : formatMetadata(metadata)),
    };
  }

  #connect(): GrpcConnection {
    if (this.#isClosed) {
      throw new GrpcError("UNAVAILABLE", "Cannot call as the channel is closed", {
        isUnseen: true,
      });
    }
    if (this.#connection?.isOpen) return this.#connection;
    if (this.#connection) this.#letDrain(this.#connection);
    const { windowBytes, connectTimeoutMs = defaultConnectTimeoutMs, keepAlive } = this.#options;
    this.#connection = new GrpcConnection(this.#target, {
      windowBytes,
      connectTimeoutMs,
      keepAlive,
    });
    return this.#connection;
  }

  /** Calls on it go on; it closes after the last one. */
  #letDrain(connection: GrpcConnection): void {
    this.#draining.add(connection);
    void connection.close().then(() => this.#draining.delete(connection));
  }
}

/** The one response that a call must have. */
async function readOnly<Request, Response>(call: ClientCall<Request, Response>): Promise<Response> {
  const response = await call.read();
  if (response === undefined) {
    throw new GrpcError("INTERNAL", "The server sent no response though the call succeeded");
  }
  const second = await call.read();
  if (second === undefined) return response;
  call.cancel();
  throw new GrpcError("INTERNAL", "The server sent more than one response");
}
