import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import { type MvccStore, openMemoryStore } from "@cellplane/kv";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import {
  type Answer,
  type Sent,
  type ServerFixture,
  startServer,
} from "../server/server-fixture.suite.ts";
import { openCrdController } from "./crd-controller.ts";
import { createCrdResource, findBuiltinDefinition } from "./crd-resource.ts";

const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const mergePatch = "application/merge-patch+json";
const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const deadlineMs = 5000;

/** A server with CRDs and nothing else. */
interface Running extends AsyncDisposable {
  readonly ask: ServerFixture["ask"];
}

async function start(store: MvccStore): Promise<Running> {
  const registry = createResourceRegistry([createCrdResource()]);
  const fixture = await startServer({ registry, store: lend(store) });
  const controller = openCrdController({
    objects: fixture.server.objects,
    registry,
    nowMs: Date.now,
    logger: noLog,
    findDefinition: findBuiltinDefinition,
    conversionOf: () => ({ kind: "none" }),
  });
  await controller.ready;
  return {
    ask: (method, path, sent) => fixture.ask(method, path, sent),
    [Symbol.asyncDispose]: async () => {
      await controller[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** The same store, which outlives the one that it is lent to. */
function lend(store: MvccStore): MvccStore {
  return {
    range: (request, signal) => store.range(request, signal),
    txn: (request, signal) => store.txn(request, signal),
    watch: (request, listener) => store.watch(request, listener),
    compact: (revision, signal) => store.compact(revision, signal),
    headRevision: () => store.headRevision(),
    status: (signal) => store.status(signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

function crdOf(plural: string, kind: string, schema: JsonObject): JsonObject {
  const version = (name: string, own: JsonObject): JsonObject => ({
    name,
    served: true,
    storage: name === "v1",
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: { spec: { type: "object", properties: { ...schema, ...own } } },
      },
    },
  });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.ex.test` },
    spec: {
      group: "ex.test",
      scope: "Namespaced",
      names: { plural, kind },
      versions: [
        version("v1", { old: { type: "string" } }),
        version("v2", { new: { type: "string" } }),
      ],
    },
  };
}

function objectOf(kind: string, name: string, rest: JsonObject = {}): JsonObject {
  return { apiVersion: "ex.test/v1", kind, metadata: { name }, ...rest };
}

describe("custom resources over HTTPS", () => {
  let store: MvccStore;
  let server: Running;
  const ask = (method: string, path: string, sent?: Sent): Promise<Answer> =>
    server.ask(method, path, sent);

  before(async () => {
    store = await openMemoryStore();
    server = await start(store);
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  /** Asks until the answer is as wanted. */
  async function until(path: string, is: (answer: Answer) => boolean): Promise<Answer> {
    const endMs = Date.now() + deadlineMs;
    for (;;) {
      const answer = await ask("GET", path);
      if (is(answer)) return answer;
      if (Date.now() > endMs) throw new Error(`Waited in vain: ${answer.text}`);
      await delay(2);
    }
  }

  async function establish(plural: string, kind: string, schema: JsonObject = {}): Promise<void> {
    equal((await ask("POST", crdPath, { body: crdOf(plural, kind, schema) })).status, 201);
    await until(`${crdPath}/${plural}.ex.test`, ({ json }) =>
      conditions(json).includes("Established=True"),
    );
  }

  it("serves a resource as soon as its CRD is seen as established", async () => {
    await establish("foos", "Foo");
    const path = "/apis/ex.test/v1/namespaces/n/foos";
    const body = objectOf("Foo", "a", { spec: { old: "x", gone: 1 } });
    const created = await ask("POST", path, { body });
    equal(created.status, 201);
    deepEqual(created.json["spec"], { old: "x" });
  });

  it("converts by name and prunes what the other version does not know", async () => {
    await establish("bars", "Bar");
    const body = { ...objectOf("Bar", "a", { spec: { new: "x" } }), apiVersion: "ex.test/v2" };
    const created = await ask("POST", "/apis/ex.test/v2/namespaces/n/bars", { body });
    deepEqual([created.status, created.json["spec"]], [201, {}]);
    const read = await ask("GET", "/apis/ex.test/v1/namespaces/n/bars/a");
    equal(read.json["apiVersion"], "ex.test/v1");
  });

  it("shows a new default on what was stored before, and stores it with the next write", async () => {
    await establish("lates", "Late");
    const path = "/apis/ex.test/v1/namespaces/n/lates";
    await ask("POST", path, { body: objectOf("Late", "a", { spec: {} }) });
    const { spec } = crdOf("lates", "Late", { color: { type: "string", default: "red" } });
    const patched = await ask("PATCH", `${crdPath}/lates.ex.test`, {
      body: { spec },
      type: mergePatch,
    });
    equal(patched.status, 200, patched.text);
    const read = await until(`${path}/a`, ({ json }) => memberOf(json, "spec", "color") === "red");
    const unchanged = await ask("PUT", `${path}/a`, { body: read.json });
    equal(unchanged.status, 200);
    const version = (answer: Answer): JsonValue | undefined =>
      memberOf(answer.json, "metadata", "resourceVersion");
    equal(version(unchanged) === version(read), false);
  });

  it("keeps a deleted CRD until its last instance has lost its finalizers", async () => {
    await establish("holds", "Hold");
    const path = "/apis/ex.test/v1/namespaces/n/holds";
    const metadata = { name: "held", finalizers: ["ex.test/f"] };
    await ask("POST", path, { body: { ...objectOf("Hold", "held"), metadata } });
    const deleted = await ask("DELETE", `${crdPath}/holds.ex.test`);
    deepEqual(memberOf(deleted.json, "metadata", "finalizers"), [
      "customresourcecleanup.apiextensions.k8s.io",
    ]);
    await until(
      `${path}/held`,
      ({ json }) => memberOf(json, "metadata", "deletionTimestamp") !== undefined,
    );
    const refused = await ask("POST", path, { body: objectOf("Hold", "new") });
    equal(
      refused.json["message"],
      'holds.ex.test "new" is forbidden: create not allowed while custom resource definition is terminating',
    );
    const freed = { metadata: { finalizers: null } };
    await ask("PATCH", `${path}/held`, { body: freed, type: mergePatch });
    await until(`${crdPath}/holds.ex.test`, ({ status }) => status === 404);
    equal((await ask("GET", path)).status, 404);
    await establish("holds", "Hold");
    equal((await ask("POST", path, { body: objectOf("Hold", "held") })).status, 201);
  });

  it("has every CRD again after a restart, before it is ready", async () => {
    await establish("stays", "Stay");
    await server[Symbol.asyncDispose]();
    server = await start(store);
    equal((await ask("GET", "/apis/ex.test/v1/namespaces/n/stays")).status, 200);
  });
});

function conditions(crd: JsonObject): readonly string[] {
  const list = memberOf(crd, "status", "conditions");
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: JsonObject) => {
    const { type, status } = each;
    return typeof type === "string" && typeof status === "string" ? [`${type}=${status}`] : [];
  });
}

function memberOf(object: JsonObject, ...path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const step of path) value = isJsonObject(value) ? value[step] : undefined;
  return value;
}
