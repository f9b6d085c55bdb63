import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { ApiEventRecorder } from "../../../controllers/src/events/api-event-recorder.ts";
import { deleteExpiredEvents } from "../../../controllers/src/events/event-cleaner.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

let server: RunningServer;
before(async () => {
  server = await startServer("member");
});
after(() => server[Symbol.asyncDispose]());

const about = (name: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", uid: `uid-${name}` },
});
const event = (message: string) =>
  ({ type: "Warning", reason: "Seen", message, component: "test-controller" }) as const;

async function eventsAbout(client: RestClient, name: string): Promise<readonly KubernetesObject[]> {
  const path = { group: "", version: "v1", resource: "events", namespace: "default" };
  const { items } = await client.list(path, { fieldSelector: `involvedObject.name=${name}` });
  return items;
}

describe("ApiEventRecorder", () => {
  it("counts what happens again in the event that there is, and tells the rest when it ends", async () => {
    const { client } = server;
    const recorder = new ApiEventRecorder({ client, nowMs: Date.now });
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    recorder.record(about("a"), event("once"));
    const first = await waitFor("the event", async () => (await eventsAbout(client, "a"))[0]);
    equal(first["count"], 1);
    deepEqual(first["source"], { component: "test-controller" });
    recorder.record(about("a"), event("once"));
    recorder.record(about("a"), event("once"));
    recorder.record(about("b"), event("last words"));
    stop.abort();
    await running;
    const told = await eventsAbout(client, "a");
    deepEqual(
      told.map(({ count }) => count),
      [3],
    );
    equal((await eventsAbout(client, "b")).length, 1);
  });

  it("makes an event anew that has expired in the meantime", async () => {
    const { client } = server;
    const recorder = new ApiEventRecorder({ client, nowMs: Date.now });
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    recorder.record(about("c"), event("again"));
    await waitFor("the event", async () => (await eventsAbout(client, "c"))[0]);
    const inAnHour = Date.now() + 3_601_000;
    ok((await deleteExpiredEvents(client, inAnHour, AbortSignal.timeout(10_000))) > 0);
    equal((await eventsAbout(client, "c")).length, 0);
    recorder.record(about("c"), event("again"));
    stop.abort();
    await running;
    equal((await eventsAbout(client, "c"))[0]?.["count"], 1);
  });
});

describe("/metrics", () => {
  it("is text for whoever may get that path", async () => {
    const answer = await server.client.raw({ method: "GET", path: "/metrics" });
    equal(answer.status, 200);
    equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    match(new TextDecoder().decode(answer.body), /^process_resident_memory_bytes \d+$/m);
  });

  it("is refused to others", async () => {
    const account = { group: "", version: "v1", resource: "serviceaccounts", namespace: "default" };
    await server.client.create(account, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "nobody" },
    });
    const headers = { "impersonate-user": "system:serviceaccount:default:nobody" };
    const answer = await server.client.raw({ method: "GET", path: "/metrics", headers });
    equal(answer.status, 403);
  });
});
