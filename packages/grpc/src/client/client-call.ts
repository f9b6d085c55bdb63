import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { IncomingMessages } from "../call/incoming-messages.ts";
import type { Flow, MessageHandler, MessageSource } from "../call/message-source.ts";
import type { MessageSink } from "../call/message-sink.ts";
import { resetStream } from "../call/reset-stream.ts";
import { OutgoingMessages } from "../call/outgoing-messages.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { parseMetadata } from "../wire/metadata.ts";
import type { Method } from "../wire/method.ts";
import { statusNameOf, statusOfHttp } from "../wire/status-code.ts";
import { decodeStatusMessage } from "../wire/status-message.ts";
import type { CallOptions } from "./call-options.ts";
import { explainReset } from "./explain-reset.ts";

/** What a call has to know of its connection. */
export interface CallConnection {
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** Why the connection is gone, if it is, as the status of a call that was on it and had this error. */
  explainLoss(streamError: unknown): GrpcError | undefined;
}

/** A call as its client sees it: requests go out, responses come in. */
export class ClientCall<Request, Response>
  implements MessageSink<Request>, MessageSource<Response>
{
  readonly #stream: ClientHttp2Stream;
  readonly #connection: CallConnection;
  readonly #options: CallOptions;
  readonly #incoming: IncomingMessages<Response>;
  readonly #outgoing: OutgoingMessages<Request>;
  #trailers: IncomingHttpHeaders | undefined;
  #refusal: GrpcError | undefined;
  #lastError: unknown;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => {
    // Without a number it has not left, and won't any more.
    const isUnseen = this.#stream.id === undefined;
    const why = "The call was cancelled by its client";
    this.#cancel(new GrpcError("CANCELLED", why, { isUnseen }));
  };

  constructor(
    stream: ClientHttp2Stream,
    deps: {
      readonly method: Method<Request, Response>;
      readonly connection: CallConnection;
      readonly options: CallOptions;
    },
  ) {
    this.#stream = stream;
    this.#connection = deps.connection;
    this.#options = deps.options;
    this.#incoming = new IncomingMessages(stream, {
      codec: deps.method.response,
      maxBytes: deps.connection.maxReceiveBytes,
      onBroken: (error) => this.#cancel(error),
      onLeave: () => this.cancel(),
    });
    this.#outgoing = new OutgoingMessages(stream, {
      codec: deps.method.request,
      maxBytes: deps.connection.maxSendBytes,
    });
    this.#listen();
  }

  get queuedBytes(): number {
    return this.#outgoing.queuedBytes;
  }

  send(message: Request): boolean {
    return this.#outgoing.send(message);
  }

  drained(): Promise<void> {
    return this.#outgoing.drained();
  }

  /** Tells the server that no more requests follow. */
  end(): void {
    if (this.#isOver || this.#stream.writableEnded) return;
    const rest = this.#outgoing.takeRest();
    if (rest.length > 0) this.#stream.end(rest);
    else this.#stream.end();
  }

  read(): Promise<Response | undefined> {
    return this.#incoming.read();
  }

  consume(handler: MessageHandler<Response>): Flow {
    return this.#incoming.consume(handler);
  }

  [Symbol.asyncIterator](): AsyncIterator<Response> {
    return this.#incoming[Symbol.asyncIterator]();
  }

  /** Ends the call with CANCELLED, here and at the server. */
  cancel(): void {
    this.#onAbort();
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer) => this.#incoming.feed(chunk));
    stream.once("response", (headers) => this.#readHeaders(headers));
    stream.once("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.once("end", () => this.#readEnd());
    stream.on("error", (error) => {
      this.#lastError = error;
    });
    stream.once("close", () => {
      if (!this.#isOver) this.#fail(this.#explainClose());
    });
    const { timeoutMs, signal } = this.#options;
    if (timeoutMs !== undefined) {
      const expire = (): void =>
        this.#cancel(new GrpcError("DEADLINE_EXCEEDED", "Deadline exceeded"));
      this.#timer = setTimeout(expire, Math.min(Math.max(timeoutMs, 0), 0x7fff_ffff));
    }
    if (signal?.aborted) queueMicrotask(this.#onAbort);
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  #readHeaders(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const status = headers[":status"] ?? 0;
    const type = headers["content-type"] ?? "";
    if (headers["grpc-status"] !== undefined) this.#trailers ??= headers;
    else if (status !== 200) {
      this.#refusal = new GrpcError(statusOfHttp(status), `The server answered HTTP ${status}`);
    } else if (!type.startsWith("application/grpc")) {
      this.#refusal = new GrpcError("UNKNOWN", `The server answered "${type}", which is no gRPC`);
    }
    if (this.#refusal) this.#cancel(this.#refusal);
    else this.#options.onHeaders?.(parseMetadata(headers));
  }

  /** All messages are in; the trailers came before. */
  #readEnd(): void {
    const trailers = this.#trailers;
    const code = trailers?.["grpc-status"];
    // Without a status it was no end but a loss, which `close` explains.
    if (!trailers || code === undefined) return;
    const metadata = parseMetadata(trailers);
    const status = statusNameOf(Number(code));
    if (status !== "OK") {
      const message = decodeStatusMessage(String(trailers["grpc-message"] ?? ""));
      this.#fail(new GrpcError(status, message, { metadata }));
    } else if (this.#incoming.isInsideMessage) {
      this.#fail(new GrpcError("INTERNAL", "Cannot read a message as it is cut short"));
    } else {
      this.#options.onTrailers?.(metadata);
      this.#fail(undefined);
    }
  }

  #explainClose(): GrpcError {
    const { rstCode, id } = this.#stream;
    const loss = this.#connection.explainLoss(this.#lastError);
    if (id === undefined && !loss?.isUnseen) {
      return new GrpcError("UNAVAILABLE", "The call did not leave as the connection was closing", {
        cause: this.#lastError,
        isUnseen: true,
      });
    }
    const reset = explainReset(rstCode, this.#lastError);
    return reset.isUnseen ? reset : (loss ?? reset);
  }

  /** Ends the call from this side: what is on its way is dropped. */
  #cancel(error: GrpcError): void {
    if (this.#isOver) return;
    this.#over(error);
    this.#incoming.finish(() => error, { drop: true });
    resetStream(this.#stream, constants.NGHTTP2_CANCEL);
  }

  /** The server has ended the call; `undefined`: well. */
  #fail(error: GrpcError | undefined): void {
    if (this.#isOver) return;
    this.#over(error);
    this.#incoming.finish(error && ((): GrpcError => error), { drop: false });
    // The server wants no more requests, though it may not have said so.
    if (!this.#stream.writableEnded) resetStream(this.#stream, constants.NGHTTP2_CANCEL);
  }

  #over(error: GrpcError | undefined): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#outgoing.abandon(
      () => error ?? new GrpcError("CANCELLED", "The server has ended the call"),
    );
  }
}
