import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Stream, connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { until } from "../tunnel-fixture.suite.ts";
import { fitWindow, StreamWindow, widestWindowBytes } from "./stream-window.ts";

const mebi = 1024 * 1024;

describe("fitWindow()", () => {
  it("is as wide as it may be while few streams stand still, and shares 256 MiB among many", () => {
    for (const few of [0, 1, 16]) equal(fitWindow(few), 16 * mebi);
    equal(fitWindow(17), 8 * mebi);
    equal(fitWindow(500), mebi / 2);
    equal(fitWindow(5000), mebi / 4);
  });
});

describe("StreamWindow", () => {
  it("narrows the streams of a session while readers stand still, loses nothing, and widens again", async () => {
    await using flood = await openFlood(24 * mebi);
    const window = new StreamWindow(16 * mebi);
    const stalled = [flood.request(), flood.request()];
    await until(() => stalled.every((each) => each.readableLength >= widestWindowBytes - mebi));
    ok(stalled.every((each) => each.readableLength <= widestWindowBytes));
    window.fit(flood.session, stalled);
    equal(window.bytes, 8 * mebi);
    await once(flood.session, "localSettings");
    const late = flood.request();
    await until(() => late.readableLength >= 7 * mebi);
    // It would go on at once, were there no limit.
    await new Promise((answered) => flood.session.ping(answered));
    ok(late.readableLength <= 8 * mebi);
    const counts = await Promise.all([...stalled, late].map(countBytes));
    deepEqual(counts, [24 * mebi, 24 * mebi, 24 * mebi]);
    window.fit(flood.session, [...stalled, late]);
    equal(window.bytes, widestWindowBytes);
  });
});

/** A session whose streams each get so many bytes, as fast as they let themselves be sent. */
async function openFlood(bytes: number): Promise<
  AsyncDisposable & {
    readonly session: ReturnType<typeof connect>;
    readonly request: () => ClientHttp2Stream;
  }
> {
  const body = Buffer.alloc(bytes);
  // As the tunnel has it: what is on its way counts.
  const server = createServer({ maxSessionMemory: 1000 }).on(
    "stream",
    (stream: ServerHttp2Stream) => {
      stream.on("error", () => undefined);
      stream.respond();
      stream.end(body);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const settings = { initialWindowSize: widestWindowBytes };
  const session = connect(`http://127.0.0.1:${port}`, { settings });
  await once(session, "connect");
  session.setLocalWindowSize(8 * widestWindowBytes);
  return {
    session,
    request: () => {
      const stream = session.request();
      // Reading begins, and stops at once.
      stream.once("response", () => void stream.read(0));
      return stream;
    },
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function countBytes(stream: ClientHttp2Stream): Promise<number> {
  let count = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) count += chunk.length;
  return count;
}
