import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { MetricRegistry, renderMetrics } from "@cellplane/metrics";
import { BlackHole } from "./black-hole.suite.ts";
import { connectThrough, PacketPeer, startConnect } from "./packet-peer.suite.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** Makes an HTTP server the API server of hz-a, with an agent of ours and a frontend. */
async function openHttp(answer: (path: string) => Buffer | undefined): Promise<{
  readonly fixture: TunnelFixture;
  readonly frontend: { readonly port: number; readonly authority: TunnelFixture["authority"] };
}> {
  const fixture = await TunnelFixture.open();
  const http = createServer((request, response) => {
    const body = answer(request.url ?? "");
    response.setHeader("connection", "close");
    if (body) response.end(body);
    else response.write("begun ");
  });
  await fixture.target("hz-a", (socket) => http.emit("connection", socket));
  await fixture.agent("hz-a");
  const frontend = { port: await fixture.frontend(), authority: fixture.authority };
  return { fixture, frontend };
}

const get = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

/** One GET in gRPC mode: all that came until the target ended. */
async function getByPackets(
  frontend: Parameters<typeof PacketPeer.client>[0],
  path: string,
): Promise<Buffer> {
  await using client = PacketPeer.client(frontend);
  client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 3n });
  const { error, connectId } = await client.next("dialResponse");
  equal(error, "");
  client.send("data", { connectId, error: "", data: get(path) });
  await until(() => client.has("closeResponse"));
  return client.received(connectId);
}

async function getByConnect(
  frontend: Parameters<typeof connectThrough>[0],
  path: string,
): Promise<Buffer> {
  const { status, socket } = await connectThrough(frontend, "hz-a:443");
  equal(status, 200);
  socket.write(get(path));
  return readAll(socket);
}

/** Whether nothing is open any more between the server and the agent. */
const isIdle = ({ server }: TunnelFixture): boolean => {
  const counts = server.links()[0]?.counts;
  return counts?.connections === 0 && counts.pendingDials === 0;
};

describe("requests through the tunnel", () => {
  it("11.1 11.2 a GET passes in gRPC mode and by CONNECT over TLS", async () => {
    const { fixture, frontend } = await openHttp(() => Buffer.from("hello"));
    await using _ = fixture;
    match((await getByPackets(frontend, "/")).toString(), /200 OK[^]*hello$/);
    match((await getByConnect(frontend, "/")).toString(), /200 OK[^]*hello$/);
    await until(() => isIdle(fixture));
  });

  it("11.2 a GET passes by CONNECT over a Unix socket, without certificates", async () => {
    const { fixture } = await openHttp(() => Buffer.from("hello"));
    await using _ = fixture;
    const folder = mkdtempSync(join(tmpdir(), "cellplane-uds-"));
    fixture.defer(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "tunnel.sock");
    await fixture.frontendAt(path);
    const socket = connect(path);
    socket.write("CONNECT hz-a:443 HTTP/1.1\r\nHost: hz-a:443\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    match(answer.toString(), /^HTTP\/1\.1 200 /);
    socket.write(get("/"));
    match((await readAll(socket)).toString(), /hello$/);
  });

  it("11.11 11.12 large responses come whole, ten at once, in both modes", async () => {
    const body = randomBytes(512 * 1024);
    const { fixture, frontend } = await openHttp(() => body);
    await using _ = fixture;
    const all = await Promise.all(
      Array.from({ length: 10 }, (__, i) =>
        i % 2 === 0 ? getByPackets(frontend, "/") : getByConnect(frontend, "/"),
      ),
    );
    for (const answer of all) ok(answer.subarray(-body.length).equals(body));
    await until(() => isIdle(fixture));
  });

  it("11.13 many clients at once get their own bytes back from an echo server", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const stream = await fixture.server.dial({ cluster: "hz-a" });
        const sent = randomBytes(20_000);
        stream.end(sent);
        ok(sent.equals(await readAll(stream)));
      }),
    );
    await until(() => isIdle(fixture));
  });

  it("11.6 11.8 11.10 fifty requests that are broken off in their response leave nothing", async () => {
    const { fixture, frontend } = await openHttp(() => undefined);
    await using _ = fixture;
    const packets: PacketPeer[] = [];
    const sockets: Duplex[] = [];
    for (let i = 0; i < 25; i++) {
      const client = PacketPeer.client(frontend);
      packets.push(client);
      client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: BigInt(i) });
      const { connectId } = await client.next("dialResponse");
      client.send("data", { connectId, error: "", data: get("/slow") });
      const { socket } = await connectThrough(frontend, "hz-a:443");
      socket.write(get("/slow"));
      sockets.push(socket);
    }
    await until(() => packets.every((client) => client.has("data")));
    await Promise.all(sockets.map((socket) => once(socket.resume(), "data")));
    equal(fixture.server.links()[0]?.counts.connections, 50);
    for (const socket of sockets) socket.destroy();
    await Promise.all(packets.map((client) => client[Symbol.asyncDispose]()));
    await until(() => isIdle(fixture));
  });
});

