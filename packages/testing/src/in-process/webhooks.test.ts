import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { type RunningServer, startServer } from "./running-server.suite.ts";
import {
  configMapWebhook,
  patchAnswer,
  startWebhookServer,
  type WebhookAnswer,
  type WebhookServer,
} from "./webhook-server.suite.ts";

const configMaps: ResourcePath = {
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace: "default",
};
const configurations = (kind: "mutating" | "validating"): ResourcePath => ({
  group: "admissionregistration.k8s.io",
  version: "v1",
  resource: `${kind}webhookconfigurations`,
});
const ours = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "default" } } };

describe("admission webhooks", () => {
  let server: RunningServer;
  let webhook: WebhookServer;
  let answers: Readonly<Record<string, WebhookAnswer>> = {};
  before(async () => {
    [server, webhook] = await Promise.all([
      startServer("member"),
      startWebhookServer((path) => answers[path] ?? {}),
    ]);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    for (const kind of ["mutating", "validating"] as const) {
      const { items } = await server.client.list(configurations(kind));
      for (const { metadata } of items) {
        await server.client.delete(configurations(kind), metadata.name ?? "");
      }
    }
    webhook.seen.length = 0;
  });

  const register = (
    kind: "Mutating" | "Validating",
    name: string,
    more: JsonObject = {},
  ): Promise<KubernetesObject> => {
    const config = webhook.clientConfig(`/${name}`);
    const path = configurations(kind === "Mutating" ? "mutating" : "validating");
    return server.client.create(path, configMapWebhook(kind, name, config, { ...ours, ...more }));
  };
  const create = (name: string, labels?: JsonObject, query = {}): Promise<KubernetesObject> => {
    const metadata = { name, ...(labels === undefined ? {} : { labels }) };
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { k: "v" } };
    return server.client.create(configMaps, object as unknown as KubernetesObject, query);
  };

  it("patch in the order of their configurations, each seeing what came before", async () => {
    answers = {
      "/a": patchAnswer({ op: "add", path: "/metadata/annotations", value: { a: "1" } }),
      "/b": patchAnswer({ op: "add", path: "/metadata/annotations/b", value: "2" }),
    };
    await register("Mutating", "b");
    await register("Mutating", "a");
    const created = await create("ordered");
    deepEqual(created.metadata.annotations, { a: "1", b: "2" });
    deepEqual(webhook.seen.at(-1)?.object?.metadata.annotations, { a: "1" });
  });

  it("are asked again, once, where a later one changed the object and they want it", async () => {
    answers = {
      "/a": {},
      "/b": patchAnswer({ op: "add", path: "/metadata/annotations", value: { b: "2" } }),
    };
    await register("Mutating", "a", { reinvocationPolicy: "IfNeeded" });
    await register("Mutating", "b", { reinvocationPolicy: "Never" });
    await create("again");
    deepEqual(
      webhook.seen.map(({ object }) => object?.metadata.annotations),
      [undefined, undefined, { b: "2" }],
    );
  });

  it("refuse in their own words, and nothing is stored", async () => {
    answers = { "/no": { allowed: false, status: { code: 422, message: "not on a Friday" } } };
    await register("Validating", "no");
    await rejects(create("refused"), {
      code: 422,
      message: 'admission webhook "no.example.com" denied the request: not on a Friday',
    });
    await rejects(server.client.get(configMaps, "refused"), { reason: "NotFound" });
  });

  it("see deletions, and may refuse them", async () => {
    await create("kept");
    answers = { "/no": { allowed: false } };
    await register("Validating", "no");
    await rejects(server.client.delete(configMaps, "kept"), {
      code: 400,
      message: 'admission webhook "no.example.com" denied the request without explanation',
    });
    equal(webhook.seen.at(-1)?.operation, "DELETE");
    equal(webhook.seen.at(-1)?.object, null);
  });

  it("that fail refuse the request or are ignored, as their policy says", async () => {
    answers = { "/broken": { raw: "boom", status: 500 } };
    await register("Validating", "broken", { failurePolicy: "Ignore" });
    await create("ignored");
    await register("Mutating", "broken", { failurePolicy: "Fail" });
    await rejects(create("failed"), {
      code: 500,
      message:
        'Internal error occurred: failed calling webhook "broken.example.com": failed to call webhook: ' +
        'an error on the server ("boom") has prevented the request from succeeding',
    });
  });

  it("may not patch where they validate", async () => {
    answers = { "/both": patchAnswer({ op: "add", path: "/data/x", value: "y" }) };
    await register("Validating", "both");
    await rejects(create("patched"), /validating webhook may not return response\.patch/);
  });

  it("are not asked about what their selectors leave out", async () => {
    answers = { "/some": { allowed: false } };
    await register("Validating", "some", { objectSelector: { matchLabels: { watched: "yes" } } });
    await create("unwatched");
    equal(webhook.seen.filter(({ name }) => name === "unwatched").length, 0);
    await rejects(create("watched", { watched: "yes" }), { code: 400 });
  });

  it("are told of a dry run, and their warnings reach the client", async () => {
    answers = { "/see": { warnings: ["mind the gap"] } };
    await register("Validating", "see");
    const answer = await server.client.raw({
      method: "POST",
      path: "/api/v1/namespaces/default/configmaps?dryRun=All",
      body: Buffer.from(
        JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "dry" } }),
      ),
      headers: { "content-type": "application/json" },
    });
    equal(answer.status, 201);
    ok(JSON.stringify(answer.headers).includes("mind the gap"));
    equal(webhook.seen.at(-1)?.["dryRun"], true);
  });

  it("are never asked about webhook configurations, so that a broken one can be removed", async () => {
    answers = { "/all": { allowed: false } };
    await register("Validating", "all", {
      rules: [{ apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], operations: ["*"] }],
      namespaceSelector: {},
    });
    await rejects(create("anything"), { code: 400 });
    await server.client.delete(configurations("validating"), "all");
    await create("anything");
  });
});
