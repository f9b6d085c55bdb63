import type { IncomingHttpHeaders } from "node:http2";
import { IncomingMessages } from "../call/incoming-messages.ts";
import { OutgoingMessages } from "../call/outgoing-messages.ts";
import { errorCodes } from "../http2/http2-error.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { parseTimeoutMs } from "../wire/timeout.ts";
import type { CallSettings } from "./call-settings.ts";
import type { CallStream } from "./call-stream.ts";
import type { GrpcHandler } from "./handlers.ts";
import { Answer, statusOfThrown } from "./server-call.ts";
import { UnaryCall } from "./unary-call.ts";

/** Serves one gRPC call: finds its handler, runs it, and sends the status. */
export function serveCall(
  stream: CallStream,
  headers: IncomingHttpHeaders,
  settings: CallSettings,
): void {
  const path = headers[":path"] ?? "";
  const timeout = headers["grpc-timeout"];
  const timeoutMs = timeout === undefined ? undefined : parseTimeoutMs(String(timeout));
  const answer = new Answer(stream, { path, headers, timeoutMs });
  const encoding = headers["grpc-encoding"] ?? "identity";
  const handler = settings.handlers.get(path);
  if (timeout !== undefined && timeoutMs === undefined) {
    const why = `Cannot read grpc-timeout: it is "${String(timeout)}"`;
    refuseCall(stream, answer, new GrpcError("INTERNAL", why));
  } else if (encoding !== "identity") {
    const why = `Cannot read messages as "${String(encoding)}"`;
    refuseCall(stream, answer, new GrpcError("UNIMPLEMENTED", why));
  } else if (!handler) {
    const why = explainUnknown(path, settings.handlers);
    refuseCall(stream, answer, new GrpcError("UNIMPLEMENTED", why));
  } else if (handler.unary) {
    stream.listen(new UnaryCall({ stream, answer, handler, run: handler.unary, settings }));
  } else {
    runHandler(handler, { stream, answer, settings });
  }
}

const nobody = { onData: () => undefined, onEnd: () => undefined, onClose: () => undefined };

function refuseCall(stream: CallStream, answer: Answer, error: GrpcError): void {
  stream.listen(nobody);
  answer.finish({ name: error.status, message: error.message }, () => Buffer.alloc(0));
}

function runHandler(
  handler: GrpcHandler,
  of: {
    readonly stream: CallStream;
    readonly answer: Answer;
    readonly settings: CallSettings;
  },
): void {
  const { stream, answer, settings } = of;
  const finish = (error: GrpcError | undefined): void => {
    clearTimeout(timer);
    requests.finish(() => error ?? ended(), { drop: true });
    if (error) answer.setTrailers(error.metadata);
    // What was sent before the failure still goes out, so headers must, too.
    if (responses.queuedBytes > 0) answer.sendHeaders();
    const status = { name: error?.status ?? "OK", message: error?.message ?? "" } as const;
    answer.finish(status, () => responses.takeRest());
    responses.abandon(() => error ?? ended());
  };
  const requests = new IncomingMessages(stream, {
    codec: handler.method.request,
    maxBytes: settings.maxReceiveBytes,
    onBroken: finish,
    onLeave: () => {
      // The handler goes on, and answers.
    },
  });
  const responses = new OutgoingMessages(stream, {
    codec: handler.method.response,
    maxBytes: settings.maxSendBytes,
    beforeFirst: () => answer.sendHeaders(),
  });
  const timer =
    answer.timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => finish(new GrpcError("DEADLINE_EXCEEDED", "Deadline exceeded")),
          Math.min(answer.timeoutMs, 0x7fff_ffff),
        );
  stream.listen({
    onData: (chunk) => requests.feed(chunk),
    onEnd: () => requests.finish(requests.isInsideMessage ? cut : undefined, { drop: false }),
    onClose: (code) => {
      clearTimeout(timer);
      const gone = (): GrpcError => goneError(code);
      requests.finish(gone, { drop: true });
      responses.abandon(gone);
      answer.over();
    },
  });
  handler.run({ requests, responses }, answer).then(
    () => {
      answer.sendHeaders();
      finish(undefined);
    },
    (thrown: unknown) => {
      if (!(thrown instanceof GrpcError) && !answer.isOver) {
        settings.onError(thrown, { path: answer.path });
      }
      finish(statusOfThrown(thrown));
    },
  );
}

function cut(): GrpcError {
  return new GrpcError("INTERNAL", "Cannot read a message as it is cut short");
}

function ended(): GrpcError {
  return new GrpcError("CANCELLED", "The call has ended");
}

function goneError(code: number): GrpcError {
  const why = code === errorCodes.cancel ? "The client cancelled the call" : "The client is gone";
  return new GrpcError("CANCELLED", why);
}

function explainUnknown(path: string, handlers: ReadonlyMap<string, GrpcHandler>): string {
  const [, service = "", method = ""] = path.split("/");
  const isKnown = handlers.keys().some((known) => known.startsWith(`/${service}/`));
  return isKnown ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
}
