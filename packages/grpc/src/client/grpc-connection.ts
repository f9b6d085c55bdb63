import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Duplex } from "node:stream";
import { type KeepAlive, keepSessionAlive } from "../call/keep-alive.ts";
import { pingedSession, sessionOptions, widenSession } from "../call/session-settings.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import type { GrpcTarget } from "./grpc-target.ts";

/** One HTTP/2 connection: from dialling until it is lost or the server wants no more calls. */
export class GrpcConnection {
  readonly #session: ClientHttp2Session;
  #socket: Duplex | undefined;
  readonly #target: string;
  #hasConnected = false;
  #isDraining = false;
  #isLost = false;
  #lastError: unknown;
  #calls = 0;
  readonly #whenIdle: (() => void)[] = [];

  constructor(
    target: GrpcTarget,
    options: {
      readonly windowBytes: number | undefined;
      readonly connectTimeoutMs: number;
      readonly keepAlive: KeepAlive | undefined;
    },
  ) {
    this.#target = target.text;
    const session = connect(target.authority, {
      ...sessionOptions(options.windowBytes),
      createConnection: () => {
        const socket = target.dial();
        this.#socket = socket;
        // After an alert of TLS it stays open, and the session waits for its end, which never comes.
        socket.once("error", (error) => {
          this.#lastError ??= error;
          socket.destroy();
        });
        return socket;
      },
    });
    this.#session = session;
    const late = setTimeout(() => {
      session.destroy(new Error(`no connection within ${options.connectTimeoutMs} ms`));
    }, options.connectTimeoutMs);
    session.once("connect", () => {
      clearTimeout(late);
      if (session.destroyed) return;
      this.#hasConnected = true;
      widenSession(session, options.windowBytes);
      if (options.keepAlive) {
        const dead = new Error(`no answer to PING within ${options.keepAlive.timeoutMs} ms`);
        const { onlyWithCalls } = options.keepAlive;
        keepSessionAlive(
          pingedSession(session),
          options.keepAlive,
          () => session.destroy(dead),
          () => this.#calls > 0 || !onlyWithCalls,
        );
      }
    });
    session.on("error", (error) => {
      this.#lastError = error;
      this.#socket?.destroy();
    });
    session.on("goaway", (code) => {
      this.#isDraining = true;
      if (code !== constants.NGHTTP2_NO_ERROR) {
        this.#lastError ??= new Error(`the server sent GOAWAY with HTTP/2 error ${code}`);
      }
    });
    session.once("close", () => {
      clearTimeout(late);
      this.#isLost = true;
      // The session may have ended by an error of TLS, and leaves the socket open then.
      this.#socket?.destroy();
    });
  }

  /** Whether new calls can be made on it. */
  get isOpen(): boolean {
    const { closed, destroyed } = this.#session;
    return !this.#isLost && !this.#isDraining && !closed && !destroyed;
  }

  open(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers);
    this.#calls += 1;
    stream.once("close", () => {
      this.#calls -= 1;
      if (this.#calls === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
    return stream;
  }

  /** Why calls on it have failed, if it is lost. */
  explainLoss(streamError: unknown): GrpcError | undefined {
    if (!this.#isLost && !this.#session.destroyed) return undefined;
    // The connection's own error may be told after those of its streams.
    const cause = this.#lastError ?? causeOf(streamError);
    const why = whyOf(cause) ?? "the server closed it";
    return this.#hasConnected
      ? new GrpcError("UNAVAILABLE", `Connection to ${this.#target} lost: ${why}`, { cause })
      : new GrpcError("UNAVAILABLE", `Cannot connect to ${this.#target}: ${why}`, {
          cause,
          isUnseen: true,
        });
  }

  /**
   * Lets calls that are under way end by themselves, then closes. Not the session's own `close`
   * at once: that refuses calls whose headers have not left yet.
   */
  async close(): Promise<void> {
    const session = this.#session;
    this.#isDraining = true;
    if (session.destroyed) return;
    if (this.#calls > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    if (session.destroyed) return;
    await new Promise<void>((resolve) => session.close(resolve));
  }

  destroy(): void {
    this.#session.destroy();
    // A session that was closing already would wait for its peer to close the connection.
    this.#socket?.destroy();
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function whyOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  // An attempt at several addresses has no message of its own.
  if (cause instanceof AggregateError) return whyOf(cause.errors[0]);
  return cause.message;
}
