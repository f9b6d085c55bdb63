import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PacketPeer, startConnect } from "./packet-peer.suite.ts";
import type { PacketCases } from "./protocol/packet.ts";
import { StockPeers, stop } from "./stock-peers.suite.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";
import { type Side, TwoSides } from "./two-sides.suite.ts";

// How long nothing has to come before it counts as nothing.
const quietMs = 1500;

const data = (connectId: bigint, text: string) => ({
  connectId,
  error: "",
  data: Buffer.from(text),
});

/** Whether a peer gets a packet of a kind within a while. */
async function gets(peer: PacketPeer, kind: keyof PacketCases): Promise<boolean> {
  await until(() => peer.has(kind) || peer.isOver, quietMs).catch(() => undefined);
  return peer.has(kind);
}

/** The first data that a client gets, as text. */
async function firstData(client: PacketPeer): Promise<string> {
  return Buffer.from((await client.next("data")).data).toString();
}

/** Has an agent answer its next dial. */
async function answer(agent: PacketPeer, connectId: bigint): Promise<bigint> {
  const { random } = await agent.next("dialRequest");
  agent.send("dialResponse", { error: "", connectId, random });
  return random;
}

describe("what a stock server gets wrong, and ours does not", () => {
  it("11.41 an agent of another cluster claims a cluster's name", async () => {
    await using two = await TwoSides.open("grpc");
    const outcome = async (side: Side): Promise<string> => {
      const thief = PacketPeer.agent(side.agents, "hz-a", { as: "hz-b" });
      two.fixture.defer(() => thief[Symbol.asyncDispose]());
      const isIn = await thief.headers.then(
        ({ serverid }) => serverid !== undefined,
        () => false,
      );
      if (!isIn) return String(await thief.over());
      const client = two.dial(side, "hz-a", 5n);
      await answer(thief, 1n);
      await client.next("dialResponse");
      client.send("data", data(1n, "password of a"));
      return `the thief got "${await firstData(thief)}"`;
    };
    const { stock, ours } = await two.both(outcome);
    equal(stock, 'the thief got "password of a"');
    match(ours, /hz-b may not serve cluster "hz-a"/);
  });

  it("11.42 an agent of one cluster answers a dial to another", async () => {
    await using two = await TwoSides.open("grpc");
    const outcome = async (side: Side): Promise<string> => {
      const a = await two.agent(side, "hz-a");
      const b = await two.agent(side, "hz-b");
      const client = two.dial(side, "hz-a", 6n);
      const { random } = await a.next("dialRequest");
      b.send("dialResponse", { error: "", connectId: 77n, random });
      b.send("data", data(77n, "forged"));
      // Its last packet is unknown to every server: the answer shows that all were read.
      b.send("data", data(78n, "unknown"));
      await b.next("closeRequest");
      a.send("dialResponse", { error: "", connectId: 1n, random });
      a.send("data", data(1n, "true"));
      return firstData(client);
    };
    deepEqual(await two.both(outcome), { stock: "forged", ours: "true" });
  });

  it("11.42 11.40 an agent sends data and ends under the numbers of another with its id", async () => {
    await using two = await TwoSides.open("grpc");
    const outcome = async (side: Side): Promise<string> => {
      const a = await two.agent(side, "hz-a", { agentId: "same" });
      const client = two.dial(side, "hz-a", 7n);
      await answer(a, 1n);
      await client.next("dialResponse");
      const b = PacketPeer.agent(side.agents, "hz-b", { metadata: { agentid: "same" } });
      two.fixture.defer(() => b[Symbol.asyncDispose]());
      const isIn = await b.headers.then(
        ({ serverid }) => serverid !== undefined,
        () => false,
      );
      if (isIn) b.send("data", data(1n, "forged"));
      else await b.over();
      if (!isIn) a.send("data", data(1n, "true"));
      return firstData(client);
    };
    deepEqual(await two.both(outcome), { stock: "forged", ours: "true" });
  });

  it("11.46 two agents of one cluster: the second has nothing to do", async () => {
    await using two = await TwoSides.open("grpc");
    const outcome = async (side: Side): Promise<readonly number[]> => {
      const agents = [
        await two.agent(side, "hz-a", { agentId: "one" }),
        await two.agent(side, "hz-a", { agentId: "two" }),
      ];
      if (side.name === "ours") await until(() => two.fixture.server.links().length === 2);
      const counts = [0, 0];
      for (let i = 0n; i < 4n; i++) {
        const client = two.dial(side, "hz-a", 100n + i);
        await until(() => agents.some((agent) => agent.has("dialRequest")));
        const chosen = agents.findIndex((agent) => agent.has("dialRequest"));
        const agent = agents[chosen];
        ok(agent);
        await answer(agent, i + 1n);
        await client.next("dialResponse");
        counts[chosen] = (counts[chosen] ?? 0) + 1;
      }
      return counts.toSorted((a, b) => a - b);
    };
    deepEqual(await two.both(outcome), { stock: [0, 4], ours: [2, 2] });
  });

  it("an agent is lost while it dials: nobody tells the client", async () => {
    await using two = await TwoSides.open("grpc");
    const outcome = async (side: Side): Promise<string> => {
      const agent = await two.agent(side, "hz-a");
      const client = two.dial(side, "hz-a", 9n);
      await agent.next("dialRequest");
      await agent[Symbol.asyncDispose]();
      if (!(await gets(client, "dialResponse"))) return "no answer";
      return (await client.next("dialResponse")).error.split(":", 1)[0] ?? "";
    };
    // With no other agent to take the dial, that is the answer.
    deepEqual(await two.both(outcome), { stock: "no answer", ours: "NoAgent" });
  });

  it("11.7 a client of CONNECT leaves while its dial is pending: it is kept, and the agent not told", async () => {
    await using two = await TwoSides.open("http-connect");
    const outcome = async (side: Side): Promise<boolean> => {
      const agent = await two.agent(side, "hz-a");
      const socket = await startConnect(side.clients, "hz-a:443");
      await agent.next("dialRequest");
      socket.destroy();
      return gets(agent, "closeDial");
    };
    deepEqual(await two.both(outcome), { stock: false, ours: true });
    equal(await two.stockMetric("pending_backend_dials"), 1);
    equal(two.fixture.server.links()[0]?.counts.pendingDials, 0);
  });

  it("11.55 connections whose clients have gone are counted for ever", async () => {
    await using two = await TwoSides.open("grpc");
    await two.both(async (side) => {
      const agent = await two.agent(side, "hz-a");
      const clients = [];
      for (let i = 1n; i <= 5n; i++) {
        const client = two.dial(side, "hz-a", i);
        await answer(agent, i);
        await client.next("dialResponse");
        clients.push(client);
      }
      for (const client of clients) {
        await client[Symbol.asyncDispose]();
        const { connectId } = await agent.next("closeRequest");
        agent.send("closeResponse", { connectId, error: "" });
      }
    });
    await until(() => two.fixture.server.links()[0]?.counts.connections === 0);
    equal(await two.stockMetric("established_connections"), 5);
  });
});

