import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { DelayRelay } from "../../testing/src/e2e/delay-relay.ts";
import type { TunnelAgent } from "./agent/tunnel-agent.ts";
import { connectThrough, PacketPeer, type PeerTarget } from "./packet-peer.suite.ts";
import { callHeaders, frameOf, RawHttp2 } from "./raw-http2.suite.ts";
import { StockPeers } from "./stock-peers.suite.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const mebi = 1024 * 1024;

const request = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Hash of the body of an answer that ends with its connection. */
const bodyHash = (answer: Buffer): string =>
  hashOf(answer.subarray(answer.indexOf("\r\n\r\n") + 4));

async function getByPackets(clients: PeerTarget): Promise<string> {
  await using client = PacketPeer.client(clients);
  client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 3n });
  const { connectId } = await client.next("dialResponse");
  client.send("data", { connectId, error: "", data: request("/") });
  await until(() => client.has("closeResponse"), 60_000);
  return bodyHash(client.received(connectId));
}

async function getByConnect(clients: PeerTarget): Promise<string> {
  const { status, socket } = await connectThrough(clients, "hz-a:443");
  equal(status, 200);
  socket.write(request("/"));
  return bodyHash(await readAll(socket));
}

const isIdle = ({ server }: TunnelFixture): boolean =>
  server.links().every(({ counts }) => counts.connections === 0 && counts.pendingDials === 0);

describe("large responses through the tunnel", () => {
  for (const kind of ["our agent", "a stock agent"] as const) {
    it(`11.11 11.12 20 MiB in ten parts come whole, and ten times 10 MiB at once in both modes, by ${kind}`, async () => {
      await using fixture = await TunnelFixture.open();
      await using stock = new StockPeers(fixture.authority);
      const part = randomBytes(2 * mebi);
      let parts = 10;
      const http = createServer((_, response) => {
        response.setHeader("connection", "close");
        response.setHeader("content-length", parts * part.length);
        let left = parts;
        const more = (): void => {
          while (left-- > 1) if (!response.write(part)) return void response.once("drain", more);
          response.end(part);
        };
        more();
      });
      await fixture.target("hz-a", (socket) => http.emit("connection", socket));
      if (kind === "our agent") await fixture.agent("hz-a");
      else await stock.agent(["hz-a"], fixture.port);
      await until(() => fixture.server.links().length === 1);
      const clients = { port: await fixture.frontend(), authority: fixture.authority };
      const whole = (count: number): string =>
        hashOf(Buffer.concat(Array.from({ length: count }, () => part)));
      const twenty = whole(10);
      equal(await getByPackets(clients), twenty);
      equal(await getByConnect(clients), twenty);
      parts = 5;
      const ten = whole(5);
      for (const get of [getByPackets, getByConnect]) {
        const all = await Promise.all(Array.from({ length: 10 }, () => get(clients)));
        ok(all.every((hash) => hash === ten));
      }
      await until(() => isIdle(fixture));
    });
  }
});

