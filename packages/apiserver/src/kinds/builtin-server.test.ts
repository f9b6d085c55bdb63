import { deepEqual, equal, match } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject } from "@cellplane/apimachinery";
import { openMemoryStore } from "@cellplane/kv";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import type { Logger } from "../request/logger.ts";
import { openApiServerCore } from "../server/create-api-server.ts";
import { type Answer, type ServerFixture, startServer } from "../server/server-fixture.suite.ts";
import { builtinAdmission } from "./admission/builtin-admission.ts";
import { ensureBootstrapObjects } from "./bootstrap/ensure-bootstrap-objects.ts";
import { builtinResourceDefinitions } from "./builtin-resources.ts";
import { numberAt, objectAt, objectsAt, stringAt, valueAt } from "./plain/plain.ts";

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => console.error(message, fields),
};

async function startBuiltinServer(): Promise<ServerFixture> {
  const store = await openMemoryStore();
  const registry = createResourceRegistry(builtinResourceDefinitions());
  const core = await openApiServerCore({ store, registry, logger, nowMs: Date.now });
  const { beforeWebhooks, afterWebhooks } = builtinAdmission(core.objects, { clock: Date.now });
  await ensureBootstrapObjects(core.objects, { port: 6443 });
  const admission = [...beforeWebhooks, ...afterWebhooks];
  return await startServer({ store, registry, admission, logger }, core);
}

