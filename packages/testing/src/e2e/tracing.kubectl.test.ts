import { equal, match, ok } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FederationFixture } from "./federation-fixture.ts";
import { SpanCollector } from "./span-collector.ts";
import { TunnelAgents } from "./tunnel-agents.ts";
import { waitFor } from "./wait-for.ts";

const proxied = "/apis/proxy.cellplane.io/v1alpha1/clusters/hz-a/proxy/version";

describe("--tracing-config-file", () => {
  const opened = new AsyncDisposableStack();
  let collector: SpanCollector;
  let fixture: FederationFixture;
  let agents: TunnelAgents;
  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), "cellplane-tracing-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    collector = opened.use(await SpanCollector.open());
    const config = join(folder, "tracing.yaml");
    // Only what brings a trace is traced.
    const text = `apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\nendpoint: ${collector.endpoint}\n`;
    await writeFile(config, text);
    const traced = ["--tracing-config-file", config];
    const args = ["--tunnel-listen", "127.0.0.1:0", ...traced];
    fixture = opened.use(await FederationFixture.open(args));
    agents = opened.use(new TunnelAgents(fixture));
    await agents.join("hz-a", ["--allow-proxy"]);
    await agents.kill("hz-a");
    await agents.start("hz-a", traced);
    await fixture.waitForCluster("hz-a", "NotReady");
    await fixture.waitForCluster("hz-a", "Ready");
  });
  after(() => opened.disposeAsync());

  const get = async (traceId: string): Promise<number> => {
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const request = { method: "GET", path: proxied, headers } as const;
    return (await fixture.controlPlane.client.raw(request)).status;
  };

  it("tells one trace of a request: through the control plane, and dialled by the agent", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    equal(await get(traceId), 200);
    const agent = await collector.find(traceId, "tunnel agent dial");
    const dial = await collector.find(traceId, "tunnel dial");
    const passed = await collector.find(traceId, "GET clusters/proxy");
    equal(passed.parentSpanId, "00f067aa0ba902b7");
    equal(dial.parentSpanId, passed.spanId);
    equal(agent.parentSpanId, dial.spanId);
    equal(agent.service, "cellplane-agent");
    equal(dial.service, "cellplane");
    equal(passed.attributes.get("cellplane.cluster"), "hz-a");
    equal(passed.attributes.get("url.path"), "/version");
    match(dial.attributes.get("cellplane.tunnel.connection") ?? "", /^\d+$/);
    for (const name of ["cellplane.tunnel.connection", "cellplane.tunnel.agent"]) {
      equal(agent.attributes.get(name), dial.attributes.get(name));
    }
  });

  it("tells why a dial failed, and records nothing that no trace was asked for", async () => {
    await agents.kill("hz-a");
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await waitFor("the proxy to have no agent", async () =>
      (await get(traceId)) === 503 ? true : undefined,
    );
    const dial = await waitFor("the failure", async () =>
      collector.spans.find(({ name, failure }) => name === "tunnel dial" && failure !== ""),
    );
    equal(dial.traceId, traceId);
    equal(dial.attributes.get("error.type"), "NoAgent");
    match(dial.failure, /No agent available/);
    const asked = new Set(["4bf92f3577b34da6a3ce929d0e0e4736", traceId]);
    ok(collector.spans.every((span) => asked.has(span.traceId)));
  });
});
