import type { IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { type KeepAlive, keepSessionAlive } from "../call/keep-alive.ts";
import { defaultWindowBytes } from "../call/session-settings.ts";
import type { SpareBuffer } from "../codec/spare-buffer.ts";
import type { HeaderField } from "../http2/header-field.ts";
import { Http2Connection } from "../http2/http2-connection.ts";
import { errorCodes } from "../http2/http2-error.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import type { CallConnection } from "./call-stream.ts";
import { connectionOf } from "./own-call-stream.ts";
import { readRequestHead } from "./request-head.ts";

/** What a connection of our own HTTP/2 serves. */
export interface OwnConnectionOptions {
  readonly windowBytes: number | undefined;
  readonly maxConcurrentStreams: number | undefined;
  readonly keepAlive: KeepAlive | undefined;
  readonly spare: SpareBuffer;
  readonly onRequest: (
    stream: Http2Stream,
    headers: IncomingHttpHeaders,
    connection: CallConnection,
  ) => void;
  readonly onClose: () => void;
}

/** Serves HTTP/2 on a socket by our own frames, not Node's: a call costs a fraction of its time. */
export class OwnConnection {
  readonly identity: object;
  readonly #connection: Http2Connection;
  readonly #options: OwnConnectionOptions;
  readonly #shown: CallConnection;

  constructor(socket: Socket, options: OwnConnectionOptions) {
    const { maxConcurrentStreams, keepAlive } = options;
    this.#options = options;
    this.#connection = new Http2Connection(socket, {
      windowBytes: options.windowBytes ?? defaultWindowBytes,
      ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
      spare: options.spare,
      onStream: (stream, fields) => this.#serve(stream, fields),
      onClose: options.onClose,
    });
    this.identity = this.#connection;
    this.#shown = connectionOf(this.#connection);
    if (keepAlive) {
      const pinged = {
        isClosed: () => this.#connection.isClosed,
        ping: (onAnswer: () => void) => this.#connection.ping(onAnswer),
        onceClosed: (onClosed: () => void) => void socket.once("close", onClosed),
      };
      keepSessionAlive(pinged, keepAlive, () => this.destroy());
    }
    socket.resume();
  }

  /** First says that calls should go elsewhere; refuses new ones only when the client must know it. */
  drain(): void {
    this.#connection.announceClose();
    this.#connection.ping(() => this.#connection.close());
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #serve(stream: Http2Stream, fields: readonly HeaderField[]): void {
    const headers = readRequestHead(fields);
    if (headers) this.#options.onRequest(stream, headers, this.#shown);
    else stream.reset(errorCodes.protocol);
  }
}
