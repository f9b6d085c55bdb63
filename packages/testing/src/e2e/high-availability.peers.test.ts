import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { findWrites } from "./audit-log.ts";
import { runCellplane } from "./run-program.ts";
import { databaseKind, SharedControlPlanes } from "./shared-control-planes.ts";
import {
  cellNames,
  cellNamespace,
  federatedConfigMap,
  namespace,
  tenantObjects,
} from "./tenant.ts";
import type { TestServer } from "./test-server.ts";
import { topologyRows } from "./topology-rows.ts";
import { findObject, waitFor, waitForObject, waitUntilGone } from "./wait-for.ts";
import { widgetsCrd } from "./widgets-crd.ts";

const members = ["hz-a", "hz-b"] as const;
const core = (resource: string, within?: string): ResourcePath => ({
  group: "",
  version: "v1",
  resource,
  ...(within === undefined ? {} : { namespace: within }),
});
const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};
const configMaps = core("configmaps", "default");
const both = [0, 1] as const;

describe("two control planes on one database", () => {
  let database: MysqlTestServer;
  let url: string;
  let planes: SharedControlPlanes;
  const client = (at: number): RestClient => planes.plane(at).client;

  before(async () => {
    database = await MysqlTestServer.start(databaseKind());
    url = await database.newDatabase();
    planes = await SharedControlPlanes.open({ urls: [url, url], members });
  });
  after(async () => {
    await planes[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  it("refuses a third that is another authority, and says what to copy", async () => {
    const dataDir = join(planes.folder, "stranger");
    const listen = ["--listen", "127.0.0.1:0"];
    const started = await runCellplane([
      "up",
      "--data-dir",
      dataDir,
      "--datastore",
      url,
      ...listen,
    ]);
    equal(started.code, 1);
    match(started.stderr, /belongs to another control plane: .*copy ca\.crt, ca\.key and sa\.key/);
    ok(!started.stderr.includes("s3cret-word"), started.stderr);
  });

  it("show each other's writes at once, and resume each other's reads", async () => {
    for (let round = 0; round < 40; round += 1) {
      const [writer, reader] = [round % 2, (round + 1) % 2];
      const name = `seen-${round}`;
      const { metadata } = await client(writer).create(configMaps, configMap(name));
      const found = await client(reader).get(configMaps, name);
      equal(found.metadata.resourceVersion, metadata.resourceVersion);
      const { items } = await client(reader).list(configMaps);
      ok(items.some((item) => item.metadata.name === name));
    }
    const listed = await client(0).list(configMaps, { limit: 10 });
    await client(1).create(configMaps, configMap("later"));
    const rest = await client(1).list(configMaps, {
      limit: 500,
      continue: listed.metadata.continue ?? "",
    });
    equal(rest.metadata.resourceVersion, listed.metadata.resourceVersion);
    ok(rest.items.every(({ metadata }) => metadata.name !== "later"));
    const from = listed.metadata.resourceVersion ?? "";
    const [event] = await collect(client(1), from, (seen) => seen.length === 1);
    equal(event?.name, "later");
  });

  it("keep one history: watches through both tell the same", async () => {
    const { metadata } = await client(0).list(configMaps);
    const from = metadata.resourceVersion ?? "";
    const watching = both.map((at) => collect(client(at), from, (seen) => seen.length === 40));
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        await client(at % 2).create(configMaps, configMap(`both-${at}`));
        await client((at + 1) % 2).delete(configMaps, `both-${at}`);
      }),
    );
    const [first, second] = await Promise.all(watching);
    deepEqual(first, second);
  });

  it("serve what is defined through the other: a CRD, its objects, and its end", async () => {
    const [a, b] = [planes.kubectl(0), planes.kubectl(1)];
    await a.apply([widgetsCrd]);
    await a.ok(["wait", "--for", "condition=Established", "crd/widgets.example.com"]);
    const widget = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "w", namespace: "default" },
      spec: { size: 1 },
    };
    await waitFor("the other to serve widgets", async () => {
      const { stdout } = await b.run(["api-resources", "--api-group", "example.com", "-o", "name"]);
      return stdout.includes("widgets.example.com") ? true : undefined;
    });
    await b.apply([widget]);
    match(await a.ok(["-n", "default", "get", "widgets", "-o", "name"]), /widget.*\/w/);
    match(await b.ok(["explain", "widget.spec.size"]), /integer/);
    await b.ok(["delete", "crd", "widgets.example.com"]);
    await waitFor("the first to serve widgets no more", async () => {
      const { code } = await a.run(["get", "--raw", "/apis/example.com/v1"]);
      return code === 0 ? undefined : true;
    });
  });

  it("are one authority: tokens, rights and their end", async () => {
    const [a, b] = [planes.kubectl(0), planes.kubectl(1)];
    await a.ok(["-n", "default", "create", "serviceaccount", "robot"]);
    const token = (await a.ok(["-n", "default", "create", "token", "robot"])).trim();
    const asRobot = (at: number): Promise<number> => statusFor(planes.plane(at), token);
    deepEqual(await Promise.all(both.map(asRobot)), [403, 403]);
    const binding = ["-n", "default", "create", "rolebinding", "robot", "--clusterrole", "view"];
    await b.ok([...binding, "--serviceaccount", "default:robot"]);
    const bothAnswer = (code: number): Promise<true> =>
      waitFor(`both to answer ${code}`, async () => {
        const codes = await Promise.all(both.map(asRobot));
        return codes.every((each) => each === code) ? true : undefined;
      });
    await bothAnswer(200);
    await a.ok(["-n", "default", "delete", "rolebinding", "robot"]);
    await bothAnswer(403);
    await b.ok(["-n", "default", "delete", "serviceaccount", "robot"]);
    await bothAnswer(401);
  });

  it("never give an address twice, and a port that both want to one", async () => {
    const services = core("services", "default");
    const created = await Promise.all(
      Array.from({ length: 40 }, (_, at) => client(at % 2).create(services, service(`s-${at}`))),
    );
    const addresses = created.map(({ spec }) => (spec as { readonly clusterIP: string }).clusterIP);
    equal(new Set(addresses).size, addresses.length);
    const wanted = await Promise.allSettled(
      Array.from({ length: 6 }, (_, at) =>
        client(at % 2).create(services, service(`p-${at}`, 31_000)),
      ),
    );
    equal(wanted.filter(({ status }) => status === "fulfilled").length, 1);
  });

  it("bring an object to its cells, whichever is asked, and hold a quota to the last object", async () => {
    await Promise.all(members.map((name, at) => planes.join(name, at)));
    await planes.kubectl(1).apply(tenantObjects());
    await planes.kubectl(0).apply([federatedConfigMap("app", "one")]);
    const place = { client: client(1), path: federatedConfigMaps, name: "app" };
    await waitForObject(place, topologyRows, allCells("1"));
    await planes.kubectl(1).apply([federatedConfigMap("app", "two", { mask: ["rz00a"] })]);
    const held = { rz00a: "2", rz00b: "1 Held behind 1", rz01a: "1 Held behind 1" };
    await waitForObject({ ...place, client: client(0) }, topologyRows, {
      ...held,
      rz01b: "1 Held behind 1",
    });

    await planes.kubectl(0).apply([quota(20)]);
    await waitFor("both to know the quota", async () => {
      const refused = await Promise.all(
        both.map((at) => planes.kubectl(at).run(["get", "tenantquota", "bank", "-o", "name"])),
      );
      return refused.every(({ code }) => code === 0) ? true : undefined;
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) =>
        client(at % 2).create(
          federatedConfigMaps,
          federatedConfigMap(`q-${at}`, "one", { cells: [] }),
        ),
      ),
    );
    // One was there before.
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 19);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") ok(isStatus(outcome.reason, "Forbidden"), outcome.reason);
    }
    equal((await client(1).list(federatedConfigMaps)).items.length, 20);
    await planes.kubectl(0).ok(["delete", "tenantquota", "bank"]);
  });

  it("end a namespace that is deleted through one that does not lead", async () => {
    const follower = 1 - (await planes.leader(0));
    await client(follower).create(core("namespaces"), {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "gone" },
    });
    await client(follower).create(core("configmaps", "gone"), configMap("in-it"));
    await client(follower).delete(core("namespaces"), "gone");
    await waitUntilGone({ client: client(1 - follower), path: core("namespaces"), name: "gone" });
  });

  it("survive the leader's death under load: the other leads, nothing is lost or written twice", async () => {
    const dead = await planes.leader(0);
    const alive = 1 - dead;
    const { metadata } = await client(dead).list(configMaps);
    const from = metadata.resourceVersion ?? "";
    const throughDead = collect(client(dead), from, () => false);
    const acknowledged: string[] = [];
    const stopLoad = new AbortController();
    const load = both.map(async (at) => {
      for (let i = 0; !stopLoad.signal.aborted; i += 1) {
        const name = `load-${at}-${i}`;
        try {
          await client(at).create(configMaps, configMap(name));
          acknowledged.push(name);
        } catch (error) {
          if (at === alive) throw error;
          return;
        }
      }
    });
    await waitFor("some load", async () => (acknowledged.length > 40 ? true : undefined));
    await planes.plane(dead).crash();
    await client(alive).patch(federatedConfigMaps, "app", {
      type: "merge",
      body: { spec: { template: { data: { value: "three" } } } },
    });
    const place = { client: client(alive), path: federatedConfigMaps, name: "app" };
    await waitForObject(place, (object) => topologyRows(object)["rz00a"], "3");
    equal(await planes.leader(alive), alive);
    stopLoad.abort();
    await Promise.all(load);

    const { items } = await client(alive).list(configMaps);
    const there = new Set(items.map((item) => item.metadata.name ?? ""));
    const seen = await throughDead;
    const last = [...there].filter((name) => name.startsWith("load-")).length;
    const resumed = await collect(
      client(alive),
      seen.at(-1)?.revision ?? from,
      (more) => seen.length + more.length >= last,
    );
    const names = [...seen, ...resumed].map(({ name }) => name);
    equal(new Set(names).size, names.length, "an event was told twice");
    for (const name of acknowledged) {
      ok(there.has(name), `${name} was acknowledged, and is lost`);
      ok(names.includes(name), `${name} was never told`);
    }
    for (const cell of ["rz00b", "rz01a", "rz01b"]) {
      const member = planes.member(cell === "rz01a" ? "hz-a" : "hz-b");
      const where = { resource: "configmaps", namespace: cellNamespace(cell), name: "app" };
      deepEqual(
        findWrites(await member.audit(), where).map(({ verb }) => verb),
        ["create"],
        `${cell} is masked`,
      );
    }
  });

  it("take the dead one back, which then only contends", async () => {
    const dead = planes.planes.findIndex(({ isRunning }) => !isRunning);
    await planes.plane(dead).restart();
    match(planes.plane(dead).output, /ready at/);
    const found = await findObject({ client: client(dead), path: configMaps, name: "later" });
    equal(found?.metadata.name, "later");
    equal(await planes.leader(dead), 1 - dead);
  });
});

