import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { MetricRegistry, renderMetrics } from "@cellplane/metrics";
import { PacketPeer } from "./packet-peer.suite.ts";
import { headerNames } from "./protocol/methods.ts";
import { authenticateCertificate } from "./server/authenticate.ts";
import type { TunnelServer } from "./server/tunnel-server.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

async function answerOf(server: TunnelServer, cluster = "hz-a"): Promise<string> {
  const stream = await server.dial({ cluster });
  stream.write("hello");
  const [chunk] = (await once(stream, "data")) as [Buffer];
  stream.destroy();
  return chunk.toString();
}

/** Passes each connection to one of several ports, as a load balancer without weights does. */
async function openBalancer(
  fixture: TunnelFixture,
  ports: () => readonly number[],
): Promise<number> {
  const sockets = new Set<Duplex>();
  const server = createServer((socket) => {
    const all = ports();
    const onward = connect(all[Math.floor(Math.random() * all.length)] ?? 1, "127.0.0.1");
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on("error", () => undefined);
      each.once("close", () => (each === socket ? onward : socket).destroy());
    }
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  fixture.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("agents that come and go", () => {
  it("11.15 11.16 a connection ends with its agent, and new ones go through the next", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a");
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.on("error", () => undefined);
    const closed = new Promise((resolve) => stream.once("close", resolve));
    await agent[Symbol.asyncDispose]();
    await closed;
    await until(() => fixture.server.links().length === 0);
    await fixture.agent("hz-a");
    equal(await answerOf(fixture.server), "hello");
  });

  it("11.17 an agent is back after its server has restarted on the same port", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    await fixture.restartServer();
    await until(() => fixture.server.links().length === 1);
    equal(await answerOf(fixture.server), "hello");
  });

  it("11.18 a cluster is ready with its first agent and no longer without its last", async () => {
    const metrics = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const ready = (): string | undefined =>
      /ready_backends\{cluster="hz-a"\} (\d)/.exec(renderMetrics(metrics.collect()))?.[1];
    equal(ready(), undefined);
    const agent = fixture.startAgent("hz-a");
    deepEqual(agent.servers, []);
    await until(() => agent.servers.length === 1);
    equal(ready(), "1");
    await agent[Symbol.asyncDispose]();
    await until(() => ready() === "0");
  });

  it("11.19 an agent finds three servers behind one address, and one that is added for one that is lost", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const open = async (serverId: string): Promise<{ server: TunnelServer; port: number }> => {
      const server = fixture.openServer(serverId, { serverCount: () => 3 });
      const bound = await server.listen({ host: "127.0.0.1", port: 0 });
      return { server, port: "port" in bound ? bound.port : 0 };
    };
    const [a, b, c] = [await open("a"), await open("b"), await open("c")];
    const live = new Set([a, b, c]);
    const balancer = await openBalancer(fixture, () => [...live].map(({ port }) => port));
    const agent = fixture.startAgent("hz-a", { servers: [`127.0.0.1:${balancer}`] });
    await until(() => agent.servers.length === 3, 30_000);
    for (const { server } of live) equal(await answerOf(server), "hello");
    live.delete(b);
    await b.server.close(0);
    await until(() => !agent.servers.includes("b"));
    const d = await open("d");
    live.add(d);
    await until(() => agent.servers.length === 3, 30_000);
    deepEqual([...agent.servers].sort(), ["a", "c", "d"]);
    equal(await answerOf(d.server), "hello");
  });

  it("11.20 11.33 an agent that drains gets dials only where there is no other", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const first = await fixture.agent("hz-a", { agentId: "first" });
    const kept = await fixture.server.dial({ cluster: "hz-a" });
    const drained = first.drain(20_000);
    await until(() => fixture.server.links()[0]?.isDraining === true);
    equal(await answerOf(fixture.server), "hello");
    await fixture.agent("hz-a", { agentId: "second" });
    const streams = [];
    for (let i = 0; i < 4; i++) streams.push(await fixture.server.dial({ cluster: "hz-a" }));
    deepEqual(
      fixture.server.links().map(({ agentId, counts }) => [agentId, counts.connections]),
      [
        ["first", 1],
        ["second", 4],
      ],
    );
    for (const stream of [kept, ...streams]) stream.destroy();
    await drained;
  });

  it("11.47 a hundred open connections go on while their agent drains", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a");
    const dialled = Array.from({ length: 100 }, () => fixture.server.dial({ cluster: "hz-a" }));
    const streams = await Promise.all(dialled);
    const drained = agent.drain(20_000);
    await until(() => fixture.server.links()[0]?.isDraining === true);
    for (const [i, stream] of streams.entries()) stream.end(`still ${i}`);
    const answers = await Promise.all(streams.map((stream) => readAll(stream)));
    deepEqual(
      answers.map(String),
      streams.map((_, i) => `still ${i}`),
    );
    await drained;
    equal(agent.connections, 0);
  });

  it("11.56 twenty agents are back after a restart, not all at one moment", async () => {
    await using fixture = await TunnelFixture.open();
    const times: number[] = [];
    const pauses = { leastMs: 500, mostMs: 1000 };
    for (let i = 0; i < 20; i++) {
      const cluster = `hz-${i}`;
      fixture.upstreams.set(cluster, "127.0.0.1:1");
      const events = { onConnect: () => void times.push(performance.now()) };
      fixture.startAgent(cluster, { events, pauses });
    }
    await until(() => fixture.server.links().length === 20 && times.length === 20);
    times.length = 0;
    await fixture.restartServer();
    await until(() => fixture.server.links().length === 20 && times.length === 20);
    ok(Math.max(...times) - Math.min(...times) > 100);
  });
});

