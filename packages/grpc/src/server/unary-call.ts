import { FrameReader } from "../call/frame-reader.ts";
import { writeMessage } from "../call/outgoing-messages.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import type { CallSettings } from "./call-settings.ts";
import type { CallStream, CallStreamListener } from "./call-stream.ts";
import type { GrpcHandler } from "./handlers.ts";
import { type Answer, statusOfThrown } from "./server-call.ts";

/** What a unary call is made of. */
export interface UnaryCallParts {
  readonly stream: CallStream;
  readonly answer: Answer;
  readonly handler: GrpcHandler;
  readonly run: NonNullable<GrpcHandler["unary"]>;
  readonly settings: CallSettings;
}

/** One request, one response: without the queues and promises that streams of messages take. */
export class UnaryCall implements CallStreamListener {
  readonly #parts: UnaryCallParts;
  readonly #frames: FrameReader;
  #hasBegun = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: UnaryCallParts) {
    this.#parts = parts;
    this.#frames = new FrameReader(parts.settings.maxReceiveBytes);
    const { timeoutMs } = parts.answer;
    if (timeoutMs === undefined) return;
    const late = (): void => this.#fail(new GrpcError("DEADLINE_EXCEEDED", "Deadline exceeded"));
    this.#timer = setTimeout(late, Math.min(timeoutMs, 0x7fff_ffff));
  }

  onData(chunk: Buffer): void {
    // What follows the one request is of no interest.
    if (this.#hasBegun || this.#parts.answer.isOver) return;
    try {
      this.#frames.feed(chunk, (message) => this.#begin(message));
    } catch (error) {
      this.#fail(asGrpcError(error));
    }
  }

  onEnd(): void {
    if (this.#hasBegun || this.#parts.answer.isOver) return;
    const why = this.#frames.isInside
      ? "Cannot read a message as it is cut short"
      : "The client sent no request";
    this.#fail(new GrpcError("INTERNAL", why));
  }

  onClose(): void {
    clearTimeout(this.#timer);
    if (!this.#parts.answer.isOver) this.#parts.answer.over();
  }

  #begin(message: Buffer): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { handler, run, answer } = this.#parts;
    let request: unknown;
    try {
      request = handler.method.request.decode(message);
    } catch (error) {
      this.#fail(asGrpcError(error));
      return;
    }
    try {
      const response = run(request, answer);
      if (response instanceof Promise) {
        response.then(
          (later: unknown) => this.#succeed(later),
          (thrown: unknown) => this.#broken(thrown),
        );
      } else {
        this.#succeed(response);
      }
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  #succeed(response: unknown): void {
    const { stream, answer, handler, settings } = this.#parts;
    if (answer.isOver) return;
    answer.sendHeaders();
    try {
      stream.writeMessage((to) =>
        writeMessage(response, {
          to,
          codec: handler.method.response,
          maxBytes: settings.maxSendBytes,
        }),
      );
    } catch (thrown) {
      this.#broken(thrown);
      return;
    }
    clearTimeout(this.#timer);
    answer.finishWell();
  }

  #broken(thrown: unknown): void {
    const { answer, settings } = this.#parts;
    if (!(thrown instanceof GrpcError) && !answer.isOver) {
      settings.onError(thrown, { path: answer.path });
    }
    this.#fail(statusOfThrown(thrown));
  }

  #fail(error: GrpcError): void {
    const { answer } = this.#parts;
    clearTimeout(this.#timer);
    answer.setTrailers(error.metadata);
    answer.finish({ name: error.status, message: error.message }, () => noBytes);
  }
}

const noBytes = Buffer.alloc(0);

function asGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new GrpcError("INTERNAL", why, { cause: error });
}