/** One event of a watch. */
interface Seen {
  readonly type: string;
  readonly name: string;
  readonly revision: string;
}

/** Reads a watch of ConfigMaps until enough has been seen, or its server is gone. */
async function collect(
  client: RestClient,
  resourceVersion: string,
  isEnough: (seen: readonly Seen[]) => boolean,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const signal = AbortSignal.timeout(30_000);
  try {
    for await (const { type, object } of client.watch(configMaps, { resourceVersion }, signal)) {
      const { name = "", resourceVersion: revision = "" } = object.metadata;
      seen.push({ type, name, revision });
      if (isEnough(seen)) return seen;
    }
  } catch (error) {
    if (signal.aborted) throw new Error(`saw only ${seen.length} events`, { cause: error });
  }
  return seen;
}

function allCells(row: string): Readonly<Record<string, string>> {
  return Object.fromEntries(cellNames.map((cell) => [cell, row]));
}

function configMap(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
}

function service(name: string, nodePort?: number): KubernetesObject {
  const port = { port: 80, ...(nodePort === undefined ? {} : { nodePort }) };
  const spec = { type: nodePort === undefined ? "ClusterIP" : "NodePort", ports: [port] };
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec };
}

function quota(hard: number): object {
  return {
    apiVersion: "cellplane.io/v1alpha1",
    kind: "TenantQuota",
    metadata: { name: "bank" },
    spec: { tenant: "bank", hard: { "count/federatedconfigmaps.types.kubefed.io": String(hard) } },
  };
}

/** The status of an answer to who shows nothing but a token. */
async function statusFor(plane: TestServer, token: string): Promise<number> {
  const { connection } = await loadKubeconfig({ file: plane.kubeconfig });
  const { clientCertificate: _c, clientKey: _k, ...rest } = connection;
  await using client = connectRestClient(
    { ...rest, token: async () => token },
    { userAgent: "robot" },
  );
  const path = "/api/v1/namespaces/default/configmaps?limit=1";
  return (await client.raw({ method: "GET", path })).status;
}
