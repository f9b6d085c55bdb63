import { equal, match, ok } from "node:assert/strict";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { StockPeers, stockVersions } from "./stock-peers.suite.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const modes = ["grpc", "http-connect"] as const;

/** Makes an HTTP server the API server of a cluster. @returns Its port. */
function serveHttp(fixture: TunnelFixture, cluster: string): Promise<number> {
  const http = createServer((_, response) => response.end("HELLO"));
  return fixture.target(cluster, (socket) => http.emit("connection", socket));
}

async function get(
  client: StockPeers,
  where: {
    readonly mode: string;
    readonly proxy: number;
    readonly host: string;
    readonly port: number;
  },
): Promise<void> {
  const { code, output } = await client.client([
    `--mode=${where.mode}`,
    `--proxy-port=${where.proxy}`,
    `--request-host=${where.host}`,
    `--request-port=${where.port}`,
    "--request-path=success",
    // Old clients fail at a second one, at their own server too.
    "--test-requests=1",
  ]);
  equal(code, 0, output);
  match(output, /HELLO/);
}

for (const [version, programs] of Object.entries(stockVersions())) {
  describe(`11.49 the stock programs (${version})`, () => {
    for (const mode of modes) {
      it(`clients of every version get through our server and this agent, in mode ${mode}`, async () => {
        await using fixture = await TunnelFixture.open();
        await using stock = new StockPeers(fixture.authority, programs);
        await serveHttp(fixture, "hz-a");
        await stock.agent(["hz-a"], fixture.port);
        await until(() => fixture.server.links().length === 1);
        const proxy = await fixture.frontend();
        for (const other of Object.values(stockVersions())) {
          await using client = new StockPeers(fixture.authority, other);
          await get(client, { mode, proxy, host: "hz-a", port: 443 });
        }
        await until(() => fixture.server.links()[0]?.counts.connections === 0);
      });

      it(`the client gets through this server and our agent, in mode ${mode}`, async () => {
        await using fixture = await TunnelFixture.open();
        await using stock = new StockPeers(fixture.authority, programs);
        const port = await serveHttp(fixture, "localhost");
        // Old servers end when an agent comes, unless they have this strategy.
        const server = await stock.server(mode, ["--proxy-strategies=default"]);
        const agent = fixture.startAgent("localhost", {
          servers: [`127.0.0.1:${server.agent}`],
          targets: { target: `localhost:${port}` },
        });
        await until(() => agent.servers.length === 1);
        await get(stock, { mode, proxy: server.client, host: "localhost", port });
        await until(() => agent.connections === 0);
      });
    }

    it("the agent is back after its session was broken off", async () => {
      await using fixture = await TunnelFixture.open();
      await using stock = new StockPeers(fixture.authority, programs);
      await fixture.echo("hz-a");
      await stock.agent(["hz-a"], fixture.port);
      await until(() => fixture.server.links().length === 1);
      const [first] = fixture.server.links();
      first?.destroy("test");
      await until(() => fixture.server.links().some((link) => link !== first));
      ok(first?.isOpen === false);
    });
  });
}
