import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { GrpcChannel } from "../client/grpc-channel.ts";
import { GrpcServer } from "../server/grpc-server.ts";
import { handleBidi, handleServerStream } from "../server/handlers.ts";
import { chat, count, note } from "../suite/note-service.suite.ts";
import { isGrpcError } from "../wire/grpc-error.ts";

const payload = Buffer.alloc(10_000, "z");
// A window each way, what is queued in `send`, and what one chunk holds.
const enoughBytes = 4 * 1024 * 1024;

function fail(error: unknown): void {
  throw error;
}

async function listen(server: GrpcServer): Promise<string> {
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${"port" in address ? address.port : 0}`;
}

describe("flow control", () => {
  it("holds back a server whose client does not read", async () => {
    let sentBytes = 0;
    const stuck = Promise.withResolvers<void>();
    const handler = handleServerStream(count, async (_request, responses, call) => {
      for (let number = 0; !call.signal.aborted; number++) {
        sentBytes += payload.length;
        if (responses.send({ text: "", number, payload })) continue;
        const room = responses.drained();
        // The client reads nothing, so at some point there will be no room any more.
        const late = setTimeout(() => stuck.resolve(), 300);
        await room.finally(() => clearTimeout(late));
      }
    });
    await using server = new GrpcServer({ handlers: [handler], onError: fail });
    await using channel = new GrpcChannel({ target: await listen(server) });
    const responses = channel.serverStream(count, note.create());
    await responses.read();
    await stuck.promise;
    ok(sentBytes < enoughBytes, `${sentBytes} bytes were sent to nobody`);
    // All that was held back comes, and what follows it.
    const further = sentBytes / payload.length + 300;
    for (let number = 1; number < further; number++) {
      equal((await responses.read())?.number, number);
    }
    responses.cancel();
  });

  it("holds back a client whose server does not read, and lets other calls pass", async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const received: number[] = [];
    const handler = handleBidi(chat, async ({ requests, responses }) => {
      const first = await requests.read();
      if (first?.text === "other") {
        responses.send(first);
        return;
      }
      begun.resolve();
      await go.promise;
      for await (const { number } of requests) received.push(number);
      responses.send(note.create({ number: received.length }));
    });
    await using server = new GrpcServer({ handlers: [handler], onError: fail });
    await using channel = new GrpcChannel({ target: await listen(server) });
    const call = channel.bidi(chat);
    call.send(note.create());
    await begun.promise;
    let number = 0;
    let room = Promise.resolve();
    for (let isStuck = false; !isStuck;) {
      while (call.send({ text: "", number, payload })) number++;
      number++;
      room = call.drained();
      isStuck = await Promise.race([
        room.then(() => false),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300)),
      ]);
      ok(number * payload.length < enoughBytes, `${number} messages were sent to nobody`);
    }
    const other = channel.bidi(chat);
    other.send(note.create({ text: "other" }));
    equal((await other.read())?.text, "other");
    go.resolve();
    await room;
    call.end();
    equal((await call.read())?.number, number);
    deepEqual(
      received,
      Array.from({ length: number }, (_, at) => at),
    );
  });

  it("pauses and resumes a consumer within a chunk", async () => {
    const handler = handleServerStream(count, async (_request, responses) => {
      for (let number = 0; number < 100; number++) responses.send(note.create({ number }));
    });
    await using server = new GrpcServer({ handlers: [handler], onError: fail });
    await using channel = new GrpcChannel({ target: await listen(server) });
    const seen: number[] = [];
    const ended = Promise.withResolvers<unknown>();
    const flow = channel.serverStream(count, note.create()).consume({
      onMessage: ({ number }) => {
        seen.push(number);
        flow.pause();
        setImmediate(() => {
          equal(seen.at(-1), number, "a message came while paused");
          flow.resume();
        });
      },
      onEnd: ended.resolve,
    });
    equal(await ended.promise, undefined);
    deepEqual(
      seen,
      Array.from({ length: 100 }, (_, at) => at),
    );
  });

  it("tells a waiting sender that the call is over", async () => {
    const handler = handleBidi(chat, async ({ requests }) => {
      await requests.read();
    });
    await using server = new GrpcServer({ handlers: [handler], onError: fail });
    await using channel = new GrpcChannel({ target: await listen(server) });
    const call = channel.bidi(chat);
    while (call.send({ text: "", number: 1, payload }));
    await rejects(
      async () => {
        for (;;) {
          await call.drained();
          while (call.send({ text: "", number: 1, payload }));
        }
      },
      (error) => isGrpcError(error, "CANCELLED"),
    );
    equal(await call.read(), undefined);
    equal(call.send(note.create()), false);
  });
});
