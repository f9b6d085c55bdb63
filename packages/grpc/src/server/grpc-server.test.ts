import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { ensurePki } from "@cellplane/apiserver";
import { GrpcChannel } from "../client/grpc-channel.ts";
import { collect, count, note, say } from "../suite/note-service.suite.ts";
import { openGrpcJsClient } from "../suite/grpc-js-peers.suite.ts";
import { openOwnServer } from "../suite/own-peers.suite.ts";
import { handleClientStream } from "./handlers.ts";
import { isGrpcError } from "../wire/grpc-error.ts";
import type { PlainHandler } from "./plain-request.ts";

const plain: PlainHandler = ({ method, path, body }) =>
  path === "/health"
    ? { status: 200, headers: { "content-type": "application/json" }, body: '{"health":"true"}' }
    : { status: 404, body: `${method} ${path} ${body.length}` };

async function getHttp1(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const request = url.startsWith("https:")
    ? httpsRequest(url, { rejectUnauthorized: false, agent: false })
    : httpRequest(url, { agent: false });
  request.end();
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: await text(response) };
}

async function askHttp2(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly headers: Readonly<Record<string, unknown>>; readonly body: string }> {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  const stream = session.request(headers);
  stream.end();
  const [answer] = await once(stream, "response");
  const body = await text(stream);
  session.close();
  return { headers: answer, body };
}

