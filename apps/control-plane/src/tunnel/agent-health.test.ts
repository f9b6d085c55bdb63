import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricRegistry } from "@cellplane/metrics";
import { openAgentHealth } from "./agent-health.ts";

const listen = { host: "127.0.0.1", port: 0 };

describe("openAgentHealth()", () => {
  it("is ready only while a control plane is connected, and alive all the time", async () => {
    let isConnected = false;
    const metrics = new MetricRegistry();
    await using health = await openAgentHealth(listen, { metrics, isConnected: () => isConnected });
    const statusOf = async (path: string): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${health.port}${path}`);
      await answer.text();
      return answer.status;
    };
    deepEqual([await statusOf("/healthz"), await statusOf("/readyz")], [200, 503]);
    isConnected = true;
    deepEqual([await statusOf("/healthz"), await statusOf("/readyz")], [200, 200]);
    equal(await statusOf("/other"), 404);
  });

  it("exposes the metrics", async () => {
    const metrics = new MetricRegistry();
    metrics.counter({ name: "things_total", help: "Things.", labels: [] }).add({}, 3);
    await using health = await openAgentHealth(listen, { metrics, isConnected: () => true });
    const answer = await fetch(`http://127.0.0.1:${health.port}/metrics`);
    match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    match(await answer.text(), /^things_total 3$/m);
  });

  it("says that an address is taken", async () => {
    const of = { metrics: new MetricRegistry(), isConnected: () => true };
    await using first = await openAgentHealth(listen, of);
    const taken = openAgentHealth({ ...listen, port: first.port }, of);
    await rejects(taken, /Cannot serve --health-listen on 127\.0\.0\.1 port \d+: EADDRINUSE/);
  });
});