describe("a server of the built-in kinds", () => {
  let fixture: ServerFixture | undefined;
  before(async () => {
    fixture = await startBuiltinServer();
  });
  after(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  const ask = async (method: string, path: string, body?: JsonObject): Promise<Answer> => {
    if (!fixture) throw new Error("Cannot ask as the server did not start");
    const patch = method === "PATCH" ? { type: "application/merge-patch+json" } : {};
    return await fixture.ask(method, path, { ...(body && { body }), ...patch });
  };
  const create = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const { status, json, text } = await ask("POST", path, body);
    equal(status, 201, text);
    return json;
  };
  const inDefault = "/api/v1/namespaces/default";
  const container = { name: "c", image: "i" };

  it("gives the first address to the Service of the server itself", async () => {
    const { json } = await ask("GET", `${inDefault}/services/kubernetes`);
    equal(stringAt(json, "spec", "clusterIP"), "10.96.0.1");
    const taken = {
      metadata: { name: "t" },
      spec: { clusterIP: "10.96.0.1", ports: [{ port: 1 }] },
    };
    equal((await ask("POST", `${inDefault}/services`, taken)).status, 422);
  });

  it("keeps what was allocated through a patch, and frees it at deletion", async () => {
    const spec = { type: "NodePort", ports: [{ port: 80 }] };
    const made = await create(`${inDefault}/services`, { metadata: { name: "s" }, spec });
    const nodePort = numberAt(objectsAt(made, "spec", "ports")[0], "nodePort");
    const ports = [{ port: 80, targetPort: 8080 }];
    const { json } = await ask("PATCH", `${inDefault}/services/s`, { spec: { ports } });
    equal(numberAt(objectsAt(json, "spec", "ports")[0], "nodePort"), nodePort);
    equal(stringAt(json, "spec", "clusterIP"), stringAt(made, "spec", "clusterIP"));
    equal((await ask("DELETE", `${inDefault}/services/s`)).status, 200);
    const again = { ...spec, clusterIP: stringAt(made, "spec", "clusterIP") };
    await create(`${inDefault}/services`, { metadata: { name: "again" }, spec: again });
  });

  it("holds a Namespace until it is finalized", async () => {
    const made = await create("/api/v1/namespaces", { metadata: { name: "held" } });
    deepEqual(valueAt(made, "spec", "finalizers"), ["kubernetes"]);
    const ignored = await ask("PATCH", "/api/v1/namespaces/held", { spec: { finalizers: [] } });
    deepEqual(valueAt(ignored.json, "spec", "finalizers"), ["kubernetes"]);
    const deleted = await ask("DELETE", "/api/v1/namespaces/held");
    equal(stringAt(deleted.json, "status", "phase"), "Terminating");
    const late = await ask("POST", "/api/v1/namespaces/held/configmaps", {
      metadata: { name: "a" },
    });
    equal(late.status, 403);
    const live = await ask("GET", "/api/v1/namespaces/held");
    equal(
      (await ask("PUT", "/api/v1/namespaces/held/finalize", { ...live.json, spec: {} })).status,
      200,
    );
    equal((await ask("GET", "/api/v1/namespaces/held")).status, 404);
  });

  it("refuses a finalize that knows an older Namespace", async () => {
    const made = await create("/api/v1/namespaces", { metadata: { name: "stale" } });
    await ask("PATCH", "/api/v1/namespaces/stale", { metadata: { labels: { a: "b" } } });
    const answer = await ask("PUT", "/api/v1/namespaces/stale/finalize", { ...made, spec: {} });
    equal(answer.status, 409);
  });

  it("binds a Pod once, and evicts it", async () => {
    await create(`${inDefault}/serviceaccounts`, { metadata: { name: "default" } });
    await create(`${inDefault}/pods`, {
      metadata: { name: "p" },
      spec: { containers: [container] },
    });
    const binding = { metadata: { name: "p" }, target: { kind: "Node", name: "n" } };
    await create(`${inDefault}/pods/p/binding`, binding);
    const bound = await ask("GET", `${inDefault}/pods/p`);
    equal(stringAt(bound.json, "spec", "nodeName"), "n");
    equal((await ask("POST", `${inDefault}/pods/p/binding`, binding)).status, 409);
    match(
      (await ask("GET", `${inDefault}/pods/p/log`)).text,
      /pod p does not have a host assigned/,
    );
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } };
    await create(`${inDefault}/pods/p/eviction`, eviction);
    const evicted = await ask("GET", `${inDefault}/pods/p`);
    equal(numberAt(evicted.json, "metadata", "deletionGracePeriodSeconds"), 30);
  });

  it("says which service account is missing", async () => {
    const spec = { serviceAccountName: "nope", containers: [container] };
    const answer = await ask("POST", `${inDefault}/pods`, { metadata: { name: "q" }, spec });
    equal(
      stringAt(answer.json, "message"),
      'pods "q" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found',
    );
  });

  it("shows an Event in both of its groups", async () => {
    const event = {
      metadata: { name: "e" },
      involvedObject: { kind: "ConfigMap", namespace: "default", name: "x" },
      message: "hello",
      source: { component: "me" },
    };
    await create(`${inDefault}/events`, event);
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const { json } = await ask("GET", `${path}/e`);
    equal(stringAt(json, "note"), "hello");
    const list = await ask("GET", `${path}?fieldSelector=regarding.name=x`);
    equal(objectsAt(list.json, "items").length, 1);
    equal((await ask("DELETE", `${path}/e`)).status, 200);
    equal((await ask("GET", `${inDefault}/events/e`)).status, 404);
  });

  it("shows an autoscaler in both of its versions", async () => {
    const path = (version: string): string =>
      `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
    const spec = { maxReplicas: 3, scaleTargetRef, targetCPUUtilizationPercentage: 55 };
    const made = await create(path("v1"), { metadata: { name: "h" }, spec });
    equal(numberAt(made, "spec", "targetCPUUtilizationPercentage"), 55);
    const { json } = await ask("GET", `${path("v2")}/h`);
    deepEqual(valueAt(json, "spec", "metrics"), [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 55 } },
      },
    ]);
    equal(objectAt(json, "metadata")["annotations"], undefined);
  });

  it("serves a Table of each resource that can be listed", async () => {
    for (const { group, resource, versions, verbs } of builtinResourceDefinitions()) {
      if (!verbs.includes("list")) continue;
      const prefix = group === "" ? "/api" : `/apis/${group}`;
      const answer = await fixture?.ask(
        "GET",
        `${prefix}/${versions[0]?.version ?? ""}/${resource}`,
        {
          headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
        },
      );
      equal(answer?.status, 200, resource);
      equal(stringAt(answer?.json, "kind"), "Table");
    }
  });
});
