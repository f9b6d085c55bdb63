import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { Agent, request as send } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { ensureServingCertificate, type Logger } from "@cellplane/apiserver";
import type { ResourcePath } from "@cellplane/client";
import { MetricRegistry } from "@cellplane/metrics";
import { applyInstallation } from "../../../../apps/control-plane/src/plugin/install/apply-installation.ts";
import { renderInstallation } from "../../../../apps/control-plane/src/plugin/install/render-installation.ts";
import { type Host, openHost } from "../../../../apps/control-plane/src/plugin/open-host.ts";
import {
  openWebhooks,
  type Webhooks,
} from "../../../../apps/control-plane/src/plugin/open-webhooks.ts";
import { PluginReadiness } from "../../../../apps/control-plane/src/plugin/readiness.ts";
import {
  openWebhookCertificate,
  type WebhookCertificate,
} from "../../../../apps/control-plane/src/plugin/webhook/webhook-certificate.ts";
import {
  createWebhookRegistrar,
  type WebhookRegistrar,
} from "../../../../apps/control-plane/src/plugin/webhook/webhook-registrar.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

const ignore = (): undefined => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const systemNamespace = "kube-federation-system";
const configMaps = (version: string): ResourcePath => ({
  group: "types.kubefed.io",
  version,
  resource: "federatedconfigmaps",
  namespace: "default",
});
const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const federated: KubernetesObject = {
  apiVersion: "types.kubefed.io/v1beta2",
  kind: "FederatedConfigMap",
  metadata: { name: "settings", namespace: "default" },
  spec: {
    topologyType: "cell",
    template: { data: { value: "one" } },
    placement: { topologies: [{ name: "rz00a" }] },
  },
};

