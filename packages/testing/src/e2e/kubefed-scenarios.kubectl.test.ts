import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { clusterNames, FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { CrudTester, type CrudSite } from "./kubefed/crud-tester.ts";
import { type KubefedFixture, kubefedFixtures } from "./kubefed/fixtures.ts";
import { runCellplane } from "./run-program.ts";
import { findObject, waitFor } from "./wait-for.ts";

const namespace = "e2e-tests-kubefed";
const core = (resource: string, version = "v1beta1"): ResourcePath => ({
  group: "core.kubefed.io",
  version,
  resource,
  namespace: systemNamespace,
});
const federatedPath = (resource: string): ResourcePath => ({
  group: "types.kubefed.io",
  version: "v1beta1",
  resource,
  namespace,
});
const configMaps: ResourcePath = { group: "", version: "v1", resource: "configmaps", namespace };
const managed = { "kubefed.io/managed": "true" };

/** KubeFed's own end-to-end scenarios (reference §5.2), through its own version of the API. */
describe("KubeFed's scenarios", () => {
  let fixture: FederationFixture;
  let host: RestClient;
  let site: CrudSite;
  const member = (name: string): RestClient => fixture.member(name).client;

  before(async () => {
    fixture = await FederationFixture.open();
    // Not enabled from the start: who may write ClusterRoles in a member may do everything there.
    await Promise.all(clusterNames.map((name) => fixture.join(name)));
    await cellplane("enable", "clusterroles.rbac.authorization.k8s.io", "--member", "hz-a");
    for (const name of clusterNames) {
      const { kubeconfig } = fixture.member(name);
      await cellplane("join", name, "--member-kubeconfig", kubeconfig);
    }
    host = fixture.controlPlane.client;
    site = { host, members: new Map(clusterNames.map((name) => [name, member(name)])), namespace };
    await makeNamespace(namespace);
    await host.create(federatedPath("federatednamespaces"), {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedNamespace",
      metadata: { name: namespace, namespace },
      spec: { placement: { clusterSelector: {} } },
    });
  });
  after(() => fixture[Symbol.asyncDispose]());

  async function makeNamespace(name: string): Promise<void> {
    const path = { group: "", version: "v1", resource: "namespaces" };
    await host.create(path, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  for (const each of kubefedFixtures.filter(({ kind }) => kind !== "Namespace")) {
    it(`${each.type}: created, read, updated, moved and deleted`, async () => {
      const tester = new CrudTester(site, each, `federated${each.target.resource}`);
      await tester.create();
      await tester.update();
      await tester.leaveFirstCluster();
      await tester.delete();
    });
  }

  it("namespaces: created, updated, moved and deleted", async () => {
    const name = "e2e-tests-namespaces";
    await makeNamespace(name);
    const found = kubefedFixtures.find(({ kind }) => kind === "Namespace");
    ok(found);
    const tester = new CrudTester({ ...site, namespace: name }, found, "federatednamespaces");
    await tester.create();
    await tester.update();
    await tester.leaveFirstCluster();
    await tester.delete();
  });

  for (const type of ["jobs.batch", "deployments.apps", "replicasets.apps"]) {
    it(`${type}: every cluster's status comes back`, async () => {
      const each = kubefedFixtures.find((candidate) => candidate.type === type);
      ok(each);
      const tester = new CrudTester(site, each, `federated${each.target.resource}`);
      await tester.create();
      await waitFor("a remote status from each cluster", async () => {
        const object = await tester.checkPropagation();
        const { clusters } = object["status"] as {
          readonly clusters: readonly { readonly remoteStatus?: JsonObject }[];
        };
        return clusters.length === 2 && clusters.every(({ remoteStatus }) => remoteStatus)
          ? true
          : undefined;
      });
      await tester.delete();
    });
  }

  it("an object whose namespace is not federated says so", async () => {
    const lonely = "e2e-tests-not-federated";
    await makeNamespace(lonely);
    const path = { ...federatedPath("federatedconfigmaps"), namespace: lonely };
    await host.create(path, federatedConfigMap("lonely", lonely));
    await waitFor("NamespaceNotFederated", async () => {
      const { conditions = [] } = ((await host.get(path, "lonely"))["status"] ?? {}) as {
        readonly conditions?: readonly { readonly reason?: string; readonly status: string }[];
      };
      const isSaid = conditions.some(
        ({ reason, status }) => reason === "NamespaceNotFederated" && status === "False",
      );
      return isSaid ? true : undefined;
    });
    await host.delete(path, "lonely");
  });

  // KubeFed takes the label away. It cannot know whose the object is: another federation may have
  // made it, or it is about to be taken over from KubeFed; so here nothing is written to it.
  it("a member's object that is nobody's is left as it is", async () => {
    await waitForNamespaceInMembers();
    const metadata = { name: "stray", namespace, labels: managed };
    const stray = { apiVersion: "v1", kind: "ConfigMap", metadata };
    const { metadata: made } = await member("hz-a").create(configMaps, stray);
    // By the time a later object has come and gone, the stray one was seen, too.
    const each = kubefedFixtures.find(({ kind }) => kind === "ConfigMap");
    ok(each);
    const tester = new CrudTester(site, each, "federatedconfigmaps");
    await tester.create();
    await tester.delete();
    const { metadata: now } = await member("hz-a").get(configMaps, "stray");
    equal(now.resourceVersion, made.resourceVersion);
  });

  it("an unlabelled object of the same name is not deleted by an object placed nowhere", async () => {
    await waitForNamespaceInMembers();
    await member("hz-a").create(configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "unlabelled", namespace },
    });
    const path = federatedPath("federatedconfigmaps");
    await host.create(path, federatedConfigMap("unlabelled", namespace, []));
    await waitFor("the object to be seen", async () => {
      const { status, metadata } = await host.get(path, "unlabelled");
      const { observedGeneration } = (status ?? {}) as { readonly observedGeneration?: number };
      return observedGeneration === metadata.generation ? true : undefined;
    });
    await host.delete(path, "unlabelled");
    await waitFor("the federated object to be gone", async () =>
      (await findObject({ client: host, path, name: "unlabelled" })) ? undefined : true,
    );
    ok(await findObject({ client: member("hz-a"), path: configMaps, name: "unlabelled" }));
  });

  for (const scope of ["Namespaced", "Cluster"] as const) {
    it(`a CRD of scope ${scope}: enabled, propagated, orphaned and disabled`, async () => {
      const plural = `testfedtarget${scope.toLowerCase()}s`;
      const kind = `TestFedTarget${scope}`;
      const crd = testCrd(plural, kind, scope);
      const crds: ResourcePath = {
        group: "apiextensions.k8s.io",
        version: "v1",
        resource: "customresourcedefinitions",
      };
      for (const name of clusterNames) await member(name).create(crds, crd);
      await cellplane("enable", `${plural}.example.com`, "--member", "hz-a");
      for (const name of clusterNames) {
        const { kubeconfig } = fixture.member(name);
        await cellplane("join", name, "--member-kubeconfig", kubeconfig);
      }
      const each: KubefedFixture = {
        type: `${plural}.example.com`,
        target: { group: "example.com", version: "v1", resource: plural },
        kind,
        isNamespaced: scope === "Namespaced",
        template: { spec: { bar: "baz" } },
        overrides: [{ path: "/spec/bar", value: "qux" }],
      };
      const tester = new CrudTester(site, each, `federated${plural}`);
      await tester.create();
      await tester.update();
      await tester.leaveFirstCluster();
      await tester.delete(scope === "Namespaced" ? "orphan" : "delete");
      await cellplane("disable", `${plural}.example.com`, "--delete-crd");
      equal(
        await findObject({ client: host, path: crds, name: `federated${plural}.types.kubefed.io` }),
        undefined,
      );
    });
  }

  it("delete options: what a ReplicaSet's owner leaves behind survives with propagationPolicy Orphan", async () => {
    const each = kubefedFixtures.find(({ kind }) => kind === "Deployment");
    ok(each);
    const tester = new CrudTester(site, each, "federateddeployments");
    await tester.create();
    const replicaSets: ResourcePath = {
      group: "apps",
      version: "v1",
      resource: "replicasets",
      namespace,
    };
    const owner = await tester.inCluster("hz-b");
    ok(owner);
    await member("hz-b").create(replicaSets, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: "owned",
        namespace,
        ownerReferences: [
          {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: tester.name,
            uid: owner.metadata.uid ?? "",
          },
        ],
      },
      spec: each.template["spec"] ?? {},
    });
    await host.patch(federatedPath("federateddeployments"), tester.name, {
      type: "merge",
      body: {
        metadata: {
          annotations: { "kubefed.io/deleteoption": '{"propagationPolicy":"Orphan"}' },
        },
      },
    });
    await tester.delete();
    const left = await waitFor("the owner reference to go", async () => {
      const live = await member("hz-b").get(replicaSets, "owned");
      return (live.metadata.ownerReferences ?? []).length === 0 ? live : undefined;
    });
    equal(left.metadata.deletionTimestamp, undefined);
  });

  it("an FTC, a cluster and a config that are wrong are refused, on create and on update", async () => {
    const wrongType = {
      apiVersion: "core.kubefed.io/v1beta1",
      kind: "FederatedTypeConfig",
      metadata: { name: "daemonsets.apps", namespace: systemNamespace },
      spec: {
        targetType: {
          group: "apps",
          version: "v1",
          kind: "DaemonSet",
          pluralName: "daemonsets",
          scope: "Namespaced",
        },
        federatedType: {
          group: "",
          version: "v1beta1",
          kind: "FederatedDaemonSet",
          pluralName: "federateddaemonsets",
          scope: "Namespaced",
        },
        propagation: "Disabled",
      },
    };
    await rejects(host.create(core("federatedtypeconfigs"), wrongType), { reason: "Invalid" });
    const cluster = (apiEndpoint: string): KubernetesObject => ({
      apiVersion: "core.kubefed.io/v1beta1",
      kind: "KubeFedCluster",
      metadata: { name: "wrong", namespace: systemNamespace },
      spec: { apiEndpoint, secretRef: { name: "wrong" } },
    });
    await rejects(host.create(core("kubefedclusters"), cluster("")), { reason: "Invalid" });
    const body = { spec: { syncController: { adoptResources: "Unknown" } } };
    await rejects(host.patch(core("kubefedconfigs"), "kubefed", { type: "merge", body }), {
      reason: "Invalid",
    });
  });

  it("what KubeFedConfig leaves out is filled in, and what it sets is kept", async () => {
    const { spec } = (await host.get(core("kubefedconfigs"), "kubefed")) as unknown as {
      readonly spec: {
        readonly controllerDuration: JsonObject;
        readonly clusterHealthCheck: JsonObject;
        readonly leaderElect: JsonObject;
      };
    };
    deepEqual(spec.controllerDuration["availableDelay"], "20s");
    equal(spec.clusterHealthCheck["period"], "1s", "set by this suite");
    equal(spec.clusterHealthCheck["successThreshold"], 1);
    equal(spec.leaderElect["leaseDuration"], "15s");
  });

  it("a cluster tells its member's version", async () => {
    for (const name of clusterNames) {
      const answer = await member(name).raw({ method: "GET", path: "/version" });
      const { gitVersion } = JSON.parse(Buffer.from(answer.body).toString()) as JsonObject;
      const { status } = (await host.get(core("kubefedclusters"), name)) as unknown as {
        readonly status: { readonly kubernetesVersion: string };
      };
      equal(status.kubernetesVersion, gitVersion);
    }
  });

  it("a ledger that is deleted comes back without a write to a member", async () => {
    const each = kubefedFixtures.find(({ kind }) => kind === "ConfigMap");
    ok(each);
    const tester = new CrudTester(site, each, "federatedconfigmaps");
    await tester.create();
    const before = await tester.versions();
    const ledgers = { ...core("propagatedversions", "v1alpha1"), namespace };
    await host.delete(ledgers, `configmap-${tester.name}`);
    await waitFor("the ledger", async () => {
      const place = { client: host, path: ledgers, name: `configmap-${tester.name}` };
      const found = await findObject(place);
      return found?.["status"] === undefined ? undefined : true;
    });
    deepEqual(
      (await tester.versions()).clusterVersions?.map(({ version }) => version),
      [...(before.clusterVersions ?? []).map(({ version }) => version)],
    );
    await tester.delete();
  });

  async function waitForNamespaceInMembers(): Promise<void> {
    const path = { group: "", version: "v1", resource: "namespaces" };
    for (const name of clusterNames) {
      const place = { client: member(name), path, name: namespace };
      await waitFor("the namespace", async () => ((await findObject(place)) ? true : undefined));
    }
  }

  async function cellplane(...args: readonly string[]): Promise<void> {
    const { kubeconfig } = fixture.controlPlane;
    const result = await runCellplane([...args, "--kubeconfig", kubeconfig]);
    equal(result.code, 0, `cellplane ${args.join(" ")}: ${result.stderr}`);
  }
});

function federatedConfigMap(
  name: string,
  inNamespace: string,
  clusters: readonly string[] = clusterNames,
): KubernetesObject {
  return {
    apiVersion: "types.kubefed.io/v1beta1",
    kind: "FederatedConfigMap",
    metadata: { name, namespace: inNamespace },
    spec: {
      template: { data: { foo: "bar" } },
      placement: { clusters: clusters.map((each) => ({ name: each })) },
    },
  };
}

function testCrd(plural: string, kind: string, scope: string): KubernetesObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: "example.com",
      scope,
      names: { plural, kind, singular: plural.slice(0, -1), listKind: `${kind}List` },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", properties: { bar: { type: "string" } } },
              },
            },
          },
        },
      ],
    },
  };
}
