import { equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import type { Duplex } from "node:stream";
import { stop, StockPeers } from "./stock-peers.suite.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

async function openBoth(): Promise<TunnelFixture & { readonly stock: StockPeers }> {
  const fixture = await TunnelFixture.open();
  const stock = new StockPeers(fixture.authority);
  fixture.defer(() => stock[Symbol.asyncDispose]());
  return Object.assign(fixture, { stock });
}

describe("a stock agent at our server", () => {
  it("serves the cluster that it names as host, and the dial goes to the cluster's upstream", async () => {
    await using fixture = await openBoth();
    await fixture.target("hz-a", (socket) => {
      let length = 0;
      socket.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length === 3_000_000) socket.end(randomBytes(2_000_000));
      });
    });
    await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.write(randomBytes(3_000_000));
    equal((await readAll(stream)).length, 2_000_000);
    await until(() => fixture.server.links()[0]?.counts.connections === 0);
  });

  it("says that the target refuses, and comes back after its session was broken off", async () => {
    await using fixture = await openBoth();
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    await rejects(fixture.server.dial({ cluster: "hz-a" }), /connection refused/);
    fixture.server.drop("hz-a", "test");
    await until(() => fixture.server.links().length === 0);
    await until(() => fixture.server.links().length === 1);
  });

  it("does not stop for a reader that stands still, which is cut", async () => {
    const cut: string[] = [];
    await using fixture = await TunnelFixture.open({
      events: { onCut: (_, why) => void cut.push(why) },
      backlog: { softBytes: 1024 * 1024, graceMs: 1500 },
    });
    await using stock = new StockPeers(fixture.authority);
    await fixture.target("hz-a", (socket) => {
      socket.once("data", (first: Buffer) => {
        if (first.toString() === "flood") socket.write(randomBytes(24 * 1024 * 1024));
        else socket.end("pong");
      });
    });
    await stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    const stalled = await fixture.server.dial({ cluster: "hz-a" });
    stalled.on("error", () => undefined);
    stalled.write("flood");
    for (let i = 0; i < 30; i++) {
      const stream = await fixture.server.dial({ cluster: "hz-a" });
      stream.write("ping");
      equal((await readAll(stream)).toString(), "pong");
    }
    await until(() => cut.length > 0);
    match(cut[0] ?? "", /took nothing/);
    ok(stalled.destroyed);
  });

  it("is broken off when it takes nothing any more, and is back soon", async () => {
    await using fixture = await openBoth();
    await fixture.target("hz-a", (socket) => {
      socket.once("data", (first: Buffer) => {
        if (first.toString().startsWith("deaf")) socket.pause();
        else socket.end("pong");
      });
    });
    await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    const deaf = await fixture.server.dial({ cluster: "hz-a" });
    deaf.on("error", () => undefined);
    deaf.write("deaf");
    deaf.write(Buffer.alloc(64 * 1024 * 1024));
    await until(() => deaf.destroyed, 30_000);
    // The agent may give up its first connection, as one that it has already: it notices late.
    const back = await dialUntilUp(fixture);
    back.write("ping");
    equal((await readAll(back)).toString(), "pong");
  });
});

async function dialUntilUp({ server }: TunnelFixture): Promise<Duplex> {
  for (const deadline = performance.now() + 30_000; ;) {
    try {
      return await server.dial({ cluster: "hz-a" });
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describe("stock clients at our frontend", () => {
  for (const mode of ["grpc", "http-connect"] as const) {
    it(`get through in mode ${mode}, by the name of the cluster`, async () => {
      await using fixture = await openBoth();
      await serveHttp(fixture, "hz-a");
      await fixture.agent("hz-a");
      const port = await fixture.frontend();
      const args = [
        "--request-host=hz-a",
        "--request-port=443",
        "--request-path=success",
        "--test-requests=3",
      ];
      const { code, output } = await fixture.stock.client([
        `--mode=${mode}`,
        `--proxy-port=${port}`,
        ...args,
      ]);
      equal(code, 0, output);
      match(output, /HELLO from hz-a/);
      const lost = await fixture.stock.client([
        `--mode=${mode}`,
        `--proxy-port=${port}`,
        ...args.slice(1, -1),
        "--request-host=hz-b",
      ]);
      ok(lost.code !== 0);
      match(lost.output, /UnknownCluster|404/);
    });
  }

  it("get through a stock agent, too", async () => {
    await using fixture = await openBoth();
    await serveHttp(fixture, "hz-a");
    await fixture.stock.agent(["hz-a"], fixture.port);
    await until(() => fixture.server.links().length === 1);
    const port = await fixture.frontend();
    const { code, output } = await fixture.stock.client([
      "--mode=grpc",
      `--proxy-port=${port}`,
      "--request-host=hz-a",
      "--request-port=443",
      "--request-path=success",
    ]);
    equal(code, 0, output);
    match(output, /HELLO from hz-a/);
  });
});

describe("our agent at a stock server", () => {
  it("serves its cluster, and is back after the server was killed", async () => {
    await using fixture = await openBoth();
    const target = await serveHttp(fixture, "localhost");
    const server = await fixture.stock.server("http-connect");
    // A stock server routes by the host that is dialled and passes it on.
    const agent = fixture.startAgent("localhost", {
      servers: [`127.0.0.1:${server.agent}`],
      targets: { target: `localhost:${target}` },
    });
    await until(() => agent.servers.length === 1);
    const args = ["--request-host=localhost", `--request-port=${target}`, "--request-path=success"];
    const { code, output } = await fixture.stock.client([
      "--mode=http-connect",
      `--proxy-port=${server.client}`,
      ...args,
    ]);
    equal(code, 0, output);
    match(output, /HELLO from localhost/);
    await stop(server.process);
    await until(() => agent.servers.length === 0);
  });
});

/** Makes an HTTP server the API server of a cluster. */
async function serveHttp(fixture: TunnelFixture, cluster: string): Promise<number> {
  const http = createServer((_, response) => response.end(`HELLO from ${cluster}`));
  return fixture.target(cluster, (socket: Duplex) => http.emit("connection", socket));
}