describe("what a stock agent gets wrong, and ours does not", () => {
  it("opens whatever address a server names, Unix sockets of its host too", async () => {
    await using fixture = await TunnelFixture.open();
    await using stock = new StockPeers(fixture.authority);
    const path = join(stock.folder, "secret.sock");
    const secret = createServer((socket) => socket.end("secret")).listen(path);
    fixture.defer(() => void secret.close());
    await once(secret, "listening");
    const server = await stock.server("grpc", ["--proxy-strategies=default"]);
    const steal = async (): Promise<string> => {
      for (;;) {
        await using client = PacketPeer.client({
          port: server.client,
          authority: fixture.authority,
        });
        client.send("dialRequest", { protocol: "unix", address: path, random: 3n });
        const { error } = await client.next("dialResponse");
        if (error === "") return await firstData(client);
        // It is not in yet.
        if (!/No agent available/.test(error)) return error;
      }
    };
    const agent = await stock.agent(["hz-a"], server.agent);
    equal(await steal(), "secret");
    await stop(agent);
    fixture.startAgent("hz-a", { servers: [`127.0.0.1:${server.agent}`] });
    match(await steal(), /is not allowed by the agent/);
  });

  it("11.50 never connects where its token's file ends in a line break", async () => {
    const authenticate = ({ token }: { readonly token: string | undefined }) =>
      token === "good" ? { name: "agent", mayServe: () => true } : undefined;
    await using fixture = await TunnelFixture.open({ authenticate });
    await using stock = new StockPeers(fixture.authority);
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const whole = stock.file("whole.token", "good");
    const broken = stock.file("broken.token", "good\n");
    const agent = await stock.agent(["hz-a"], fixture.port, [
      `--service-account-token-path=${broken}`,
    ]);
    let log = "";
    agent.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()));
    await until(() => /non-printable ASCII/.test(log));
    deepEqual(fixture.server.links(), []);
    agent.kill("SIGKILL");
    await stock.agent(["hz-a"], fixture.port, [`--service-account-token-path=${whole}`]);
    await until(() => fixture.server.links().length === 1);
    const own = fixture.startAgent("hz-a", { token: () => "good\n" });
    await until(() => own.servers.length === 1);
  });
});
