import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { TunnelAgentProcess } from "../../testing/src/e2e/tunnel-agent-process.ts";
import { StockPeers } from "./stock-peers.suite.ts";
import type { TunnelServer } from "./server/tunnel-server.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";
import { TwoSides } from "./two-sides.suite.ts";

async function echoes(server: TunnelServer): Promise<void> {
  const stream = await server.dial({ cluster: "hz-a" });
  stream.write("hello");
  const [chunk] = (await once(stream, "data")) as [Buffer];
  equal(chunk.toString(), "hello");
  stream.destroy();
}

describe("stock agents at our server", () => {
  it("11.21 may offer further protocols by ALPN", async () => {
    await using fixture = await TunnelFixture.open();
    await using stock = new StockPeers(fixture.authority);
    await fixture.echo("hz-a");
    await stock.agent(["hz-a"], fixture.port, ["--alpn-proto=cellplane-gateway,other"]);
    await until(() => fixture.server.links().length === 1);
    await echoes(fixture.server);
  });

  it("11.48 keep as many connections as it wants, and replace one that is cut; the others go on", async () => {
    await using fixture = await TunnelFixture.open({ stripes: 3 });
    await using stock = new StockPeers(fixture.authority);
    await fixture.echo("hz-a");
    await stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 3);
    const streams = await Promise.all(
      Array.from({ length: 6 }, () => fixture.server.dial({ cluster: "hz-a" })),
    );
    for (const stream of streams) stream.on("error", () => undefined);
    deepEqual(
      fixture.server.links().map(({ counts }) => counts.connections),
      [2, 2, 2],
    );
    fixture.server.links()[0]?.destroy("test");
    await until(() => streams.filter(({ destroyed }) => destroyed).length === 2);
    for (const stream of streams.filter(({ destroyed }) => !destroyed)) {
      stream.write("on");
      equal(String(((await once(stream, "data")) as [Buffer])[0]), "on");
    }
    await until(() => fixture.server.links().length === 3);
    for (const stream of streams) stream.destroy();
  });

  it("11.48 connect to servers that are added behind their load balancer", async () => {
    let count = 1;
    await using fixture = await TunnelFixture.open({ serverCount: () => count });
    await using stock = new StockPeers(fixture.authority);
    await fixture.echo("hz-a");
    const others = ["server-b", "server-c"].map((id) => fixture.openServer(id));
    const ports = [fixture.port];
    const balancer = await fixture.balancer(ports);
    await stock.agent(["hz-a"], Number(balancer.address.split(":")[1]));
    await until(() => fixture.server.links().length === 1);
    count = 3;
    for (const server of others) {
      const bound = await server.listen({ host: "127.0.0.1", port: 0 });
      ok("port" in bound);
      ports.push(bound.port);
    }
    for (const server of others) {
      await until(() => server.links().length > 0, 30_000);
      await echoes(server);
    }
    await echoes(fixture.server);
  });
});

describe("an agent that is told to end", () => {
  it("11.47 stock: goes on without an end; ours lets a hundred connections end, and ends", async () => {
    await using fixture = await TunnelFixture.open();
    await using stock = new StockPeers(fixture.authority);
    const port = await fixture.echo("hz-a");
    const left = await stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    left.kill("SIGTERM");

    const folder = stock.credentials("hz-a");
    const own = ["--server", `127.0.0.1:${fixture.port}`, "--cluster", "hz-a"];
    const target = ["--credentials", folder, "--target", `https://127.0.0.1:${port}`];
    await using agent = new TunnelAgentProcess([...own, ...target]);
    await until(() => fixture.server.links().length === 2);
    const [, link] = fixture.server.links();
    ok(link);
    const { signal } = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => link.dial({ address: `127.0.0.1:${port}`, signal })),
    );
    const ended = agent.end("SIGTERM");
    await until(() => link.isDraining);
    for (const [i, stream] of streams.entries()) {
      stream.end(`still ${i}`);
      equal((await readAll(stream)).toString(), `still ${i}`);
    }
    equal(await ended, 0);
    deepEqual([left.exitCode, left.signalCode], [null, null]);
    equal(fixture.server.links().length, 1);
  });
});

describe("a frozen stock agent", () => {
  it("11.45 is ready for ever at a stock server, whose dials hang; ours lets it go within 30 s", async () => {
    await using two = await TwoSides.open("grpc");
    const { fixture, stock, stockServer, sides } = two;
    await fixture.echo("hz-a");
    const at = async (port: number): Promise<() => void> => {
      const child = await stock.agent(["hz-a"], port);
      return () => void child.kill("SIGSTOP");
    };
    const freeze = [await at(stockServer.agent), await at(fixture.port)];
    await until(() => fixture.server.links().length === 1);
    for (let isReady = false; !isReady;) isReady = await two.isStockReady();
    for (const each of freeze) each();
    const frozenAtMs = performance.now();
    // Nobody dials meanwhile: the server notices by itself.
    await until(() => fixture.server.links().length === 0, 40_000);
    const noticedMs = performance.now() - frozenAtMs;
    ok(noticedMs < 30_000, `${noticedMs} ms`);
    await until(() => performance.now() - frozenAtMs > 30_000);
    equal(await two.isStockReady(), true);
    const client = two.dial(sides.stock, "hz-a", 1n);
    await until(() => client.has("dialResponse"), 3000).then(
      () => ok(false, "the stock server answered"),
      () => undefined,
    );
    await fixture.agent("hz-a");
    await echoes(fixture.server);
  });
});
