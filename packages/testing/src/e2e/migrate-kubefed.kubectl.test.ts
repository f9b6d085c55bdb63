import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type JsonObject, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import type { AuditEvent } from "./audit-log.ts";
import { clusterNames, FederationFixture } from "./federation-fixture.ts";
import { fixtureOf, kubefedFixtures, namespaceTarget } from "./kubefed-fixtures.ts";
import { KubefedHost } from "./kubefed-host.ts";
import { type ProgramResult, runCellplane } from "./run-program.ts";
import { TestServer } from "./test-server.ts";
import { findObject, waitFor, waitForObject } from "./wait-for.ts";

const namespace = "shop";
const everywhere = { clusters: clusterNames.map((name) => ({ name })) };
const configMaps: ResourcePath = { group: "", version: "v1", resource: "configmaps", namespace };
const federated = (plural: string): ResourcePath => ({
  group: "types.kubefed.io",
  version: "v1beta1",
  resource: plural,
  namespace,
});

// The fixtures, their namespace, one that was scaled, and one that is placed in one cluster only.
const inStepCount = kubefedFixtures.length + 3;
const held = [
  "FederatedConfigMap shop/drifted",
  "FederatedConfigMap shop/leftover",
  "FederatedConfigMap shop/unfinished",
];

describe("cellplane migrate kubefed", () => {
  let fixture: FederationFixture;
  let host: KubefedHost;
  let hostServer: TestServer;
  const offsets = new Map<TestServer, number>();

  before(async () => {
    fixture = await FederationFixture.open();
    hostServer = await TestServer.start({
      verb: "member",
      dataDir: join(fixture.folder, "host"),
      datastore: "memory",
    });
    const members = new Map(clusterNames.map((name) => [name, fixture.member(name)]));
    const types = [{ target: namespaceTarget, shortName: "ns" }, ...kubefedFixtures];
    host = await KubefedHost.install(hostServer, members, types);
    await fill();
    // What this set-up did is written down a moment after it was answered.
    await waitFor("the audit log to have the set-up", async () =>
      (await hostServer.audit()).some(
        ({ stage, objectRef }) => stage === "ResponseComplete" && objectRef?.name === "other",
      )
        ? true
        : undefined,
    );
    for (const server of [hostServer, ...members.values()]) {
      offsets.set(server, (await server.audit()).length);
    }
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
    await hostServer[Symbol.asyncDispose]();
  });

  /** Federated objects as KubeFed left them: in step, but for three. */
  async function fill(): Promise<void> {
    const client = host.client;
    const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await client.create({ group: "", version: "v1", resource: "namespaces" }, home);
    const homeSpec = { template: {}, placement: everywhere };
    await host.federate({ target: namespaceTarget, name: namespace, namespace, spec: homeSpec });
    for (const { target, template, overrides } of kubefedFixtures) {
      const changes = overrides?.(clusterNames[0]);
      await host.federate({
        target,
        name: "web",
        ...(target.scope === "Cluster" ? {} : { namespace }),
        spec: {
          template,
          placement: everywhere,
          ...(changes === undefined ? {} : { overrides: changes }),
        },
      });
    }
    const { target: configMap } = fixtureOf("ConfigMap");
    const { target: deployment, template } = fixtureOf("Deployment");
    const scaled = { template, placement: everywhere, retainReplicas: true };
    await host.federate({ target: deployment, name: "scaled", namespace, spec: scaled });
    const settings = {
      template: { data: { colour: "blue" } },
      placement: { clusters: [{ name: "hz-a" }] },
    };
    await host.federate({ target: configMap, name: "settings", namespace, spec: settings });
    for (const name of ["drifted", "leftover", "unfinished", "leaving"]) {
      const spec = { template: { data: { name } }, placement: everywhere };
      await host.federate({ target: configMap, name, namespace, spec });
    }
    await changeAfterwards();
  }

  /** What happened since KubeFed last wrote. */
  async function changeAfterwards(): Promise<void> {
    const merge = (body: JsonObject) => ({ type: "merge", body }) as const;
    const member = fixture.member("hz-b").client;
    const deployments: ResourcePath = {
      group: "apps",
      version: "v1",
      resource: "deployments",
      namespace,
    };
    const services: ResourcePath = { group: "", version: "v1", resource: "services", namespace };
    // A member's own controllers at work: no difference.
    await member.patch(deployments, "scaled", merge({ spec: { replicas: 5 } }));
    const status = { loadBalancer: { ingress: [{ ip: "10.1.2.3" }] } };
    await member.patch(services, "web", { ...merge({ status }), subresource: "status" });
    await member.patch(configMaps, "drifted", merge({ data: { name: "somebody's" } }));
    const fcm = federated("federatedconfigmaps");
    const placement = { clusters: [{ name: "hz-a" }] };
    await host.client.patch(fcm, "leftover", merge({ spec: { placement } }));
    const template = { data: { name: "newer" } };
    await host.client.patch(fcm, "unfinished", merge({ spec: { template } }));
    await host.client.delete(fcm, "leaving");
    const preferences = { group: "scheduling.kubefed.io", version: "v1alpha1" };
    await host.client.create(
      { ...preferences, resource: "replicaschedulingpreferences", namespace },
      {
        apiVersion: "scheduling.kubefed.io/v1alpha1",
        kind: "ReplicaSchedulingPreference",
        metadata: { name: "other", namespace },
        spec: { targetKind: "FederatedDeployment", totalReplicas: 3 },
      },
    );
  }

  const migrate = (...args: readonly string[]): Promise<ProgramResult> =>
    runCellplane([
      ...["migrate", "kubefed", "--from-kubeconfig", hostServer.kubeconfig],
      ...["--kubeconfig", fixture.controlPlane.kubeconfig, ...args],
    ]);

  /** What certain users have written to a server since the migration began. */
  const writesTo = async (server: TestServer, users: RegExp): Promise<readonly string[]> => {
    const events = (await server.audit()).slice(offsets.get(server) ?? 0);
    const writes = events.filter(
      ({ stage, verb }) => stage === "ResponseComplete" && isWrite(verb),
    );
    return writes
      .filter(({ user }) => users.test(user.username ?? ""))
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`);
  };
  const isWrite = (verb: AuditEvent["verb"]): boolean =>
    ["create", "update", "patch", "delete", "deletecollection"].includes(verb);
  // The account that KubeFed has in members, and that is taken over.
  const kubefedAccount = /^system:serviceaccount:kube-federation-system:hz-.-host$/;
  const memberWrites = async (): Promise<readonly string[]> =>
    (
      await Promise.all(clusterNames.map((name) => writesTo(fixture.member(name), kubefedAccount)))
    ).flat();

  it("refuses while KubeFed's controller runs", async () => {
    await host.setLock(new Date());
    const { code, stderr } = await migrate();
    equal(code, 1);
    match(stderr, /KubeFed's controller still runs: "kubefed-controller-manager-5d8f_2c1a" holds/);
    match(stderr, /scale deployment kubefed-controller-manager --replicas=0/);
    await host.setLock(new Date(Date.now() - 3_600_000));
  });

  it("tells beforehand what is in step, and changes nothing", async () => {
    const { code, stdout, stderr } = await migrate("--dry-run");
    equal(code, 2, stderr);
    match(stdout, new RegExp(`${inStepCount} in step: nothing will be written`));
    match(stdout, /FederatedConfigMap shop\/drifted +HELD +hz-b +would be updated/);
    match(stdout, /FederatedConfigMap shop\/leftover +HELD +hz-b +would be deleted/);
    match(stdout, /FederatedConfigMap shop\/unfinished +HELD +hz-a +would be updated/);
    match(stdout, /FederatedConfigMap shop\/leaving +LEFT +- +it is being deleted in KubeFed/);
    match(stdout, /1 ReplicaSchedulingPreferences are not copied/);
    const clusters = ["get", "kubefedclusters", "-A", "-o", "name"];
    equal(await fixture.kubectl.ok(clusters), "");
  });

  it("takes everything over without one write to a member, and holds what differs", async () => {
    const { code, stdout, stderr } = await migrate();
    equal(code, 2, stderr);
    match(stdout, new RegExp(`${inStepCount} in step and released: nothing was written`));
    match(stdout, /3 held by an empty placement mask\n +1 left on the host/);
    match(stdout, /Enabled: clusterroles\.rbac\.authorization\.k8s\.io/);
    await waitForStates();
    deepEqual(await memberWrites(), []);
  });

  /** Every copy is as it should be in the control plane's own words. */
  async function waitForStates(): Promise<void> {
    const { client } = fixture.controlPlane;
    for (const { target } of kubefedFixtures) {
      const { namespace: _, ...clusterWide } = federated(`federated${target.pluralName}`);
      const path =
        target.scope === "Cluster" ? clusterWide : federated(`federated${target.pluralName}`);
      await waitForObject({ client, path, name: "web" }, propagation, {
        status: "True",
        mask: false,
      });
    }
    for (const words of held) {
      const name = words.split("/")[1] ?? "";
      const object = await client.get(federated("federatedconfigmaps"), name);
      deepEqual((object["spec"] as JsonObject)["placementMask"], { clusters: [] }, name);
    }
  }

  function propagation(object: KubernetesObject): unknown {
    const { conditions, observedGeneration } = (object["status"] ?? {}) as {
      readonly conditions?: readonly JsonObject[];
      readonly observedGeneration?: number;
    };
    if (observedGeneration !== object.metadata.generation) return undefined;
    const condition = conditions?.find(({ type }) => type === "Propagation");
    const { placementMask } = object["spec"] as JsonObject;
    return { status: condition?.["status"], mask: placementMask !== undefined };
  }

  it("finds nothing more to do in a second run", async () => {
    const { code, stdout, stderr } = await migrate("-o", "name");
    equal(code, 2, stderr);
    deepEqual(stdout.trim().split("\n").sort(), held);
    deepEqual(await memberWrites(), []);
  });

  it("writes nothing after a restart of the control plane, and one edit once", async () => {
    await fixture.controlPlane.stop();
    await fixture.controlPlane.restart();
    for (const name of clusterNames) await fixture.waitForCluster(name, "Ready");
    // Each is looked at anew.
    const note = ["--all", "example.com/looked-at=again"];
    for (const plural of ["federatedconfigmaps", "federateddeployments", "federatedservices"]) {
      await fixture.kubectl.ok(["-n", namespace, "annotate", plural, ...note]);
    }
    const patch = JSON.stringify({ spec: { template: { data: { colour: "red" } } } });
    await fixture.kubectl.ok([
      "-n",
      namespace,
      "patch",
      "fcm",
      "settings",
      "--type=merge",
      "-p",
      patch,
    ]);
    const { client } = fixture.member("hz-a");
    const settings = { client, path: configMaps, name: "settings" };
    await waitForObject(settings, ({ data }) => data, { colour: "red" });
    const written = await findObject(settings);
    match(
      written?.metadata.annotations?.["federation.cellplane.io/source"] ?? "",
      /FederatedConfigMap\/shop\/settings\/hz-a$/,
    );
    const place = {
      client: fixture.controlPlane.client,
      path: federated("federatedconfigmaps"),
      name: "settings",
    };
    await waitForObject(place, propagation, { status: "True", mask: false });
    deepEqual(await memberWrites(), ["update configmaps/settings"]);
  });

  it("releases what is in step by now when it is run again", async () => {
    const body = { data: { name: "drifted" } };
    await fixture.member("hz-b").client.patch(configMaps, "drifted", { type: "merge", body });
    const { code, stdout, stderr } = await migrate("-o", "json");
    equal(code, 2, stderr);
    const { objects } = parseJson(stdout) as unknown as {
      readonly objects: readonly { readonly object: string; readonly state: string }[];
    };
    const stateOf = (words: string): string | undefined =>
      objects.find(({ object }) => object === words)?.state;
    deepEqual(held.map(stateOf), ["released", "held", "held"]);
    deepEqual(await memberWrites(), ["update configmaps/settings"]);
  });

  it("changes KubeFed's credential for one with fewer rights when a cluster is joined again", async () => {
    await fixture.join("hz-a");
    const secrets = ["-n", "kube-federation-system", "get", "secrets", "-o", "name"];
    const names = (await fixture.kubectl.ok(secrets)).trim().split("\n");
    deepEqual(names.filter((name) => name.startsWith("secret/hz-")).sort(), [
      "secret/hz-a-credential",
      "secret/hz-b-x7k2p",
    ]);
    await fixture.waitForCluster("hz-a", "Ready");
    const patch = JSON.stringify({ spec: { template: { data: { colour: "green" } } } });
    const target = ["-n", namespace, "patch", "fcm", "settings", "--type=merge", "-p", patch];
    await fixture.kubectl.ok(target);
    const { client } = fixture.member("hz-a");
    await waitForObject({ client, path: configMaps, name: "settings" }, ({ data }) => data, {
      colour: "green",
    });
    deepEqual(await memberWrites(), ["update configmaps/settings"]);
  });

  it("never wrote to the host", async () => {
    const anybody = /^(?!system:cellplane-controllers$)/;
    const writes = await writesTo(hostServer, anybody);
    // The lock, by this test.
    deepEqual(new Set(writes), new Set(["patch configmaps/kubefed-controller-manager"]));
  });
});
