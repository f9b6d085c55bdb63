import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { IncomingMessages } from "../call/incoming-messages.ts";
import { OutgoingMessages } from "../call/outgoing-messages.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import { parseTimeoutMs } from "../wire/timeout.ts";
import type { GrpcHandler } from "./handlers.ts";
import { Answer, statusOfThrown } from "./server-call.ts";

/** What a server tells of a call that a handler broke: an error that is no GrpcError. */
export type CallErrorReporter = (error: unknown, call: { readonly path: string }) => void;

/** What every call of a server has in common. */
export interface CallSettings {
  readonly handlers: ReadonlyMap<string, GrpcHandler>;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly onError: CallErrorReporter;
}

/** Serves one gRPC call: finds its handler, runs it, and sends the status. */
export function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  settings: CallSettings,
): void {
  const path = headers[":path"] ?? "";
  const timeout = headers["grpc-timeout"];
  const timeoutMs = timeout === undefined ? undefined : parseTimeoutMs(String(timeout));
  const answer = new Answer(stream, { path, headers, timeoutMs });
  const refuse = (error: GrpcError): void => refuseCall(stream, answer, error);
  stream.on("error", () => {
    // Its reason, if any, is told by `close`.
  });
  const encoding = headers["grpc-encoding"] ?? "identity";
  if (timeout !== undefined && timeoutMs === undefined) {
    refuse(new GrpcError("INTERNAL", `Cannot read grpc-timeout: it is "${String(timeout)}"`));
  } else if (encoding !== "identity") {
    refuse(new GrpcError("UNIMPLEMENTED", `Cannot read messages as "${String(encoding)}"`));
  } else {
    const handler = settings.handlers.get(path);
    if (handler) runHandler(handler, { stream, answer, settings });
    else refuse(new GrpcError("UNIMPLEMENTED", explainUnknown(path, settings.handlers)));
  }
}

function refuseCall(stream: ServerHttp2Stream, answer: Answer, error: GrpcError): void {
  stream.resume();
  answer.finish({ name: error.status, message: error.message }, () => stream.end());
}

function runHandler(
  handler: GrpcHandler,
  of: {
    readonly stream: ServerHttp2Stream;
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
    answer.finish(status, () => responses.end());
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
  stream.once("end", () => {
    // A stream that was reset ends, too; it must not look as if the client had sent all.
    if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      requests.finish(() => goneError(stream.rstCode), { drop: true });
      return;
    }
    const cut = (): GrpcError =>
      new GrpcError("INTERNAL", "Cannot read a message as it is cut short");
    requests.finish(requests.isInsideMessage ? cut : undefined, { drop: false });
  });
  stream.once("close", () => {
    clearTimeout(timer);
    const gone = (): GrpcError => goneError(stream.rstCode);
    requests.finish(gone, { drop: true });
    responses.abandon(gone);
    answer.over();
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

function ended(): GrpcError {
  return new GrpcError("CANCELLED", "The call has ended");
}

function goneError(code: number | undefined): GrpcError {
  const why =
    code === constants.NGHTTP2_CANCEL ? "The client cancelled the call" : "The client is gone";
  return new GrpcError("CANCELLED", why);
}

function explainUnknown(path: string, handlers: ReadonlyMap<string, GrpcHandler>): string {
  const [, service = "", method = ""] = path.split("/");
  const isKnown = handlers.keys().some((known) => known.startsWith(`/${service}/`));
  return isKnown ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
}
