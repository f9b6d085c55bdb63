import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import type { Duplex } from "node:stream";
import { ConnectProxy } from "./connect-proxy.suite.ts";
import { connectThrough, PacketPeer } from "./packet-peer.suite.ts";
import { StockPeers, stop } from "./stock-peers.suite.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

async function openBoth(
  options: Parameters<typeof TunnelFixture.open>[0] = {},
): Promise<TunnelFixture & { readonly stock: StockPeers }> {
  const fixture = await TunnelFixture.open(options);
  const stock = new StockPeers(fixture.authority);
  fixture.defer(() => stock[Symbol.asyncDispose]());
  return Object.assign(fixture, { stock });
}

/** Has a hand-made agent in at a stock server, which may not listen yet. */
async function openAgentAt(
  fixture: TunnelFixture,
  port: number,
  { host, agentId }: { readonly host: string; readonly agentId: string },
): Promise<PacketPeer> {
  for (const deadline = performance.now() + 20_000; ;) {
    const peer = PacketPeer.agent({ port, authority: fixture.authority }, host, {
      metadata: { agentid: agentId },
    });
    try {
      await peer.headers;
      fixture.defer(() => peer[Symbol.asyncDispose]());
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const settleMs = 1500;
// Longer than the stock server's own limit for a dial, where it is given one.
const patienceMs = 4000;

/** What a peer has of a kind after a while; `undefined`: nothing came. */
async function withinAWhile(peer: PacketPeer, kind: "dialResponse" | "data"): Promise<boolean> {
  const deadline = performance.now() + settleMs;
  while (!peer.has(kind) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return peer.has(kind);
}

const pongOrFlood = (socket: Duplex): void => {
  socket.once("data", (first: Buffer) => {
    const word = first.toString("latin1", 0, 5);
    if (word === "flood") socket.write(randomBytes(48 * 1024 * 1024));
    else if (word === "deaf!") socket.pause();
    else socket.end("pong");
  });
};

/** Has a connection stand still in one of two ways. */
function startStall(connection: Duplex, word: "flood" | "deaf!"): void {
  connection.write(word);
  if (word === "deaf!") connection.write(Buffer.alloc(48 * 1024 * 1024));
}

/** A stock server with a stock agent, and what comes of dials to the agent's target. */
async function openStock(
  fixture: Awaited<ReturnType<typeof openBoth>>,
  args: readonly string[] = [],
): Promise<{
  readonly dial: () => Promise<string>;
  readonly stall: (word: "flood" | "deaf!") => Promise<Duplex>;
  /** The outcome of the first dial that does not succeed. */
  readonly firstFailure: () => Promise<string>;
}> {
  const port = await fixture.target("127.0.0.1", pongOrFlood);
  const server = await fixture.stock.server("http-connect", args);
  await fixture.stock.agent(["127.0.0.1"], server.agent);
  const clients = { port: server.client, authority: fixture.authority };
  const address = `127.0.0.1:${port}`;
  const dial = async (): Promise<string> => {
    const answer = connectThrough(clients, address).then(
      ({ status, socket }) => {
        socket.destroy();
        return String(status);
      },
      () => "failed",
    );
    const { promise, resolve } = Promise.withResolvers<string>();
    const late = setTimeout(resolve, patienceMs, "no answer");
    const outcome = await Promise.race([answer, promise]);
    clearTimeout(late);
    return outcome;
  };
  const repeat = async (isOver: (outcome: string) => boolean): Promise<string> => {
    for (const deadline = performance.now() + 30_000; ;) {
      const outcome = await dial();
      if (isOver(outcome)) return outcome;
      if (performance.now() > deadline) throw new Error(`Dials end with ${outcome} for 30 s`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  await repeat((outcome) => outcome === "200");
  return {
    dial,
    stall: async (word) => {
      const { socket } = await connectThrough(clients, address);
      startStall(socket, word);
      return socket;
    },
    // Buffers have to fill first.
    firstFailure: () => repeat((outcome) => outcome !== "200"),
  };
}

describe("faults of the stock server and agent, which ours do not have", () => {
  it("11.40 stock: bytes of one cluster reach the client of another with the same agent id", async () => {
    await using fixture = await openBoth();
    const server = await fixture.stock.server("grpc");
    const a = await openAgentAt(fixture, server.agent, { host: "hz-a", agentId: "same" });
    const b = await openAgentAt(fixture, server.agent, { host: "hz-b", agentId: "same" });
    const target = { port: server.client, authority: fixture.authority };
    const clients = [PacketPeer.client(target), PacketPeer.client(target)] as const;
    for (const [i, agent] of [a, b].entries()) {
      const client = clients[i];
      ok(client);
      fixture.defer(() => client[Symbol.asyncDispose]());
      const address = i === 0 ? "hz-a:443" : "hz-b:443";
      client.send("dialRequest", { protocol: "tcp", address, random: BigInt(i + 1) });
      const { random } = await agent.next("dialRequest");
      agent.send("dialResponse", { error: "", connectId: 1n, random });
      await client.next("dialResponse");
    }
    a.send("data", { connectId: 1n, error: "", data: Buffer.from("secret of a") });
    await until(() => clients[1].has("data"));
    equal(clients[1].received(1n).toString(), "secret of a");
  });

  it("11.43 stock: of two dials with one random number, one is never answered", async () => {
    await using fixture = await openBoth();
    const server = await fixture.stock.server("grpc");
    const agent = await openAgentAt(fixture, server.agent, { host: "hz-a", agentId: "a" });
    const target = { port: server.client, authority: fixture.authority };
    await using first = PacketPeer.client(target);
    await using second = PacketPeer.client(target);
    const asked = [];
    for (const client of [first, second]) {
      client.send("dialRequest", { protocol: "tcp", address: "hz-a:443", random: 7n });
      asked.push((await agent.next("dialRequest")).random);
    }
    deepEqual(asked, [7n, 7n]);
    agent.send("dialResponse", { error: "", connectId: 1n, random: 7n });
    agent.send("dialResponse", { error: "", connectId: 2n, random: 7n });
    ok(await withinAWhile(second, "dialResponse"));
    equal(await withinAWhile(first, "dialResponse"), false);
  });

  for (const [number, word] of [
    ["11.38", "flood"],
    ["11.39", "deaf!"],
  ] as const) {
    const what = word === "flood" ? "a reader" : "a target";
    it(`${number} stock: ${what} that stands still stops everybody else; ours goes on`, async () => {
      await using fixture = await openBoth();
      const stock = await openStock(fixture);
      const stalled = await stock.stall(word);
      equal(await stock.firstFailure(), "no answer");
      stalled.destroy();

      await fixture.target("hz-a", pongOrFlood);
      await fixture.agent("hz-a");
      const own = await fixture.server.dial({ cluster: "hz-a" });
      own.on("error", () => undefined);
      startStall(own, word);
      for (let i = 0; i < 5; i++) {
        const stream = await fixture.server.dial({ cluster: "hz-a" });
        stream.write("ping");
        equal((await readAll(stream)).toString(), "pong");
      }
      own.destroy();
    });
  }

  for (const [args, outcome] of [
    [[], "no answer"],
    [["--backend-dial-timeout=2s"], "500"],
  ] as const) {
    const how = args.length === 0 ? "" : `, in spite of ${args.join("")}`;
    it(`11.39 stock: an agent whose target stood still is lost for good${how}; ours is there at once`, async () => {
      await using fixture = await openBoth();
      const stock = await openStock(fixture, args);
      const stalled = await stock.stall("deaf!");
      const failed = await stock.firstFailure();
      ok(failed === "no answer" || failed === "504", failed);
      stalled.destroy();
      // Long enough for it to take notice, and to connect anew if it did.
      const deadline = performance.now() + 5000;
      while (performance.now() < deadline) ok((await stock.dial()) !== "200");
      equal(await stock.dial(), outcome);

      await fixture.target("hz-a", pongOrFlood);
      await fixture.agent("hz-a");
      const own = await fixture.server.dial({ cluster: "hz-a" });
      startStall(own, "deaf!");
      own.on("error", () => undefined).destroy();
      const stream = await fixture.server.dial({ cluster: "hz-a" });
      stream.write("ping");
      equal((await readAll(stream)).toString(), "pong");
    });
  }
});

describe("stock agents at our server, at their limits", () => {
  it("11.45 a frozen one is noticed: its dial times out, the next goes to another agent", async () => {
    await using fixture = await openBoth({ dialTimeoutMs: 2000 });
    await fixture.echo("hz-a");
    const frozen = await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    frozen.kill("SIGSTOP");
    await rejects(fixture.server.dial({ cluster: "hz-a" }), { reason: "TimedOut" });
    await until(() => fixture.server.links().length === 0);
    await fixture.agent("hz-a");
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.write("on");
    equal(String(((await once(stream, "data")) as [Buffer])[0]), "on");
    stream.destroy();
  });

  it("11.47 one that is told to stop drains: the next dial goes to the other", async () => {
    await using fixture = await openBoth();
    await fixture.echo("hz-a");
    const leaving = await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    const kept = await fixture.server.dial({ cluster: "hz-a" });
    leaving.kill("SIGTERM");
    // It says so only after it has heard something.
    await until(() => {
      kept.write("x");
      return fixture.server.links()[0]?.isDraining === true;
    });
    await fixture.agent("hz-a");
    const next = await fixture.server.dial({ cluster: "hz-a" });
    deepEqual(
      fixture.server.links().map(({ counts }) => counts.connections),
      [1, 1],
    );
    ok(!kept.destroyed);
    for (const stream of [kept, next]) stream.destroy();
  });

  it("11.59 one reaches it through HTTPS_PROXY", async () => {
    await using fixture = await openBoth();
    await fixture.echo("hz-a");
    await using proxy = await ConnectProxy.open();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    await fixture.stock.agent(["hz-a"], fixture.port, ["--proxy-server-host=tunnel.test"], env);
    await until(() => fixture.server.links().length === 1);
    equal(proxy.asked[0]?.target, `tunnel.test:${fixture.port}`);
  });
});

describe("our agent at a stock server", () => {
  for (const mode of ["grpc", "http-connect"] as const) {
    for (const strategy of ["default", "destHost"] as const) {
      it(`11.60 serves in mode ${mode} with strategy ${strategy}`, async () => {
        await using fixture = await openBoth();
        const http = createServer((_, response) => response.end("HELLO"));
        const port = await fixture.target("localhost", (socket) => http.emit("connection", socket));
        const server = await fixture.stock.server(mode, [`--proxy-strategies=${strategy}`]);
        const agent = fixture.startAgent("localhost", {
          servers: [`127.0.0.1:${server.agent}`],
          targets: { target: `localhost:${port}` },
        });
        await until(() => agent.servers.length === 1);
        const { code, output } = await fixture.stock.client([
          `--mode=${mode}`,
          `--proxy-port=${server.client}`,
          "--request-host=localhost",
          `--request-port=${port}`,
          "--request-path=success",
          "--test-requests=3",
        ]);
        equal(code, 0, output);
        match(output, /HELLO/);
        await until(() => agent.connections === 0);
        await stop(server.process);
      });
    }
  }
});
