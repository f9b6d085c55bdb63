import type { EventEmitter } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { WireWriter } from "../codec/wire-writer.ts";
import { statusNameOf } from "../wire/status-code.ts";
import { note, type Note } from "./note-service.suite.ts";
import { failure } from "./own-peers.suite.ts";
import type { Asking, Outcome, PeerClient, PeerServer } from "./peers.suite.ts";

const serialize = (value: Note): Buffer => {
  const writer = new WireWriter();
  note.encode(value, writer);
  return writer.take();
};
const deserialize = (bytes: Buffer): Note => note.decode(bytes);

function definition<Name extends string>(
  name: Name,
  streams: { readonly request: boolean; readonly response: boolean },
): grpc.MethodDefinition<Note, Note> {
  return {
    path: `/test.Notes/${name}`,
    requestStream: streams.request,
    responseStream: streams.response,
    requestSerialize: serialize,
    responseSerialize: serialize,
    requestDeserialize: deserialize,
    responseDeserialize: deserialize,
  };
}

const service: grpc.ServiceDefinition = {
  Say: definition("Say", { request: false, response: false }),
  Collect: definition("Collect", { request: true, response: false }),
  Count: definition("Count", { request: false, response: true }),
  Chat: definition("Chat", { request: true, response: true }),
};

function failed(): Partial<grpc.StatusObject> & {
  readonly name: string;
  readonly message: string;
} {
  const metadata = new grpc.Metadata();
  metadata.set("x-why", failure.trailers["x-why"]);
  metadata.set("why-bin", failure.trailers["why-bin"]);
  return {
    name: "failed",
    message: failure.message,
    code: grpc.status[failure.status],
    details: failure.message,
    metadata,
  };
}

/** A grpc-js server with the notes service. */
export async function openGrpcJsServer(): Promise<PeerServer> {
  let cancelled = Promise.withResolvers<void>();
  const server = new grpc.Server();
  const onCancel = (): void => cancelled.resolve();
  server.addService(service, {
    Say: (call: grpc.ServerUnaryCall<Note, Note>, done: grpc.sendUnaryData<Note>) => {
      if (call.request.text === "fail") return done(failed());
      if (call.request.text === "wait") return void call.once("cancelled", onCancel);
      const headers = new grpc.Metadata();
      for (const value of call.metadata.get("x-ask")) headers.add("x-echo", value);
      for (const value of call.metadata.get("x-ask-bin")) headers.add("x-echo-bin", value);
      call.sendMetadata(headers);
      const trailers = new grpc.Metadata();
      trailers.set("x-done", "yes");
      done(null, call.request, trailers);
    },
    Collect: (call: grpc.ServerReadableStream<Note, Note>, done: grpc.sendUnaryData<Note>) => {
      const texts: string[] = [];
      let sum = 0;
      call.on("data", (each: Note) => {
        texts.push(each.text);
        sum += each.number;
      });
      call.once("end", () => done(null, note.create({ text: texts.join(","), number: sum })));
    },
    Count: (call: grpc.ServerWritableStream<Note, Note>) => {
      const { text, number, payload } = call.request;
      for (let at = 1; at <= number; at++) call.write({ text, number: at, payload });
      if (text === "fail") call.emit("error", failed());
      else if (text === "wait") call.once("cancelled", onCancel);
      else call.end();
    },
    Chat: (call: grpc.ServerDuplexStream<Note, Note>) => {
      call.on("data", (each: Note) => {
        if (each.text === "stop") call.end();
        else call.write(each);
      });
      call.once("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    target: `http://127.0.0.1:${port}`,
    nextCancel: async () => {
      await cancelled.promise;
      cancelled = Promise.withResolvers();
    },
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

/** A grpc-js client. */
export function openGrpcJsClient(target: string): PeerClient {
  const address = target.startsWith("unix:") ? target : new URL(target).host;
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const raw = { serialize, deserialize };
  return {
    say: (request, asking) =>
      observe(asking, ({ metadata, options, done }) =>
        client.makeUnaryRequest(
          "/test.Notes/Say",
          raw.serialize,
          raw.deserialize,
          request,
          metadata,
          options,
          done,
        ),
      ),
    collect: (requests, asking) =>
      observe(asking, ({ metadata, options, done }) => {
        const call = client.makeClientStreamRequest(
          "/test.Notes/Collect",
          serialize,
          deserialize,
          metadata,
          options,
          done,
        );
        for (const request of requests) call.write(request);
        call.end();
        return call;
      }),
    count: (request, asking) =>
      observe(asking, ({ metadata, options, each, done }) => {
        const call = client.makeServerStreamRequest(
          "/test.Notes/Count",
          serialize,
          deserialize,
          request,
          metadata,
          options,
        );
        call.on("data", each);
        call.on("end", () => done(null));
        call.on("error", done);
        return call;
      }),
    chat: (requests, asking) =>
      observe(asking, ({ metadata, options, each, done }) => {
        const call = client.makeBidiStreamRequest(
          "/test.Notes/Chat",
          serialize,
          deserialize,
          metadata,
          options,
        );
        const rest = [...requests];
        const next = (): void => {
          const request = rest.shift();
          if (request) call.write(request);
          else call.end();
        };
        call.on("data", (value: Note) => {
          each(value);
          next();
        });
        call.on("end", () => done(null));
        call.on("error", done);
        next();
        return call;
      }),
    callUnknown: (path) =>
      observe({}, ({ metadata, options, done }) =>
        client.makeUnaryRequest(
          path,
          serialize,
          deserialize,
          note.create(),
          metadata,
          options,
          done,
        ),
      ),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

interface Observing {
  readonly metadata: grpc.Metadata;
  readonly options: grpc.CallOptions;
  readonly each: (value: Note) => void;
  readonly done: (error: grpc.ServiceError | null, value?: Note) => void;
}

function observe(
  asking: Asking = {},
  start: (observing: Observing) => EventEmitter & { cancel(): void },
): Promise<Outcome> {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(asking.metadata ?? {})) {
    metadata.set(name, typeof value === "string" ? value : Buffer.from(value));
  }
  const options: grpc.CallOptions =
    asking.timeoutMs === undefined ? {} : { deadline: Date.now() + asking.timeoutMs };
  return new Promise((resolve) => {
    const notes: Note[] = [];
    let headers = {};
    let failure: grpc.ServiceError | undefined;
    const call = start({
      metadata,
      options,
      each: (value) => {
        notes.push(value);
        asking.onNote?.();
      },
      done: (error, value) => {
        if (value) notes.push(value);
        failure = error ?? undefined;
      },
    });
    call.on("metadata", (value: grpc.Metadata) => {
      headers = value.getMap();
    });
    call.on("status", (value: grpc.StatusObject) => {
      // The status comes before the error that tells of it.
      setImmediate(() => {
        resolve({
          status: statusNameOf(value.code),
          message: failure?.details ?? value.details,
          notes,
          headers,
          trailers: value.metadata.getMap(),
        });
      });
    });
    const cancel = (): void => call.cancel();
    if (asking.signal?.aborted) cancel();
    else asking.signal?.addEventListener("abort", cancel);
  });
}
