import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { Duplex } from "node:stream";
import { PacketPeer } from "./packet-peer.suite.ts";
import { connectionPath, headerNames } from "./protocol/methods.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** A fixture with a frontend and hand-made agents of some clusters. */
async function openWith(clusters: readonly string[]): Promise<{
  fixture: TunnelFixture;
  frontend: { port: number; authority: TunnelFixture["authority"] };
  agents: Record<string, PacketPeer>;
}> {
  const fixture = await TunnelFixture.open();
  const agents: Record<string, PacketPeer> = {};
  for (const cluster of clusters) {
    fixture.upstreams.set(cluster, "127.0.0.1:6443");
    const peer = PacketPeer.agent(fixture, cluster);
    fixture.defer(() => peer[Symbol.asyncDispose]());
    await peer.headers;
    agents[cluster] = peer;
  }
  await until(() => fixture.server.links().length === clusters.length);
  const frontend = { port: await fixture.frontend(), authority: fixture.authority };
  return { fixture, frontend, agents };
}

function agentOf(agents: Record<string, PacketPeer>, cluster: string): PacketPeer {
  const peer = agents[cluster];
  ok(peer);
  return peer;
}

/** Has a hand-made agent answer a dial of the server's. */
async function dialThrough(
  fixture: TunnelFixture,
  agent: PacketPeer,
  { cluster, connectId }: { readonly cluster: string; readonly connectId: bigint },
): Promise<Duplex> {
  const dialled = fixture.server.dial({ cluster });
  const { random } = await agent.next("dialRequest");
  agent.send("dialResponse", { error: "", connectId, random });
  const stream = await dialled;
  stream.on("error", () => undefined);
  return stream;
}

const data = (connectId: bigint, text: string) => ({
  connectId,
  error: "",
  data: Buffer.from(text),
});

describe("clients' packets at our frontend", () => {
  it("11.27 no agent: the answer to a dial says that none is available, in its first word why", async () => {
    const { fixture, frontend } = await openWith([]);
    await using _ = fixture;
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 7n });
    const { error, random, connectId } = await client.next("dialResponse");
    match(error, /^NoAgent: No agent available/);
    deepEqual([random, connectId], [7n, 0n]);
  });

  it("11.28 data before any dial: the connection is unknown, and is closed", async () => {
    const { fixture, frontend } = await openWith([]);
    await using _ = fixture;
    await using client = PacketPeer.client(frontend);
    client.send("data", data(5n, "early"));
    equal((await client.next("closeResponse")).connectId, 5n);
  });

  it("11.29 a second number on one stream ends both connections", async () => {
    const { fixture, frontend, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 1n });
    const { random } = await agent.next("dialRequest");
    agent.send("dialResponse", { error: "", connectId: 9n, random });
    const { connectId } = await client.next("dialResponse");
    client.send("data", data(connectId + 1n, "not mine"));
    equal((await client.next("closeResponse")).connectId, connectId + 1n);
    equal((await agent.next("closeRequest")).connectId, 9n);
    await until(() => fixture.server.links()[0]?.counts.connections === 0);
  });

  it("11.43 two clients with the same random number at once each get their own connection", async () => {
    const { fixture, frontend, agents } = await openWith(["hz-a", "hz-b"]);
    await using _ = fixture;
    const random = 5_577_006_791_947_779_410n;
    const clients = [PacketPeer.client(frontend), PacketPeer.client(frontend)] as const;
    for (const [i, client] of clients.entries()) {
      fixture.defer(() => client[Symbol.asyncDispose]());
      const address = i === 0 ? "hz-a:443" : "hz-b:443";
      client.send("dialRequest", { protocol: "tcp", address, random });
    }
    const [a, b] = [agentOf(agents, "hz-a"), agentOf(agents, "hz-b")];
    const asked = [await a.next("dialRequest"), await b.next("dialRequest")] as const;
    ok(asked[0].random !== asked[1].random, "the numbers towards agents are the server's own");
    for (const [i, agent] of [a, b].entries()) {
      agent.send("dialResponse", { error: "", connectId: 1n, random: asked[i]?.random ?? 0n });
      agent.send("data", data(1n, `from ${i}`));
    }
    for (const [i, client] of clients.entries()) {
      const answer = await client.next("dialResponse");
      deepEqual([answer.error, answer.random], ["", random]);
      equal(Buffer.from((await client.next("data")).data).toString(), `from ${i}`);
    }
  });
});