describe("dials that fail", () => {
  it("11.3 a closed port: connection refused in both modes, 502 by CONNECT, and counted", async () => {
    const metrics = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const agentMetrics = new MetricRegistry();
    await fixture.agent("hz-a", { metrics: agentMetrics });
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 1n });
    match((await client.next("dialResponse")).error, /^Failed: .*connection refused$/);
    const { status, body } = await connectThrough(frontend, "hz-a:443");
    equal(status, 502);
    match(body, /^Failed: .*connection refused\n$/);
    match(
      renderMetrics(metrics.collect()),
      /dial_failure_count\{cluster="hz-a",reason="Failed"\} 2/,
    );
    match(
      renderMetrics(agentMetrics.collect()),
      /endpoint_dial_failure_total\{reason="unknown"\} 2/,
    );
  });

  it("11.4 a name that is none: no such host, 502", async () => {
    await using fixture = await TunnelFixture.open();
    fixture.upstreams.set("hz-a", "no-such-host.invalid:443");
    await fixture.agent("hz-a");
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    const { status, body } = await connectThrough(frontend, "hz-a:443");
    deepEqual([status, /no such host/.test(body)], [502, true]);
  });

  it("11.5 a client that has given up already: the agent hears nothing", async () => {
    await using fixture = await TunnelFixture.open();
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await using agent = PacketPeer.agent(fixture, "hz-a");
    await agent.headers;
    await until(() => fixture.server.links().length === 1);
    const over = fixture.server.dial({ cluster: "hz-a", signal: AbortSignal.abort() });
    await rejects(over, { reason: "Cancelled" });
    const next = fixture.server.dial({ cluster: "hz-a" });
    const { random } = await agent.next("dialRequest");
    agent.send("dialResponse", { error: "no", connectId: 0n, random });
    await rejects(next, { reason: "Failed" });
    ok(!agent.has("dialRequest") && !agent.has("closeDial"));
  });

  it("11.7 a dial that is given up while the agent says nothing ends at once in both modes", async () => {
    await using fixture = await TunnelFixture.open();
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await using agent = PacketPeer.agent(fixture, "hz-a");
    await agent.headers;
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 8n });
    const first = await agent.next("dialRequest");
    client.send("closeDial", { random: 8n });
    match((await client.next("dialResponse")).error, /^Cancelled/);
    deepEqual(await agent.next("closeDial"), { random: first.random });
    for (const leave of ["end", "destroy"] as const) {
      const socket = await startConnect(frontend, "hz-a:443");
      const { random } = await agent.next("dialRequest");
      socket[leave]();
      deepEqual(await agent.next("closeDial"), { random });
    }
    await until(() => isIdle(fixture));
  });

  it("11.9 an address that answers nothing: the agent's own limit ends the dial, and says so", async () => {
    const metrics = new MetricRegistry();
    await using hole = await BlackHole.open();
    await using fixture = await TunnelFixture.open({ metrics });
    const target = `127.0.0.1:${hole.port}`;
    fixture.upstreams.set("hz-a", target);
    const agentMetrics = new MetricRegistry();
    const targets = { target, dialTimeoutMs: 100 };
    await fixture.agent("hz-a", { targets, metrics: agentMetrics });
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    const { status, body } = await connectThrough(frontend, "hz-a:443");
    equal(status, 504);
    match(body, /^TargetTimedOut: .*dial tcp 127\.0\.0\.1:\d+: i\/o timeout\n$/);
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 1n });
    match((await client.next("dialResponse")).error, /^TargetTimedOut: .*i\/o timeout$/);
    match(
      renderMetrics(metrics.collect()),
      /dial_failure_count\{cluster="hz-a",reason="TargetTimedOut"\} 2/,
    );
    match(
      renderMetrics(agentMetrics.collect()),
      /endpoint_dial_failure_total\{reason="timeout"\} 2/,
    );
    equal(fixture.server.links().length, 1, "the agent is not to blame");
  });

  it("an agent without descriptors: 503, as at a stock server", async () => {
    await using fixture = await TunnelFixture.open();
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await using agent = PacketPeer.agent(fixture, "hz-a");
    await agent.headers;
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    const asked = connectThrough(frontend, "hz-a:443");
    const { random } = await agent.next("dialRequest");
    const error = "dial tcp 127.0.0.1:1: socket: too many open files";
    agent.send("dialResponse", { error, connectId: 0n, random });
    const { status, body } = await asked;
    deepEqual([status, body.startsWith("Exhausted: ")], [503, true]);
  });

  it("11.9 an agent that answers nothing: TimedOut, 504 by CONNECT", async () => {
    await using fixture = await TunnelFixture.open({ dialTimeoutMs: 200 });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await using agent = PacketPeer.agent(fixture, "hz-a");
    await agent.headers;
    await until(() => fixture.server.links().length === 1);
    const frontend = { port: await fixture.frontend(), authority: fixture.authority };
    const { status, body } = await connectThrough(frontend, "hz-a:443");
    deepEqual([status, body.startsWith("TimedOut: ")], [504, true]);
  });
});

