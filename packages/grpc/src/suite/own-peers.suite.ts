import { GrpcChannel } from "../client/grpc-channel.ts";
import type { CallOptions } from "../client/call-options.ts";
import { GrpcServer, type GrpcServerOptions, type ListenAddress } from "../server/grpc-server.ts";
import {
  type GrpcHandler,
  handleBidi,
  handleClientStream,
  handleServerStream,
  handleUnary,
} from "../server/handlers.ts";
import { GrpcError } from "../wire/grpc-error.ts";
import type { ServerCall } from "../server/server-call.ts";
import { chat, collect, count, note, type Note, say } from "./note-service.suite.ts";
import type { Asking, Outcome, PeerClient, PeerServer } from "./peers.suite.ts";

/** The error that "fail" gives. */
export const failure: {
  readonly status: "FAILED_PRECONDITION";
  readonly message: string;
  readonly trailers: { readonly "why-bin": Buffer; readonly "x-why": string };
} = {
  status: "FAILED_PRECONDITION",
  message: "50 % of it – 半分 failed",
  trailers: { "why-bin": Buffer.from([0, 255, 7]), "x-why": "asked" },
};

function fail(): never {
  throw new GrpcError(failure.status, failure.message, { metadata: failure.trailers });
}

/** The handlers of the notes service. */
export function noteHandlers(onCancel: () => void): readonly GrpcHandler[] {
  const untilCancelled = (call: ServerCall): Promise<never> =>
    new Promise((_, reject) => {
      const stop = (): void => {
        onCancel();
        reject(new GrpcError("CANCELLED", "stopped"));
      };
      if (call.signal.aborted) stop();
      else call.signal.addEventListener("abort", stop, { once: true });
    });
  return [
    handleUnary(say, async (request, call) => {
      if (request.text === "fail") fail();
      if (request.text === "wait") await untilCancelled(call);
      const { "x-ask": ask, "x-ask-bin": bytes } = call.metadata;
      call.sendHeaders({
        ...(ask === undefined ? {} : { "x-echo": ask }),
        ...(bytes === undefined ? {} : { "x-echo-bin": bytes }),
      });
      call.setTrailers({ "x-done": "yes" });
      return request;
    }),
    handleClientStream(collect, async (requests) => {
      const texts: string[] = [];
      let sum = 0;
      for await (const { text, number } of requests) {
        texts.push(text);
        sum += number;
      }
      return note.create({ text: texts.join(","), number: sum });
    }),
    handleServerStream(count, async ({ text, number, payload }, responses, call) => {
      for (let at = 1; at <= number && !call.signal.aborted; at++) {
        if (!responses.send({ text, number: at, payload })) await responses.drained();
      }
      if (text === "fail") fail();
      if (text === "wait") await untilCancelled(call);
    }),
    handleBidi(chat, async ({ requests, responses }) => {
      for await (const request of requests) {
        if (request.text === "stop") return;
        if (!responses.send(request)) await responses.drained();
      }
    }),
  ];
}

/** Our server with the notes service. */
export async function openOwnServer(
  options: Partial<GrpcServerOptions> = {},
  address: ListenAddress = { host: "127.0.0.1", port: 0 },
): Promise<PeerServer & { readonly server: GrpcServer }> {
  let cancelled = Promise.withResolvers<void>();
  const server = new GrpcServer({
    handlers: noteHandlers(() => cancelled.resolve()),
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  const bound = await server.listen(address);
  const scheme = options.tls ? "https" : "http";
  return {
    server,
    target: "path" in bound ? `unix://${bound.path}` : `${scheme}://127.0.0.1:${bound.port}`,
    nextCancel: async () => {
      await cancelled.promise;
      cancelled = Promise.withResolvers();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Our client. */
export function openOwnClient(target: string): PeerClient {
  const channel = new GrpcChannel({ target });
  return {
    say: (request, asking) =>
      observe(asking, async (options, notes) => {
        notes.push(await channel.unary(say, request, options));
      }),
    collect: (requests, asking) =>
      observe(asking, async (options, notes) => {
        const { call, finish } = channel.clientStream(collect, options);
        for (const request of requests) call.send(request);
        notes.push(await finish());
      }),
    count: (request, asking) =>
      observe(asking, async (options, notes) => {
        for await (const each of channel.serverStream(count, request, options)) {
          notes.push(each);
          asking?.onNote?.();
        }
      }),
    chat: (requests, asking) =>
      observe(asking, async (options, notes) => {
        const call = channel.bidi(chat, options);
        for (const request of requests) {
          call.send(request);
          const answer = await call.read();
          if (answer) notes.push(answer);
        }
        call.end();
        if ((await call.read()) !== undefined) throw new Error("one answer too many");
      }),
    callUnknown: (path) =>
      observe({}, async (options, notes) => {
        notes.push(await channel.unary({ ...say, path }, note.create(), options));
      }),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

async function observe(
  asking: Asking | undefined,
  run: (options: CallOptions, notes: Note[]) => Promise<void>,
): Promise<Outcome> {
  const notes: Note[] = [];
  let headers = {};
  let trailers = {};
  const options: CallOptions = {
    ...asking,
    onHeaders: (metadata) => (headers = metadata),
    onTrailers: (metadata) => (trailers = metadata),
  };
  try {
    await run(options, notes);
    return { status: "OK", message: "", notes, headers, trailers };
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    const { status, message, metadata } = error;
    return { status, message, notes, headers, trailers: metadata };
  }
}
