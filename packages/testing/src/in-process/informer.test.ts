import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import {
  createInformer,
  createRestClient,
  type Informer,
  type ResourcePath,
  type Transport,
} from "@cellplane/client";
import { createHttpTransport, loadKubeconfig } from "@cellplane/client/node";
import { waitFor } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

let server: RunningServer;
before(async () => {
  server = await startServer("member");
});
after(() => server[Symbol.asyncDispose]());

const at = (namespace: string): ResourcePath => ({
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace,
});

const configMap = (name: string, value: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels: { value } },
  data: { value },
});

/** An informer of a namespace's ConfigMaps that were made by a test, and what it did and told. */
class Watched implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly told: string[] = [];
  readonly informer: Informer;
  /** Sent in place of the next watch. */
  answerWatch: (() => Promise<never>) | undefined;
  readonly #cuts = new Set<AbortController>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #transport: Transport;

  constructor(transport: Transport, namespace: string) {
    this.#transport = transport;
    this.informer = createInformer({
      client: createRestClient(this.#seen(transport), { userAgent: "test" }),
      path: at(namespace),
      labelSelector: "value",
      indexes: { value: ({ metadata }) => [metadata.labels?.["value"] ?? ""] },
      random: () => 0,
    });
    this.informer.addHandler({
      onAdd: (object) => this.told.push(`+${wordOf(object)}`),
      onUpdate: (object) => this.told.push(`~${wordOf(object)}`),
      onDelete: (object) => this.told.push(`-${wordOf(object)}`),
    });
    this.#running = this.informer.run(this.#stop.signal);
  }

  /** Breaks the open watch. */
  cut(): void {
    for (const cut of this.#cuts) cut.abort(new Error("cut"));
  }

  lists(): number {
    return this.requests.filter((path) => !path.includes("watch=true")).length;
  }

  async until(told: readonly string[]): Promise<void> {
    await waitFor(`[${told.join()}]`, async () =>
      this.told.length >= told.length ? true : undefined,
    );
    deepEqual(this.told, told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#transport[Symbol.asyncDispose]();
  }

  #seen(transport: Transport): Transport {
    return {
      server: transport.server,
      request: async (request, signal) => {
        this.requests.push(request.path);
        if (!request.path.includes("watch=true")) return transport.request(request, signal);
        const { answerWatch } = this;
        this.answerWatch = undefined;
        if (answerWatch) return answerWatch();
        const cut = new AbortController();
        this.#cuts.add(cut);
        const signals = signal ? [signal, cut.signal] : [cut.signal];
        return transport.request(request, AbortSignal.any(signals));
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  }
}

function wordOf({ metadata }: KubernetesObject): string {
  return `${metadata.name ?? ""}=${metadata.labels?.["value"] ?? ""}`;
}

async function watch(namespace: string): Promise<Watched> {
  const namespaces = { group: "", version: "v1", resource: "namespaces" };
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await server.client.create(namespaces, home);
  const { connection } = await loadKubeconfig({ file: server.kubeconfig });
  const watched = new Watched(createHttpTransport(connection), namespace);
  ok(await watched.informer.waitForSync(AbortSignal.timeout(5000)));
  await waitFor("its watch", async () => watched.requests[1]);
  return watched;
}

const set = (namespace: string, name: string, value: string): Promise<KubernetesObject> =>
  server.client.patch(at(namespace), name, {
    type: "merge",
    body: { metadata: { labels: { value } }, data: { value } },
  });

describe("an informer", () => {
  it("resumes where its watch was cut, losing and repeating nothing", async () => {
    await using watched = await watch("resume");
    const { client } = server;
    await client.create(at("resume"), configMap("a", "1"));
    await watched.until(["+a=1"]);
    watched.cut();
    await set("resume", "a", "2");
    await client.create(at("resume"), configMap("b", "1"));
    await watched.until(["+a=1", "~a=2", "+b=1"]);
    watched.cut();
    await client.delete(at("resume"), "b");
    await watched.until(["+a=1", "~a=2", "+b=1", "-b=1"]);
    equal(watched.lists(), 1);
  });

  it("lists again where history is gone, and tells what was deleted meanwhile", async () => {
    await using watched = await watch("expired");
    const { client } = server;
    await client.create(at("expired"), configMap("a", "1"));
    await client.create(at("expired"), configMap("b", "1"));
    await watched.until(["+a=1", "+b=1"]);
    watched.answerWatch = async () => {
      await client.delete(at("expired"), "a");
      await set("expired", "b", "2");
      throw new StatusError("Expired", "too old resource version");
    };
    watched.cut();
    await watched.until(["+a=1", "+b=1", "-a=1", "~b=2"]);
    equal(watched.lists(), 2);
  });

  it("prefers what is recorded of one's own writes to older news", async () => {
    await using watched = await watch("record");
    const { client } = server;
    const first = await client.create(at("record"), configMap("a", "1"));
    const second = await set("record", "a", "2");
    watched.informer.record(second);
    watched.informer.record(first);
    equal(wordOf(watched.informer.get("record/a") ?? first), "a=2");
    await client.create(at("record"), configMap("end", "1"));
    await waitFor("the end", async () => watched.informer.get("record/end"));
    ok(!watched.told.includes("~a=1"), watched.told.join());
    equal(watched.told.filter((each) => each.endsWith("a=2")).length, 1);
    watched.informer.recordRemoval(second);
    equal(watched.informer.get("record/a"), undefined);
    equal(watched.told.at(-1), "-a=2");
  });

  it("keeps its indexes, tells late handlers what there is, and lets go of them", async () => {
    await using watched = await watch("index");
    const { client } = server;
    await client.create(at("index"), configMap("a", "red"));
    await client.create(at("index"), configMap("b", "red"));
    await set("index", "a", "blue");
    await watched.until(["+a=red", "+b=red", "~a=blue"]);
    deepEqual(watched.informer.byIndex("value", "red").map(wordOf), ["b=red"]);
    deepEqual(watched.informer.byIndex("value", "blue").map(wordOf), ["a=blue"]);
    const late: string[] = [];
    const stop = new AbortController();
    watched.informer.addHandler({ onAdd: (object) => late.push(wordOf(object)) }, stop.signal);
    deepEqual(late, ["a=blue", "b=red"]);
    stop.abort();
    await client.create(at("index"), configMap("c", "red"));
    await waitFor("c", async () => watched.informer.get("index/c"));
    deepEqual(late, ["a=blue", "b=red"]);
  });

  it("lists page by page", async () => {
    const namespace = "pages";
    {
      const namespaces = { group: "", version: "v1", resource: "namespaces" };
      const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      await server.client.create(namespaces, home);
      const many = Array.from({ length: 501 }, (__, index) => configMap(`m${index}`, "1"));
      await Promise.all(many.map((each) => server.client.create(at(namespace), each)));
    }
    const { connection } = await loadKubeconfig({ file: server.kubeconfig });
    await using watched = new Watched(createHttpTransport(connection), namespace);
    ok(await watched.informer.waitForSync(AbortSignal.timeout(5000)));
    equal(watched.informer.list().length, 501);
    equal(watched.lists(), 2);
  });
});