describe("many dials of one client's connection", () => {
  it("11.36 one that is cancelled, or ends while it dials, leaves the others alone", async () => {
    const { fixture, frontend, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    await using first = PacketPeer.client(frontend);
    const streams = [first, first.another(), first.another(), first.another()];
    const randoms: bigint[] = [];
    for (const [i, stream] of streams.entries()) {
      stream.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: BigInt(i + 1) });
      randoms.push((await agent.next("dialRequest")).random);
    }
    const [kept, cancelled, ended, last] = streams;
    cancelled?.send("closeDial", { random: 2n });
    equal((await agent.next("closeDial")).random, randoms[1]);
    ended?.end();
    equal((await agent.next("closeDial")).random, randoms[2]);
    for (const [i, stream] of [kept, last].entries()) {
      const connectId = BigInt(i + 1);
      const random = randoms[i * 3] ?? 0n;
      agent.send("dialResponse", { error: "", connectId, random });
      agent.send("data", data(connectId, `for ${i}`));
      ok(stream);
      equal((await stream.next("dialResponse")).error, "");
      equal(Buffer.from((await stream.next("data")).data).toString(), `for ${i}`);
    }
  });
});

describe("agents' packets at our server", () => {
  it("11.30 nothing is lost while the client does not read", async () => {
    const { fixture, frontend, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    await using client = PacketPeer.client(frontend);
    client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 1n });
    const { random } = await agent.next("dialRequest");
    agent.send("dialResponse", { error: "", connectId: 1n, random });
    const { connectId } = await client.next("dialResponse");
    client.flow.pause();
    const sent = randomBytes(3 * 1024 * 1024);
    for (let at = 0; at < sent.length; at += 4096) {
      agent.send("data", { connectId: 1n, error: "", data: sent.subarray(at, at + 4096) });
    }
    agent.send("closeResponse", { connectId: 1n, error: "" });
    await until(() => fixture.server.links()[0]?.counts.connections === 0);
    client.flow.resume();
    await until(() => client.has("closeResponse"));
    ok(sent.equals(client.received(connectId)));
  });

  it("11.31 a stream that ends takes only its own connections, not those of another with its agent id", async () => {
    const { fixture, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const first = agentOf(agents, "hz-a");
    const kept = await dialThrough(fixture, first, { cluster: "hz-a", connectId: 1n });
    const second = PacketPeer.agent(fixture, "hz-a");
    await second.headers;
    await until(() => fixture.server.links().length === 2);
    const lost = await dialThrough(fixture, second, { cluster: "hz-a", connectId: 1n });
    await second[Symbol.asyncDispose]();
    await until(() => lost.destroyed);
    first.send("data", data(1n, "still here"));
    const [chunk] = (await once(kept, "data")) as [Buffer];
    equal(chunk.toString(), "still here");
  });

  it("11.32 an answer to a dial that nobody waits for is closed at the agent", async () => {
    const { fixture, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    const cancel = new AbortController();
    const dialled = fixture.server.dial({ cluster: "hz-a", signal: cancel.signal });
    const { random } = await agent.next("dialRequest");
    cancel.abort();
    await rejects(dialled, { reason: "Cancelled" });
    equal((await agent.next("closeDial")).random, random);
    agent.send("dialResponse", { error: "", connectId: 4n, random });
    equal((await agent.next("closeRequest")).connectId, 4n);
  });

  it("11.35 an end that the agent never confirms is over after its limit, data for it is refused", async (t) => {
    const { fixture, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    const stream = await dialThrough(fixture, agent, { cluster: "hz-a", connectId: 2n });
    t.mock.timers.enable({ apis: ["setTimeout"] });
    stream.end();
    stream.resume();
    const closed = new Promise((resolve) => stream.once("close", resolve));
    // The end is asked for within this turn; the limit starts then.
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(10_000);
    t.mock.timers.reset();
    await closed;
    await agent.next("closeRequest");
    agent.send("data", data(2n, "too late"));
    equal((await agent.next("closeRequest")).connectId, 2n);
  });

  it("11.42 forged packets of another cluster's agent change nothing", async () => {
    const { fixture, agents } = await openWith(["hz-a", "hz-b"]);
    await using _ = fixture;
    const [a, b] = [agentOf(agents, "hz-a"), agentOf(agents, "hz-b")];
    const open = await dialThrough(fixture, a, { cluster: "hz-a", connectId: 1n });
    const pending = fixture.server.dial({ cluster: "hz-a" });
    const { random } = await a.next("dialRequest");
    b.send("data", data(1n, "forged"));
    b.send("closeResponse", { connectId: 1n, error: "forged" });
    b.send("closeRequest", { connectId: 1n });
    b.send("dialResponse", { error: "", connectId: 77n, random });
    b.send("dialResponse", { error: "forged", connectId: 0n, random });
    const stolen = b.channel.openStream({
      ":method": "POST",
      ":path": connectionPath,
      [headerNames.dial]: String(random),
    });
    stolen.on("error", () => undefined);
    await once(stolen, "close");
    // The answers to what was forged show that all of it was read.
    await until(() => b.has("closeRequest"));
    a.send("data", data(1n, "true"));
    const [chunk] = (await once(open, "data")) as [Buffer];
    equal(chunk.toString(), "true");
    a.send("dialResponse", { error: "", connectId: 2n, random });
    a.send("data", data(2n, "own"));
    a.send("closeResponse", { connectId: 2n, error: "" });
    equal((await readAll(await pending)).toString(), "own");
  });

  it("11.51 packets of later versions, without data and with numbers at the edge pass", async () => {
    const { fixture, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    agent.sendPacket({ type: 64, payload: undefined });
    agent.sendPacket({ type: 2_147_483_647, payload: undefined });
    agent.send("data", data(0n, "for nobody"));
    for (const connectId of [9_223_372_036_854_775_807n, -1n, -9_223_372_036_854_775_808n]) {
      const stream = await dialThrough(fixture, agent, { cluster: "hz-a", connectId });
      agent.send("data", data(connectId, ""));
      agent.send("data", data(connectId, "edge"));
      agent.send("closeResponse", { connectId, error: "" });
      equal((await readAll(stream)).toString(), "edge");
    }
  });

  it("11.51 a number that is in use already ends the agent's session and no other", async () => {
    const { fixture, agents } = await openWith(["hz-a", "hz-b"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    await dialThrough(fixture, agent, { cluster: "hz-a", connectId: 1n });
    const again = fixture.server.dial({ cluster: "hz-a" });
    const { random } = await agent.next("dialRequest");
    agent.send("dialResponse", { error: "", connectId: 1n, random });
    await rejects(again, { reason: "Failed" });
    ok(await agent.ended);
    await until(() => fixture.server.links().length === 1);
    equal(fixture.server.links()[0]?.cluster, "hz-b");
  });

  it("11.51 a packet over 4 MiB ends the agent's whole session, so that a stock agent notices", async () => {
    const { fixture, agents } = await openWith(["hz-a"]);
    await using _ = fixture;
    const agent = agentOf(agents, "hz-a");
    const big = Buffer.alloc(4 * 1024 * 1024 + 1);
    agent.send("data", { connectId: 1n, error: "", data: big });
    match(String(await agent.ended), /4194304|lost/);
    await until(() => fixture.server.links().length === 0);
  });
});
