import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { GrpcError } from "@cellplane/grpc";
import { MetricRegistry, renderMetrics } from "@cellplane/metrics";
import type { ConnectionRecord } from "./link/connection-record.ts";
import { authenticateCertificate } from "./server/authenticate.ts";
import { readAll, TunnelFixture, until } from "./tunnel-fixture.suite.ts";

const prefix = "konnectivity_network_proxy_";

/** What a registry exposes. */
function exposed(registry: MetricRegistry): string {
  return renderMetrics(registry.collect());
}

describe("what both sides tell of one connection", () => {
  it("bears the same id, the same bytes and the reason of its end", async () => {
    const atServer: ConnectionRecord[] = [];
    const atAgent: ConnectionRecord[] = [];
    await using fixture = await TunnelFixture.open({
      onConnectionEnd: (record) => void atServer.push(record),
    });
    const port = await fixture.target("hz-a", (socket) => {
      socket.once("data", () => socket.end("answer"));
    });
    await fixture.agent("hz-a", {
      agentId: "one",
      onConnectionEnd: (record) => void atAgent.push(record),
    });
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.end("question");
    equal((await readAll(stream)).toString(), "answer");
    await until(() => atServer.length === 1 && atAgent.length === 1);
    const [server] = atServer;
    const [agent] = atAgent;
    ok(server && agent);
    match(server.id, /^\d+$/);
    // Nothing else is told: records go to the log as they are.
    deepEqual(Object.keys(agent).toSorted(), Object.keys(server).toSorted());
    for (const record of [server, agent]) {
      const { id, cluster, agentId, target, sentBytes, receivedBytes, durationMs } = record;
      deepEqual(
        { id, cluster, agentId, target, sentBytes, receivedBytes },
        {
          id: server.id,
          cluster: "hz-a",
          agentId: "one",
          target: `127.0.0.1:${port}`,
          sentBytes: 8,
          receivedBytes: 6,
        },
      );
      ok(Number.isInteger(durationMs));
      match(record.why, /^ended by the /);
    }
  });

  it("is told of connections that stand when the agent ends, before it has", async () => {
    const records: ConnectionRecord[] = [];
    await using fixture = await TunnelFixture.open();
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a", {
      onConnectionEnd: (record) => void records.push(record),
    });
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.on("error", () => undefined);
    stream.write("hello");
    await once(stream, "data");
    await agent[Symbol.asyncDispose]();
    deepEqual(
      records.map(({ sentBytes, receivedBytes }) => [sentBytes, receivedBytes]),
      [[5, 5]],
    );
  });

  it("bears the same id where the agent could not connect", async () => {
    const records: ConnectionRecord[] = [];
    const onConnectionEnd = (record: ConnectionRecord): void => void records.push(record);
    await using fixture = await TunnelFixture.open({ onConnectionEnd });
    fixture.upstreams.set("hz-a", "127.0.0.1:1");
    const metrics = new MetricRegistry();
    await fixture.agent("hz-a", { onConnectionEnd, metrics });
    await rejects(fixture.server.dial({ cluster: "hz-a" }));
    await until(() => records.length === 2);
    equal(records[0]?.id, records[1]?.id);
    for (const { why } of records) match(why, /connection refused/);
    const failures = `${prefix}agent_endpoint_dial_failure_total{reason="unknown"} 1`;
    ok(exposed(metrics).includes(failures));
  });
});

describe("the metrics of server and agent", () => {
  it("tell of connections while they stand, and of their bytes also when the agent has left", async () => {
    const registry = new MetricRegistry();
    const ofAgent = new MetricRegistry();
    await using fixture = await TunnelFixture.open({ metrics: registry });
    await fixture.echo("hz-a");
    const agent = await fixture.agent("hz-a", { metrics: ofAgent });
    const stream = await fixture.server.dial({ cluster: "hz-a" });
    stream.write(Buffer.alloc(100_000));
    await once(stream, "data");
    const server = `${prefix}server_`;
    ok(exposed(registry).includes(`${server}established_connections{cluster="hz-a"} 1`));
    ok(exposed(registry).includes(`${server}pending_backend_dials{cluster="hz-a"} 0`));
    ok(exposed(registry).includes(`${server}grpc_connections{service_method="Connect"} 1`));
    ok(exposed(ofAgent).includes(`${prefix}agent_open_server_connections 1`));
    ok(exposed(ofAgent).includes(`${prefix}agent_open_endpoint_connections 1`));
    ok(exposed(ofAgent).includes(`${prefix}agent_known_server_count 1`));
    stream.destroy();
    await agent[Symbol.asyncDispose]();
    await until(() => fixture.server.links().length === 0);
    const text = exposed(registry);
    const bytes = /server_stream_bytes_total\{cluster="hz-a",segment="to_agent"\} (\d+)/.exec(text);
    ok(Number(bytes?.[1]) > 100_000, text);
    match(
      text,
      /stream_packets_total\{cluster="hz-a",segment="to_agent",packet_type="DIAL_REQ"\} 1/,
    );
    match(text, /server_connection_duration_seconds_count\{cluster="hz-a"\} 1/);
    match(text, /server_grpc_connections\{service_method="Connect"\} 0/);
  });

  it("count an agent whose credential was taken back among those that were refused", async () => {
    const registry = new MetricRegistry();
    await using fixture = await TunnelFixture.open({
      metrics: registry,
      authenticate: (credentials) => {
        if (authenticateCertificate(credentials)) {
          throw new GrpcError("UNAUTHENTICATED", "it has been revoked");
        }
        return undefined;
      },
    });
    await fixture.echo("hz-a");
    const refused = `${prefix}server_agent_refusals_total{reason="revoked"}`;
    fixture.startAgent("hz-a");
    await until(() => exposed(registry).includes(refused));
  });
});