describe("many of everything", () => {
  it("11.52 ten thousand calls that are reset at once end the connection they come on, and no other", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    const kept = await fixture.server.dial({ cluster: "hz-a" });
    const raw = await RawHttp2.open(fixture);
    const cancel = Buffer.from([0, 0, 0, 8]);
    for (let stream = 1; stream < 200_000 && !raw.isClosed;) {
      const frames = [];
      for (let i = 0; i < 500; i++, stream += 2) {
        frames.push(frameOf("headers", { flags: 4, stream, payload: callHeaders() }));
        frames.push(frameOf("reset", { stream, payload: cancel }));
      }
      raw.write(frames);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => raw.isClosed, 60_000);
    kept.write("kept");
    equal(String(((await once(kept, "data")) as [Buffer])[0]), "kept");
    kept.destroy();
  });

  it("11.55 nothing is left of ten thousand dials, half of them given up", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a");
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    let opened = 0;
    for (let round = 0; round < 100; round++) {
      const dials = Array.from({ length: 100 }, async (_, i) => {
        const cancel = new AbortController();
        const dialled = fixture.server.dial({ cluster: "hz-a", signal: cancel.signal });
        if (i % 2 === 0) cancel.abort();
        const stream = await dialled.catch(() => undefined);
        if (!stream) return;
        opened += 1;
        stream.destroy();
      });
      await Promise.all(dials);
    }
    equal(opened, 5000);
    await until(() => isIdle(fixture) && agent.connections === 0);
    await until(() => descriptors() <= before + 2);
  });

  it("11.56 a hundred agents are all back within 15 s of a restart, spread by chance", async () => {
    await using fixture = await TunnelFixture.open();
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const cluster = `hz-${i}`;
      fixture.upstreams.set(cluster, "127.0.0.1:1");
      const events = { onConnect: () => void times.push(performance.now()) };
      // What agents wait unless told otherwise.
      fixture.startAgent(cluster, { events, pauses: {} });
    }
    const isComplete = (): boolean => fixture.server.links().length === 100 && times.length === 100;
    await until(isComplete, 60_000);
    times.length = 0;
    const restartedAtMs = performance.now();
    await fixture.restartServer();
    await until(isComplete, 60_000);
    ok(Math.max(...times) - restartedAtMs < 15_000);
    const spreadMs = Math.max(...times) - Math.min(...times);
    ok(spreadMs > 300, `${spreadMs} ms`);
  });

  it("11.53 five thousand quiet connections stay, and each gets what is sent to it", async () => {
    await using fixture = await TunnelFixture.open();
    const targets: Duplex[] = [];
    await fixture.target("hz-a", (socket) => {
      targets.push(socket);
      socket.resume();
    });
    await fixture.agent("hz-a");
    const received: number[] = [];
    const streams: Duplex[] = [];
    for (let round = 0; round < 50; round++) {
      const dials = Array.from({ length: 100 }, () => fixture.server.dial({ cluster: "hz-a" }));
      streams.push(...(await Promise.all(dials)));
    }
    await until(() => targets.length === 5000);
    for (const [i, stream] of streams.entries()) {
      received[i] = 0;
      stream.on("data", (chunk: Buffer) => (received[i] = (received[i] ?? 0) + chunk.length));
    }
    for (let event = 1; event <= 3; event++) {
      for (const socket of targets) socket.write("event\n");
      await until(() => received.every((bytes) => bytes === event * 6), 60_000);
    }
    equal(fixture.server.links()[0]?.counts.connections, 5000);
    for (const stream of streams) stream.destroy();
    await until(() => isIdle(fixture), 60_000);
  });

  it("11.37 one, three and four servers with as many agents: each agent has each server", async () => {
    for (const count of [1, 3, 4]) {
      await using fixture = await TunnelFixture.open({ serverCount: () => count });
      await fixture.echo("hz-a");
      const servers = [fixture.server];
      const ports = [fixture.port];
      for (let i = 1; i < count; i++) {
        const server = fixture.openServer(`server-${i}`);
        const bound = await server.listen({ host: "127.0.0.1", port: 0 });
        ok("port" in bound);
        servers.push(server);
        ports.push(bound.port);
      }
      const { address } = await fixture.balancer(ports);
      const agents: TunnelAgent[] = [];
      for (let i = 0; i < count; i++) {
        agents.push(fixture.startAgent("hz-a", { servers: [address], agentId: `agent-${i}` }));
      }
      await until(() => agents.every((agent) => agent.servers.length === count), 60_000);
      for (const server of servers) {
        await until(() => new Set(server.links().map(({ agentId }) => agentId)).size === count);
      }
      deepEqual(
        agents.map((agent) => new Set(agent.servers).size),
        agents.map(() => count),
      );
    }
  });
});

describe("a line of 50 ms there and back", () => {
  it("11.58 carries 64 MiB each way through a relay, whole", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await using relay = await DelayRelay.open("127.0.0.1", fixture.port, 25);
    await fixture.agent("hz-a", { servers: [`127.0.0.1:${relay.port}`] });
    const startedMs = performance.now();
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    // Timers may be early by a little.
    ok(performance.now() - startedMs >= 45);
    const sent = randomBytes(64 * mebi);
    stream.end(sent);
    equal(hashOf(await readAll(stream)), hashOf(sent));
  });
});