describe("who is let in", () => {
  it("11.21 an agent may offer further protocols by ALPN, in any place; HTTP/2 is spoken", async () => {
    await using fixture = await TunnelFixture.open();
    for (const names of [
      ["h2", "cellplane-gateway"],
      ["cellplane-gateway", "http/1.1", "h2"],
    ]) {
      fixture.upstreams.set("hz-a", "127.0.0.1:1");
      const { certificate: cert, key } = fixture.authority.agent("hz-a");
      const chosen: (string | false | null)[] = [];
      const agent = fixture.startAgent("hz-a", {
        channelOf: ({ address }) => ({
          target: `https://${address}`,
          dial: () => {
            const socket = connectTls({
              port: fixture.port,
              host: "127.0.0.1",
              servername: "localhost",
              ca: fixture.authority.certificate,
              ALPNProtocols: names,
              cert,
              key,
            });
            socket.once("secureConnect", () => void chosen.push(socket.alpnProtocol));
            return socket;
          },
        }),
      });
      await until(() => agent.servers.length === 1);
      deepEqual(chosen, ["h2"]);
      await agent[Symbol.asyncDispose]();
      await until(() => fixture.server.links().length === 0);
    }
  });

  it("11.23 11.24 an agent serves each host that it names, and no default route", async () => {
    const metadata = {
      [headerNames.agentIdentifiers]: "host=hz-a&ipv4=10.0.0.1&host=hz-b&cidr=10.0.0.0/8&later=x",
    };
    await using fixture = await TunnelFixture.open({
      authenticate: () => ({
        name: "both",
        mayServe: (name) => name === "hz-a" || name === "hz-b",
      }),
    });
    for (const cluster of ["hz-a", "hz-b"]) fixture.upstreams.set(cluster, "127.0.0.1:1");
    await using agent = PacketPeer.agent(fixture, "hz-a", { metadata });
    await agent.headers;
    for (const cluster of ["hz-a", "hz-b"]) {
      const dialled = fixture.server.dial({ cluster });
      const { random } = await agent.next("dialRequest");
      agent.send("dialResponse", { error: "", connectId: random, random });
      (await dialled).destroy();
    }
    await using stray = PacketPeer.agent(fixture, "hz-a", {
      metadata: { [headerNames.agentIdentifiers]: "default-route=true" },
    });
    match(String(await stray.over()), /names no cluster: give --agent-identifiers=host=NAME/);
  });

  for (const [what, metadata, why] of [
    ["without an id", { [headerNames.agentId]: "" }, /no id|agentid/],
    ["with two ids", { [headerNames.agentId]: ["one", "two"] }, /exactly one "agentid"/],
    [
      "with identifiers that are malformed",
      { [headerNames.agentIdentifiers]: "host=%zz" },
      /identifiers as they are malformed/,
    ],
    [
      "with identifiers twice",
      { [headerNames.agentIdentifiers]: ["host=hz-a", "host=hz-b"] },
      /at most one "agentidentifiers"/,
    ],
    [
      "with two clusters in its header",
      { [headerNames.cluster]: ["hz-a", "hz-b"] },
      /at most one "fed-cluster"/,
    ],
    ["with a name in upper case", { [headerNames.cluster]: "HZ-A" }, /"HZ-A" is no cluster's name/],
    [
      "of another cluster by its header",
      { [headerNames.cluster]: "hz-b" },
      /may not serve cluster/,
    ],
    [
      "of another cluster by its identifiers",
      { [headerNames.agentIdentifiers]: "host=hz-a&host=hz-b" },
      /may not serve cluster "hz-b"/,
    ],
  ] as const) {
    it(`11.25 11.41 an agent ${what} is refused, and told why`, async () => {
      await using fixture = await TunnelFixture.open();
      for (const cluster of ["hz-a", "hz-b"]) fixture.upstreams.set(cluster, "127.0.0.1:1");
      await using agent = PacketPeer.agent(fixture, "hz-a", { metadata });
      match(String(await agent.over()), why);
      deepEqual(fixture.server.links(), []);
    });
  }

  it("11.26 11.50 a token counts whole, without what surrounds it", async () => {
    await using fixture = await TunnelFixture.open({
      authenticate: ({ token }) =>
        token === "good" ? { name: "agent", mayServe: (name) => name === "hz-a" } : undefined,
    });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const outcome = async (authorization: string | undefined): Promise<string> => {
      const metadata = authorization === undefined ? {} : { authorization };
      await using agent = PacketPeer.agent(fixture, "hz-a", { metadata });
      const { [headerNames.serverId]: serverId } = await agent.headers;
      return serverId === undefined ? String(await agent.over()) : "in";
    };
    equal(await outcome("Bearer good"), "in");
    equal(await outcome("bearer  good"), "in");
    for (const wrong of [
      undefined,
      "",
      "good",
      "Basic good",
      "Bearer",
      "Bearer bad",
      "Bearer good x",
    ]) {
      match(await outcome(wrong), /the agent has no valid credential/, String(wrong));
    }
    await until(() => fixture.server.links().length === 0);
    let token = "good\n";
    const agent = fixture.startAgent("hz-a", { token: () => token });
    await until(() => agent.servers.length === 1);
    token = "bad";
    fixture.server.drop("hz-a", "rotated");
    await until(() => agent.servers.length === 0);
    token = "good";
    await until(() => agent.servers.length === 1);
  });

  it("11.57 renewed certificates leave connections alone; a revoked one ends them, and is told", async () => {
    let isRevoked = false;
    const lost: string[] = [];
    await using fixture = await TunnelFixture.open({
      authenticate: (credentials) => (isRevoked ? undefined : authenticateCertificate(credentials)),
    });
    await fixture.echo("hz-a");
    await fixture.agent("hz-a", { events: { onLost: (_, why) => void lost.push(why) } });
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.on("error", () => undefined);
    fixture.server.renewTls(fixture.serverTls());
    stream.write("still here");
    const [chunk] = (await once(stream, "data")) as [Buffer];
    equal(chunk.toString(), "still here");
    isRevoked = true;
    fixture.server.drop("hz-a", "its certificate was revoked");
    await until(() => stream.destroyed);
    await until(() => lost.length > 1);
    match(lost[1] ?? "", /no valid credential/);
    deepEqual(fixture.server.links(), []);
  });
});