describe("the webhooks of a plug-in, with a server of ours as host", () => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const opened = new AsyncDisposableStack();
  const readiness = new PluginReadiness([]);
  let server: RunningServer;
  let host: Host;
  let certificate: WebhookCertificate;
  let webhooks: Webhooks;
  let registrar: WebhookRegistrar;
  let certDir: string;

  before(async () => {
    certDir = await mkdtemp(join(tmpdir(), "cellplane-certs-"));
    opened.defer(() => rm(certDir, { recursive: true, force: true }));
    server = opened.use(await startServer("member"));
    const found = await openHost(
      { kubeconfig: server.kubeconfig, systemNamespace },
      silent,
      signal,
    );
    ok(found);
    host = opened.use(found);
    const hosts = ["127.0.0.1"];
    certificate = await openWebhookCertificate({ certDir, hosts, nowMs: Date.now, logger: silent });
    const metrics = new MetricRegistry();
    const listen = { host: "127.0.0.1", port: 0 };
    const deps = {
      ...host,
      systemNamespace,
      certificate,
      listen,
      readiness,
      metrics,
      logger: silent,
    };
    webhooks = opened.use(await openWebhooks(deps, signal));
    const target = { kind: "url", url: webhooks.server.url } as const;
    const { features, client } = host;
    const installation = renderInstallation({ systemNamespace, target, caBundle: "", features });
    await applyInstallation(client, installation, ignore, signal);
    webhooks.startLookups();
    registrar = createWebhookRegistrar({
      client,
      target,
      caBundle: () => certificate.current.ca,
      admission: "served",
      onError: ignore,
    });
    const running = [
      registrar.run(signal),
      certificate.follow((files) => {
        webhooks.server.reloadTls(files);
        setImmediate(() => registrar.refresh());
      }, signal),
    ];
    opened.defer(async () => {
      stopping.abort();
      await Promise.all(running);
    });
    await waitFor("readiness", async () => (readiness.isReady ? true : undefined));
    await waitForTrust();
  });
  after(() => opened.disposeAsync());

  const waitForTrust = (): Promise<true> =>
    waitFor("the CA in the CRDs", async () => {
      const crd = await host.client.get(crds, "federatedconfigmaps.types.kubefed.io");
      const bundle = Buffer.from(certificate.current.ca).toString("base64");
      return JSON.stringify(crd["spec"]).includes(bundle) ? true : undefined;
    });

  interface Answer {
    readonly status: number;
    readonly body: string;
  }

  const post = async (
    path: string,
    body: string,
    headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
    method = "POST",
  ): Promise<Answer> => {
    const answer = Promise.withResolvers<Answer>();
    const agent = new Agent({ ca: certificate.current.ca });
    const sent = send(webhooks.server.url + path, { method, agent, headers }, (incoming) => {
      void text(incoming).then((read) => {
        answer.resolve({ status: incoming.statusCode ?? 0, body: read.trim() });
      });
    });
    sent.on("error", answer.reject);
    sent.end(body);
    return answer.promise;
  };

  const admit = async (path: string, request: JsonObject): Promise<JsonObject> => {
    const review = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: "u-1",
        kind: { group: "types.kubefed.io", version: "v1beta2", kind: "FederatedConfigMap" },
        resource: {
          group: "types.kubefed.io",
          version: "v1beta2",
          resource: "federatedconfigmaps",
        },
        namespace: "default",
        name: "settings",
        userInfo: { username: "alice", groups: ["system:authenticated"] },
        ...request,
      },
    };
    const { status, body } = await post(path, JSON.stringify(review));
    equal(status, 200, body);
    const { response } = JSON.parse(body) as { readonly response: JsonObject };
    equal(response["uid"], "u-1");
    return response;
  };
  const jsonOf = (object: KubernetesObject): JsonObject => object as unknown as JsonObject;

  it("convert what the host stores and shows, also a list", async () => {
    await host.client.create(configMaps("v1beta2"), federated);
    const stored = await host.client.get(configMaps("v1beta1"), "settings");
    const spec = stored["spec"] as JsonObject;
    deepEqual(spec["placement"], { clusters: [{ name: "default.rz00a" }] });
    const { items } = await host.client.list(configMaps("v1beta2"));
    deepEqual(items[0]?.["spec"], federated["spec"]);
  });

  it("are asked by the host before it stores or deletes", async () => {
    const { topologyType: _, ...spec } = federated["spec"] as JsonObject;
    const create = (name: string, fields: JsonObject): Promise<KubernetesObject> =>
      host.client.create(configMaps("v1beta2"), {
        ...federated,
        metadata: { name, namespace: "default" },
        spec: { ...spec, ...fields },
      });
    await waitFor("the webhook configurations", async () => {
      const path = { group: "admissionregistration.k8s.io", version: "v1" };
      const resource = "validatingwebhookconfigurations";
      const { items } = await host.client.list({ ...path, resource });
      return items.length > 0 ? true : undefined;
    });
    // The host learns of them by watch.
    await waitFor("a refusal", async () => {
      try {
        await create("wrong", { topologyType: "planet" });
        await host.client.delete(configMaps("v1beta2"), "wrong");
        return undefined;
      } catch (error) {
        match(String(error), /admission webhook "judge\.cellplane\.io" denied the request.*planet/);
        return true;
      }
    });
    const filled = await create("filled", {});
    equal((filled["spec"] as JsonObject)["topologyType"], "cluster");
    const labels = { "cellplane.io/protected": "true" };
    const patch = { type: "merge", body: { metadata: { labels } } } as const;
    await host.client.patch(configMaps("v1beta2"), "filled", patch);
    await rejects(host.client.delete(configMaps("v1beta2"), "filled"), /denied the request/);
  });

  it("answer what is malformed with what is wrong", async () => {
    const answers = await Promise.all([
      post("/convert", "{"),
      post("/convert", "{}"),
      post("/mutate", "[]"),
      post("/convert", "{}", { "content-type": "text/yaml" }),
      post("/nowhere", "{}"),
      post("/convert", "", {}, "GET"),
    ]);
    deepEqual(
      answers.map(({ status }) => status),
      [400, 400, 400, 415, 404, 405],
    );
    match(answers[0]?.body ?? "", /^the body is no JSON: /);
    equal(answers[1]?.body, "the body must be a ConversionReview");
    equal(answers[2]?.body, "the body must be an AdmissionReview");
  });

  it("refuse a body that is announced as too long without reading it", async () => {
    const headers = { "content-type": "application/json", "content-length": "200000000" };
    const answer = Promise.withResolvers<number>();
    const agent = new Agent({ ca: certificate.current.ca });
    const url = `${webhooks.server.url}/convert`;
    const sent = send(url, { method: "POST", agent, headers }, (incoming) => {
      answer.resolve(incoming.statusCode ?? 0);
      sent.destroy();
    });
    sent.on("error", ignore);
    sent.flushHeaders();
    equal(await answer.promise, 413);
  });

  it("fill in what is left out, as a JSON patch", async () => {
    const { topologyType: _, ...spec } = federated["spec"] as JsonObject;
    const object = jsonOf({ ...federated, spec });
    const response = await admit("/mutate", { operation: "CREATE", object });
    equal(response["patchType"], "JSONPatch");
    const patch = JSON.parse(
      Buffer.from(response["patch"] as string, "base64").toString(),
    ) as readonly JsonObject[];
    ok(
      patch.some(
        ({ op, path, value }) =>
          op === "add" && path === "/spec/topologyType" && value === "cluster",
      ),
    );
  });

  it("refuse what the rules refuse, with a Status", async () => {
    const spec = { ...(federated["spec"] as JsonObject), topologyType: "planet" };
    const response = await admit("/validate", {
      operation: "CREATE",
      object: jsonOf({ ...federated, spec }),
    });
    equal(response["allowed"], false);
    const status = response["status"] as JsonObject;
    deepEqual([status["code"], status["reason"]], [422, "Invalid"]);
  });

  it("judge deletions, too", async () => {
    const labels = { "cellplane.io/protected": "true" };
    const oldObject = jsonOf({ ...federated, metadata: { ...federated.metadata, labels } });
    const refused = await admit("/validate", { operation: "DELETE", oldObject });
    equal(refused["allowed"], false);
    equal((refused["status"] as JsonObject)["code"], 403);
    const allowed = await admit("/validate", { operation: "DELETE", oldObject: jsonOf(federated) });
    equal(allowed["allowed"], true);
  });

  it("allow what is none of their business", async () => {
    const response = await admit("/validate", {
      operation: "CREATE",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      object: { metadata: {} },
    });
    equal(response["allowed"], true);
  });

  it("take a new certificate of another authority into use, and have the host trust it", async () => {
    const before = certificate.current.ca;
    const other = await mkdtemp(join(tmpdir(), "cellplane-other-"));
    opened.defer(() => rm(other, { recursive: true, force: true }));
    const nowMs = Date.now();
    await ensureServingCertificate(other, { hosts: [], nowMs, commonName: "other" });
    const copied = ["ca.key", "ca.crt", "tls.key", "tls.crt"];
    for (const name of copied) {
      await copyFile(join(other, name), join(certDir, name));
    }
    await waitFor("the new authority", async () =>
      certificate.current.ca === before ? undefined : true,
    );
    await waitForTrust();
    await waitFor("conversions by the new certificate", async () => {
      try {
        await host.client.get(configMaps("v1beta2"), "settings");
        return true;
      } catch {
        return undefined;
      }
    });
    await rejects(host.client.get(configMaps("v1beta2"), "nothing"), { code: 404 });
  });
});
