import { equal, match, rejects, throws } from "node:assert/strict";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { describe, it } from "node:test";
import { count, note, say } from "../suite/note-service.suite.ts";
import { openOwnServer } from "../suite/own-peers.suite.ts";
import { GrpcError, isGrpcError } from "../wire/grpc-error.ts";
import { GrpcChannel } from "./grpc-channel.ts";

async function failureOf(call: Promise<unknown>): Promise<GrpcError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof GrpcError) return error;
  throw new Error("the call did not fail as a call", { cause: error });
}

async function targetOf(server: Server | Http2Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("GrpcChannel", () => {
  it("says that nobody listens, and that the call was not seen", async () => {
    const server = createServer();
    const target = await targetOf(server);
    await new Promise((resolve) => server.close(resolve));
    await using channel = new GrpcChannel({ target });
    const error = await failureOf(channel.unary(say, note.create()));
    equal(error.status, "UNAVAILABLE");
    match(error.message, /^Cannot connect to http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
    equal(error.isUnseen, true);
  });

  it("gives up a server that takes the connection and says nothing", async () => {
    const sockets: Socket[] = [];
    await using server = createServer((socket) => sockets.push(socket));
    await using channel = new GrpcChannel({
      target: await targetOf(server),
      keepAlive: { intervalMs: 50, timeoutMs: 50 },
    });
    const error = await failureOf(channel.unary(say, note.create()));
    equal(error.status, "UNAVAILABLE");
    match(error.message, /lost: no answer to PING within 50 ms/);
    for (const socket of sockets) socket.destroy();
  });

  it("connects anew after a connection was lost", async () => {
    const first = await openOwnServer();
    const port = Number(new URL(first.target).port);
    await using channel = new GrpcChannel({ target: first.target });
    await channel.unary(say, note.create());
    const waiting = failureOf(channel.unary(say, note.create({ text: "wait" })));
    await channel.unary(say, note.create());
    await first.server.close(0);
    const lost = await waiting;
    equal(lost.status, "UNAVAILABLE");
    equal(lost.isUnseen, false);
    await using _second = await openOwnServer({}, { host: "127.0.0.1", port });
    equal((await channel.unary(say, note.create({ number: 9 }))).number, 9);
  });

  it("tells what servers answer that speak no gRPC", async () => {
    const answers: Record<string, string>[] = [
      { ":status": "404" },
      { ":status": "503" },
      { ":status": "200", "content-type": "text/html" },
    ];
    await using server = createHttp2Server();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond(answers.shift());
      stream.end("no gRPC");
    });
    await using channel = new GrpcChannel({ target: await targetOf(server) });
    for (const status of ["UNIMPLEMENTED", "UNAVAILABLE", "UNKNOWN"] as const) {
      equal((await failureOf(channel.unary(say, note.create()))).status, status);
    }
  });

  it("tells streams that end without a status, or are reset", async () => {
    const codes = [0, 7, 2];
    await using server = createHttp2Server();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      const code = codes.shift() ?? 0;
      if (code === 0) stream.end();
      else stream.close(code);
    });
    await using channel = new GrpcChannel({ target: await targetOf(server) });
    for (const status of ["INTERNAL", "UNAVAILABLE", "INTERNAL"] as const) {
      equal((await failureOf(channel.unary(say, note.create()))).status, status);
    }
  });

  it("cancels the call when an iteration is left early", async () => {
    await using server = await openOwnServer();
    await using channel = new GrpcChannel({ target: server.target });
    const request = note.create({ text: "wait", number: 3 });
    for await (const { number } of channel.serverStream(count, request)) if (number === 2) break;
    await server.nextCancel();
  });

  it("cancels a call whose signal has aborted before", async () => {
    await using server = await openOwnServer();
    await using channel = new GrpcChannel({ target: server.target });
    const call = channel.unary(say, note.create({ text: "wait" }), { signal: AbortSignal.abort() });
    await rejects(call, (error) => isGrpcError(error, "CANCELLED"));
  });

  it("knows that a call was not seen which is cancelled before there is a connection", async () => {
    await using server = await openOwnServer();
    await using channel = new GrpcChannel({ target: server.target });
    const stop = new AbortController();
    const failure = failureOf(channel.unary(say, note.create(), { signal: stop.signal }));
    stop.abort();
    const { status, isUnseen } = await failure;
    equal(status, "CANCELLED");
    equal(isUnseen, true);
  });

  it("lets calls end when it is closed, and takes no more", async () => {
    await using server = await openOwnServer();
    const channel = new GrpcChannel({ target: server.target });
    const last = channel.unary(say, note.create({ number: 4 }));
    await channel.close();
    equal((await last).number, 4);
    await rejects(channel.unary(say, note.create()), /the channel is closed/);
  });

  it("refuses a target that it cannot reach", () => {
    throws(() => new GrpcChannel({ target: "tcp://x" }), /must be unix:\/\/, http:\/\/ or https/);
  });
});