describe("GrpcServer", () => {
  it("serves gRPC, HTTP/1.1 and plain HTTP/2 on one port", async () => {
    await using server = await openOwnServer({ plain });
    await using channel = new GrpcChannel({ target: server.target });
    equal((await channel.unary(say, note.create({ number: 5 }))).number, 5);
    deepEqual(await getHttp1(`${server.target}/health`), {
      status: 200,
      body: '{"health":"true"}',
    });
    equal((await getHttp1(`${server.target}/no`)).body, "GET /no 0");
    const answer = await askHttp2(server.target, { ":path": "/health" });
    equal(answer.body, '{"health":"true"}');
  });

  it("does so over TLS, to clients with and without ALPN", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-"));
    const { server: own, ca } = await ensurePki(folder, { hosts: [], nowMs: Date.now() });
    rmSync(folder, { recursive: true });
    await using server = await openOwnServer({
      plain,
      tls: { key: own.key, cert: own.certificate },
    });
    const { target } = server;
    await using channel = new GrpcChannel({ target, tls: { ca, servername: "localhost" } });
    equal((await channel.unary(say, note.create({ number: 6 }))).number, 6);
    equal((await getHttp1(`${target}/health`)).status, 200);
    equal((await askHttp2(target, { ":path": "/health" })).body, '{"health":"true"}');
    await using stranger = new GrpcChannel({ target });
    await rejects(stranger.unary(say, note.create()), (error) => {
      return isGrpcError(error, "UNAVAILABLE") && /certificate/.test(error.message);
    });
  });

  it("serves on a Unix socket, to grpc-js, too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-"));
    try {
      await using server = await openOwnServer({}, { path: join(folder, "s") });
      await using channel = new GrpcChannel({ target: server.target });
      equal((await channel.unary(say, note.create({ number: 7 }))).number, 7);
      await using client = openGrpcJsClient(server.target);
      equal((await client.say(note.create({ number: 8 }))).notes[0]?.number, 8);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses what is no gRPC, what is compressed, and a timeout that is none", async () => {
    await using server = await openOwnServer();
    const path = { ":path": say.path, ":method": "POST" };
    const other = await askHttp2(server.target, { ...path, "content-type": "application/json" });
    equal(other.headers[":status"], 415);
    const grpc = { ...path, "content-type": "application/grpc" };
    const zipped = await askHttp2(server.target, { ...grpc, "grpc-encoding": "gzip" });
    equal(zipped.headers["grpc-status"], "12");
    const late = await askHttp2(server.target, { ...grpc, "grpc-timeout": "soon" });
    equal(late.headers["grpc-status"], "13");
    const none = await askHttp2(server.target, grpc);
    equal(none.headers["grpc-status"], "13");
    match(String(none.headers["grpc-message"]), /sent no request/);
  });

  it("refuses a message that is too long", async () => {
    await using server = await openOwnServer({ maxReceiveBytes: 1000 });
    await using channel = new GrpcChannel({ target: server.target, maxReceiveBytes: 500 });
    const say1 = (length: number): Promise<unknown> =>
      channel.unary(say, note.create({ payload: Buffer.alloc(length) }));
    await rejects(say1(2000), (error) => isGrpcError(error, "RESOURCE_EXHAUSTED"));
    await rejects(say1(800), (error) => isGrpcError(error, "RESOURCE_EXHAUSTED"));
    await say1(400);
  });

  it("tells what a handler throws to the log, and nothing of it to the client", async () => {
    const told: unknown[] = [];
    await using server = await openOwnServer({
      handlers: [
        {
          method: say,
          run: async () => {
            throw new Error("the password is 1234");
          },
        },
      ],
      onError: (error) => told.push(error),
    });
    await using channel = new GrpcChannel({ target: server.target });
    await rejects(channel.unary(say, note.create()), (error) => {
      return isGrpcError(error, "INTERNAL") && error.message === "Internal error";
    });
    equal(told.length, 1);
  });

  it("lets calls that are under way end when it closes, and takes no more", async () => {
    await using server = await openOwnServer();
    await using channel = new GrpcChannel({ target: server.target });
    await channel.unary(say, note.create());
    const waiting = channel.unary(say, note.create({ text: "wait" }), { timeoutMs: 400 });
    const outcome = rejects(waiting, (error) => isGrpcError(error, "DEADLINE_EXCEEDED"));
    // The call must have arrived: another one behind it is answered.
    await channel.unary(say, note.create());
    await server.server.close(5000);
    await outcome;
    await rejects(channel.unary(say, note.create()), (error) => {
      return isGrpcError(error, "UNAVAILABLE") && error.isUnseen;
    });
  });

  it("breaks calls off that do not end in time", async () => {
    await using server = await openOwnServer();
    await using channel = new GrpcChannel({ target: server.target });
    await channel.unary(say, note.create());
    const waiting = channel.unary(say, note.create({ text: "wait" }));
    const outcome = rejects(waiting, (error) => isGrpcError(error, "UNAVAILABLE"));
    await channel.unary(say, note.create());
    await server.server.close(50);
    await outcome;
    await server.nextCancel();
  });

  it("gives up clients that do not answer to PING", async () => {
    const keepAlive = { intervalMs: 50, timeoutMs: 50 };
    await using server = await openOwnServer({ keepAlive });
    const socket = connectSocket(Number(new URL(server.target).port), "127.0.0.1");
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    socket.resume();
    await once(socket, "close");
    await using channel = new GrpcChannel({ target: server.target, keepAlive });
    const call = channel.unary(say, note.create({ text: "wait" }), { timeoutMs: 400 });
    await rejects(call, (error) => isGrpcError(error, "DEADLINE_EXCEEDED"));
  });

  it("never takes a call that was cut off for one that sent all", async () => {
    const ended = Promise.withResolvers<unknown>();
    const handler = handleClientStream(collect, async (requests) => {
      try {
        for await (const { text: each } of requests) if (each === "first") begun.resolve();
        ended.resolve("all was sent");
      } catch (error) {
        ended.resolve(error);
      }
      return note.create();
    });
    const begun = Promise.withResolvers<void>();
    await using server = await openOwnServer({ handlers: [handler] });
    await using channel = new GrpcChannel({ target: server.target });
    const { call } = channel.clientStream(collect);
    call.send(note.create({ text: "first" }));
    await begun.promise;
    call.send(note.create({ text: "second" }));
    call.cancel();
    equal(isGrpcError(await ended.promise, "CANCELLED"), true);
  });

  it("cancels a handler when its client resets the stream", async () => {
    await using server = await openOwnServer();
    const session = connectHttp2(server.target);
    const stream = session.request({
      ":path": count.path,
      ":method": "POST",
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    // A note with the text "wait" and the number 1.
    stream.end(Buffer.from([0, 0, 0, 0, 8, 10, 4, 0x77, 0x61, 0x69, 0x74, 16, 1]));
    await once(stream, "data");
    stream.close(constants.NGHTTP2_CANCEL);
    await server.nextCancel();
    session.close();
  });
});