describe("names of clusters", () => {
  it("11.44 a cluster is found by header or by address, and never guessed", async () => {
    await using fixture = await TunnelFixture.open();
    await fixture.target("hz-a", (socket) => socket.end("from a"));
    fixture.upstreams.set("hz-b", "127.0.0.1:1");
    await fixture.agent("hz-a");
    const port = await fixture.frontend("tunnel.local");
    const frontend = { port, authority: fixture.authority };
    const statusOf = async (address: string, cluster?: string): Promise<string> => {
      const header = cluster === undefined ? "" : `Fed-Cluster: ${cluster}\r\n`;
      const { status, body, socket } = await connectThrough(frontend, address, header);
      socket.destroy();
      return status === 200 ? "200" : `${status} ${body.split(":", 1)[0] ?? ""}`;
    };
    const found = {
      name: await statusOf("hz-a:443"),
      anyPort: await statusOf("hz-a:1"),
      suffix: await statusOf("hz-a.tunnel.local:443"),
      header: await statusOf("hz-a:443", "hz-a"),
      otherAddress: await statusOf("10.0.0.5:10250", "hz-a"),
      ipv6: await statusOf("[::1]:443", "hz-a"),
      upperCase: await statusOf("HZ-A:443"),
      upperCaseHeader: await statusOf("hz-a:443", "HZ-A"),
      trailingDot: await statusOf("hz-a.:443"),
      addressAlone: await statusOf("10.0.0.5:443"),
      ipv6Alone: await statusOf("[::1]:443"),
      unknown: await statusOf("hz-x:443"),
      noAgent: await statusOf("hz-b:443"),
      noPort: await statusOf("hz-a"),
    };
    deepEqual(found, {
      name: "200",
      anyPort: "200",
      suffix: "200",
      header: "200",
      otherAddress: "403 AddressDenied",
      ipv6: "403 AddressDenied",
      upperCase: "400 NoCluster",
      upperCaseHeader: "400 NoCluster",
      trailingDot: "400 NoCluster",
      addressAlone: "400 NoCluster",
      ipv6Alone: "400 NoCluster",
      unknown: "404 UnknownCluster",
      noAgent: "503 NoAgent",
      noPort: "400 NoCluster",
    });
  });
});
