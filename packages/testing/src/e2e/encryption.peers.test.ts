import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isStatus, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import { Encryption, type ValueTransformer } from "@cellplane/apiserver";
import type { ResourcePath } from "@cellplane/client";
import { createKmsPluginServer, KeyFile } from "@cellplane/kms";
import { type MvccStore, openEtcdStore } from "@cellplane/kv";
import { findFreePorts, findPeer } from "./peers.ts";
import { StockApiServer } from "./stock-api-server.ts";
import { waitFor } from "./wait-for.ts";

/** One resource for each provider, and what its values begin with. */
const prefixes = {
  gcms: "k8s:enc:aesgcm:v1:gcm-key:",
  cbcs: "k8s:enc:aescbc:v1:cbc-key:",
  boxes: "k8s:enc:secretbox:v1:box-key:",
  services: "k8s:enc:kms:v2:vault:",
  plains: '{"apiVersion":"example.com/v1"',
} as const;
type Plural = keyof typeof prefixes;
const plurals = Object.keys(prefixes) as Plural[];

const crdPath: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const pathOf = (resource: string): ResourcePath => ({
  group: "example.com",
  version: "v1",
  resource,
  namespace: "default",
});
const kindOf = (plural: string): string => `Kind${plural}`;
const objectOf = (plural: string, name: string): KubernetesObject => ({
  apiVersion: "example.com/v1",
  kind: kindOf(plural),
  metadata: { name, namespace: "default" },
  spec: { secret: `hidden-${name}` },
});

function crdOf(plural: string): KubernetesObject {
  const schema = {
    openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural, singular: `one${plural}`, kind: kindOf(plural) },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

/** Keys of 16, 24 and 32 bytes, since lengths may go wrong on one side. */
function configurationOf(endpoint: string): object {
  const key = (name: string, bytes: number): object => ({
    keys: [{ name, secret: randomBytes(bytes).toString("base64") }],
  });
  const entry = (plural: Plural, provider: object): object => ({
    resources: [`${plural}.example.com`],
    providers: [provider, { identity: {} }],
  });
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      entry("gcms", { aesgcm: key("gcm-key", 24) }),
      entry("cbcs", { aescbc: key("cbc-key", 16) }),
      entry("boxes", { secretbox: key("box-key", 32) }),
      entry("services", { kms: { apiVersion: "v2", name: "vault", endpoint } }),
      { resources: ["plains.example.com"], providers: [{ identity: {} }] },
    ],
  };
}

async function startEtcd(
  folder: string,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const [port = 0, peerPort = 0] = await findFreePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const flags = [
    ["--data-dir", join(folder, "etcd"), "--initial-cluster", `default=${peer}`],
    ["--listen-client-urls", url, "--advertise-client-urls", url],
    ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
  ];
  return { child: spawn(findPeer("etcd"), flags.flat(), { stdio: "ignore" }), url };
}

describe("values of Kubernetes' own API server", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-encryption-"));
  const opened = new AsyncDisposableStack();
  let stock: StockApiServer;
  let store: MvccStore;
  let encryption: Encryption;
  const valuesOf = (resource: string): ValueTransformer =>
    encryption.transformerOf({ group: "example.com", resource });
  const keyOf = (plural: string, name: string): string =>
    `/registry/apiextensions.kubernetes.io/example.com/${plural}/default/${name}`;
  const read = async (key: string): Promise<Buffer> => {
    const { kvs } = await store.range({ key: Buffer.from(key), limit: 1, revision: 0 });
    const [kv] = kvs;
    ok(kv, `there is no ${key}`);
    return kv.value;
  };

  before(async () => {
    opened.defer(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "keys"), `one:${randomBytes(32).toString("base64")}\n`, {
      mode: 0o600,
    });
    const plugin = opened.use(
      createKmsPluginServer(new KeyFile(join(folder, "keys")), () => undefined),
    );
    const socket = join(folder, "kms.sock");
    await plugin.listen({ path: socket });
    const file = join(folder, "encryption.json");
    writeFileSync(file, JSON.stringify(configurationOf(`unix://${socket}`)));
    const etcd = await startEtcd(folder);
    opened.defer(async () => {
      const ended = once(etcd.child, "exit");
      etcd.child.kill("SIGKILL");
      await ended;
    });
    const flags = ["--encryption-provider-config", file];
    stock = opened.use(
      await StockApiServer.start(join(folder, "stock"), { etcdUrl: etcd.url, flags }),
    );
    store = opened.use(await openEtcdStore(etcd.url.replace("http:", "etcd:")));
    const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
    encryption = opened.use(await Encryption.open({ file, logger: silent, nowMs: Date.now }));
    for (const plural of plurals) await stock.client.create(crdPath, crdOf(plural));
    for (const plural of plurals) {
      await waitFor(`${plural} to be served`, async () => {
        const path = `/apis/example.com/v1/${plural}`;
        return (await stock.client.raw({ method: "GET", path })).status === 200 ? true : undefined;
      });
    }
  });
  after(() => opened.disposeAsync());

  for (const plural of plurals) {
    it(`are read by us: ${prefixes[plural]}`, async () => {
      await stock.client.create(pathOf(plural), objectOf(plural, "theirs"));
      const key = keyOf(plural, "theirs");
      const bytes = await read(key);
      equal(bytes.subarray(0, prefixes[plural].length).toString(), prefixes[plural]);
      const opened = parseJson((await valuesOf(plural).fromStore(bytes, key)).toString());
      deepEqual((opened as unknown as KubernetesObject)["spec"], { secret: "hidden-theirs" });
      equal(await valuesOf(plural).isStale?.(bytes, key), false);
    });

    it(`are written by us: ${prefixes[plural]}`, async () => {
      const key = keyOf(plural, "ours");
      const plain = Buffer.from(JSON.stringify(objectOf(plural, "ours")));
      const value = await valuesOf(plural).toStore(plain, key);
      equal(value.includes("hidden-ours"), plural === "plains");
      await store.txn({
        compare: [],
        success: [{ kind: "put", key: Buffer.from(key), value }],
        failure: [],
      });
      const object = await waitFor(
        "the object to be read",
        () => stock.client.get(pathOf(plural), "ours").catch(() => undefined),
        15_000,
      );
      deepEqual(object["spec"], { secret: "hidden-ours" });
    });
  }

  it("are rewritten by an update without a change if they are plaintext", async () => {
    const key = keyOf("gcms", "plain");
    const value = Buffer.from(JSON.stringify(objectOf("gcms", "plain")));
    equal(await valuesOf("gcms").isStale?.(value, key), true);
    await store.txn({
      compare: [],
      success: [{ kind: "put", key: Buffer.from(key), value }],
      failure: [],
    });
    const object = await stock.client.get(pathOf("gcms"), "plain");
    await stock.client.update(pathOf("gcms"), object);
    match((await read(key)).toString("latin1"), /^k8s:enc:aesgcm:v1:gcm-key:/);
  });

  it("are refused in the same words where the key is unknown", async () => {
    const key = keyOf("boxes", "lost");
    const value = Buffer.from("k8s:enc:secretbox:v1:another:abc");
    await store.txn({
      compare: [],
      success: [{ kind: "put", key: Buffer.from(key), value }],
      failure: [],
    });
    const theirs = await stock.client
      .list(pathOf("boxes"), { resourceVersion: "", limit: 500 })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    ok(isStatus(theirs, "InternalError"), String(theirs));
    let ours = "";
    try {
      await valuesOf("boxes").fromStore(value, key);
    } catch (error) {
      ours = error instanceof Error ? error.message : "";
    }
    equal(ours, (theirs as Error).message);
  });
});
