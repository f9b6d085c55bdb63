import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type ClientHttp2Session, connect, type SessionOptions } from "node:http2";
import { connect as connectTls } from "node:tls";
import { describe, it } from "node:test";
import { frameOf, RawHttp2 } from "./raw-http2.suite.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** An HTTP/2 session with the agents' port, as somebody of ill will may have it. */
function openSession(fixture: TunnelFixture, options: SessionOptions = {}): ClientHttp2Session {
  const { certificate: cert, key } = fixture.authority.agent("hz-b");
  const session = connect("https://localhost", {
    ...options,
    createConnection: () =>
      connectTls({
        host: "127.0.0.1",
        port: fixture.port,
        servername: "localhost",
        cert,
        key,
        ca: fixture.authority.certificate,
        ALPNProtocols: ["h2"],
      }),
  });
  session.on("error", () => undefined);
  fixture.defer(() => session.destroy());
  return session;
}

async function openServed(): Promise<TunnelFixture> {
  const fixture = await TunnelFixture.open({ dialTimeoutMs: 5000 });
  await fixture.echo("hz-a");
  await fixture.agent("hz-a");
  return fixture;
}

async function pings(fixture: TunnelFixture): Promise<void> {
  const stream = await fixture.server.dial({ cluster: "hz-a" });
  stream.write("ping");
  const [chunk] = (await once(stream, "data")) as [Buffer];
  equal(chunk.toString(), "ping");
  stream.destroy();
}

const connectHeaders = {
  ":method": "POST",
  ":path": "/AgentService/Connect",
  "content-type": "application/grpc",
  te: "trailers",
};

describe("peers of ill will at the agents' port", () => {
  it("11.52 a flood of PINGs holds up nobody else", async () => {
    await using fixture = await openServed();
    const session = openSession(fixture, { maxOutstandingPings: 10_000 });
    await once(session, "connect");
    for (let i = 0; i < 5000; i++) session.ping(() => undefined);
    await pings(fixture);
  });

  it("11.52 calls that are reset as soon as they are made hold up nobody else", async () => {
    await using fixture = await openServed();
    const session = openSession(fixture);
    await once(session, "connect");
    for (let i = 0; i < 2000 && !session.destroyed; i++) {
      const stream = session.request(connectHeaders);
      stream.on("error", () => undefined);
      stream.close(8);
    }
    await pings(fixture);
    equal(fixture.server.links().length, 1);
  });

  it("11.52 headers beyond measure are refused", async () => {
    await using fixture = await openServed();
    const session = openSession(fixture, { maxSendHeaderBlockLength: 4 * 1024 * 1024 });
    const bomb = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`x-bomb-${i}`, "b".repeat(4000)]),
    );
    const stream = session.request({ ...connectHeaders, ...bomb });
    stream.on("error", () => undefined);
    let status: unknown;
    stream.once("response", (headers) => (status = headers[":status"]));
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve));
    ok(status !== 200, String(status));
    await pings(fixture);
  });

  it("11.52 an agent that takes one byte at a time holds up nobody else", async () => {
    await using fixture = await openServed();
    fixture.upstreams.set("hz-b", "127.0.0.1:1");
    const session = openSession(fixture, { settings: { initialWindowSize: 1 } });
    const stream = session.request({
      ...connectHeaders,
      agentid: "slow",
      agentidentifiers: "host=hz-b",
    });
    stream.on("error", () => undefined);
    stream.pause();
    await until(() => fixture.server.links().length === 2);
    const cancel = new AbortController();
    const slow = fixture.server.dial({ cluster: "hz-b", signal: cancel.signal });
    slow.catch(() => undefined);
    await pings(fixture);
    cancel.abort();
    await rejects(slow, { reason: "Cancelled" });
  });

  for (const [what, frames] of [
    [
      "PINGs",
      () => Array.from({ length: 500 }, () => frameOf("ping", { payload: Buffer.alloc(8) })),
    ],
    ["SETTINGS", () => Array.from({ length: 50 }, () => frameOf("settings"))],
  ] as const) {
    it(`11.52 ${what} beyond measure end the connection they come on, and no other`, async () => {
      await using fixture = await openServed();
      const kept = await fixture.server.dial({ cluster: "hz-a" });
      const raw = await RawHttp2.open(fixture);
      for (let i = 0; i < 100 && !raw.isClosed; i++) {
        raw.write(frames());
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => raw.isClosed);
      kept.write("kept");
      const [chunk] = (await once(kept, "data")) as [Buffer];
      equal(chunk.toString(), "kept");
      kept.destroy();
      await pings(fixture);
    });
  }

  it("11.55 nothing is left of two hundred dials, half of them given up", async () => {
    await using fixture = await openServed();
    await pings(fixture);
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 4; round++) {
      const dials = Array.from({ length: 50 }, async (_, i) => {
        const cancel = new AbortController();
        const dialled = fixture.server.dial({ cluster: "hz-a", signal: cancel.signal });
        if (i % 2 === 0) cancel.abort();
        await dialled.then(
          (stream) => stream.destroy(),
          () => undefined,
        );
      });
      await Promise.all(dials);
    }
    await until(() => {
      const counts = fixture.server.links()[0]?.counts;
      return counts?.connections === 0 && counts.pendingDials === 0;
    });
    await until(() => readdirSync("/proc/self/fd").length <= before + 2);
    deepEqual(fixture.server.links().length, 1);
  });
});
