import type { IncomingMessages } from "../call/incoming-messages.ts";
import type { MessageSink } from "../call/message-sink.ts";
import type { MessageSource } from "../call/message-source.ts";
import type { OutgoingMessages } from "../call/outgoing-messages.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import type {
  BidiMethod,
  ClientStreamMethod,
  Method,
  ServerStreamMethod,
  UnaryMethod,
} from "../wire/method.ts";
import type { ServerCall } from "./server-call.ts";

/** The messages of a call, both ways. */
export interface CallStreams {
  readonly requests: IncomingMessages<unknown>;
  readonly responses: OutgoingMessages<unknown>;
}

/** A method and what answers it. Made by one of the functions below. */
export interface GrpcHandler {
  readonly method: Method<unknown, unknown>;
  /** Resolves when all responses are queued; a rejection becomes the call's status. */
  readonly run: (streams: CallStreams, call: ServerCall) => Promise<void>;
  /** A unary method's shorter way: from its request to its response, or a promise of it. `run` is not called where it is there. */
  readonly unary?: (request: unknown, call: ServerCall) => unknown;
}

/** Answers a unary method. */
export function handleUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  handle: (request: Request, call: ServerCall) => Promise<Response> | Response,
): GrpcHandler {
  const handler = erase(method, async ({ requests, responses }, call) => {
    responses.send(await handle(await readFirst(requests), call));
  });
  return { ...handler, unary: handle as NonNullable<GrpcHandler["unary"]> };
}

/** Answers a method with a stream of responses. */
export function handleServerStream<Request, Response>(
  method: ServerStreamMethod<Request, Response>,
  handle: (request: Request, responses: MessageSink<Response>, call: ServerCall) => Promise<void>,
): GrpcHandler {
  return erase(method, async ({ requests, responses }, call) =>
    handle(await readFirst(requests), responses, call),
  );
}

/** Answers a method with a stream of requests. */
export function handleClientStream<Request, Response>(
  method: ClientStreamMethod<Request, Response>,
  handle: (requests: MessageSource<Request>, call: ServerCall) => Promise<Response>,
): GrpcHandler {
  return erase(method, async ({ requests, responses }, call) => {
    responses.send(await handle(requests, call));
  });
}

/** Answers a method with a stream each way. The call ends when the handler's promise settles. */
export function handleBidi<Request, Response>(
  method: BidiMethod<Request, Response>,
  handle: (
    streams: {
      readonly requests: MessageSource<Request>;
      readonly responses: MessageSink<Response>;
    },
    call: ServerCall,
  ) => Promise<void>,
): GrpcHandler {
  return erase(method, handle);
}

interface TypedStreams<Request, Response> {
  readonly requests: MessageSource<Request>;
  readonly responses: MessageSink<Response>;
}

/** The streams of a call are made by the codecs of its method, so their types are the method's. */
function erase<Request, Response>(
  method: Method<Request, Response>,
  run: (streams: TypedStreams<Request, Response>, call: ServerCall) => Promise<void>,
): GrpcHandler {
  return {
    method,
    run: run as unknown as GrpcHandler["run"],
  };
}

async function readFirst<Request>(requests: MessageSource<Request>): Promise<Request> {
  const request = await requests.read();
  if (request === undefined) throw new GrpcError("INTERNAL", "The client sent no request");
  return request;
}
