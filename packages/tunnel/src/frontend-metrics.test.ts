import { equal, match, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricRegistry, renderMetrics } from "@cellplane/metrics";
import { connectThrough, PacketPeer } from "./packet-peer.suite.ts";
import { packetOf } from "./protocol/packet.ts";
import { TunnelFixture, until } from "./tunnel-fixture.suite.ts";

/** The value of a series of the server, by its name and labels as they are exposed. */
function valueOf(registry: MetricRegistry, series: string): number | undefined {
  const start = `konnectivity_network_proxy_server_${series} `;
  const line = renderMetrics(registry.collect())
    .split("\n")
    .find((each) => each.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

describe("metrics of clients", () => {
  it("count packets each way by cluster, streams, and how long clients let bytes wait", async () => {
    const registry = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics: registry });
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    const target = { port: await fixture.frontend(), authority: fixture.authority };
    await using client = PacketPeer.client(target);
    const dial = { protocol: "tcp", address: "hz-a:443", random: 7n };
    client.sendPacket(packetOf("dialRequest", dial));
    await until(() => client.has("dialResponse"));
    equal(valueOf(registry, 'grpc_connections{service_method="Proxy"}'), 1);
    const data = Buffer.from("ping");
    client.sendPacket(packetOf("data", { connectId: 1n, error: "", data }));
    await until(() => client.received(1n).toString() === "ping");
    const packets = (segment: string, type: string): number | undefined => {
      const labels = `cluster="hz-a",segment="${segment}",packet_type="${type}"`;
      return valueOf(registry, `stream_packets_total{${labels}}`);
    };
    equal(packets("from_client", "DIAL_REQ"), 1);
    equal(packets("to_client", "DIAL_RSP"), 1);
    equal(packets("from_client", "DATA"), 1);
    equal(packets("to_client", "DATA"), 1);
    ok((valueOf(registry, 'frontend_write_duration_seconds_count{cluster="hz-a"}') ?? 0) >= 1);
    client.end();
    await until(() => valueOf(registry, 'grpc_connections{service_method="Proxy"}') === 0);
  });

  it("count packets of clients that reach no cluster under none", async () => {
    const registry = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics: registry });
    const target = { port: await fixture.frontend(), authority: fixture.authority };
    await using client = PacketPeer.client(target);
    const dial = { protocol: "tcp", address: "nowhere:443", random: 7n };
    client.sendPacket(packetOf("dialRequest", dial));
    await until(() => client.has("dialResponse"));
    client.end();
    const labels = 'cluster="",segment="from_client",packet_type="DIAL_REQ"';
    await until(() => valueOf(registry, `stream_packets_total{${labels}}`) === 1);
  });

  it("count connections by CONNECT while they stand", async () => {
    const registry = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics: registry });
    await fixture.echo("hz-a");
    await fixture.agent("hz-a");
    const target = { port: await fixture.frontend(), authority: fixture.authority };
    const { socket } = await connectThrough(target, "hz-a:443");
    const connections = (): number | undefined =>
      valueOf(registry, 'http_connections{cluster="hz-a"}');
    equal(connections(), 1);
    socket.resume().write("ping");
    const writes = 'frontend_write_duration_seconds_count{cluster="hz-a"}';
    await until(() => (valueOf(registry, writes) ?? 0) >= 1);
    socket.destroy();
    await until(() => connections() === 0);
    match(
      renderMetrics(registry.collect()),
      /# TYPE \S+_frontend_write_duration_seconds histogram/,
    );
  });
});
