import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseYaml } from "@cellplane/apimachinery";
import { systemNamespace } from "./federation-fixture.ts";
import { Kubectl } from "./kubectl.ts";
import { PodServer } from "./pod-server/pod-server.ts";
import { ProxyFixture } from "./proxy-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { tenantObjects } from "./tenant.ts";
import { waitFor } from "./wait-for.ts";

function configMap(name: string, value: string): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data: { value },
  };
}

describe("kubectl at a member, through the control plane", () => {
  let fixture: ProxyFixture;
  before(async () => {
    fixture = await ProxyFixture.open();
    await fixture.federation.kubectl.apply(tenantObjects());
  });
  after(() => fixture[Symbol.asyncDispose]());

  for (const [member, way] of [
    ["hz-a", "directly"],
    ["hz-b", "through its agent"],
  ] as const) {
    it(`reads, applies, watches and deletes in ${member}, which is reached ${way}`, async () => {
      const kubectl = await fixture.kubectlFor("alice", ["--cluster", member]);
      await kubectl.apply([configMap("web", "1")]);
      const live = ["get", "configmap", "web", "-o", "jsonpath={.data.value}"];
      equal(await kubectl.ok(live), "1");
      const own = fixture.federation.kubectlAt(fixture.federation.member(member));
      equal(await own.ok(live), "1");
      const watching = kubectl.ok([
        "wait",
        "configmap/web",
        "--for=jsonpath={.data.value}=2",
        "--timeout=40s",
      ]);
      await kubectl.apply([configMap("web", "2")]);
      match(await watching, /condition met/);
      const raw = "/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dweb";
      match(await kubectl.ok(["get", "--raw", raw]), /"value":"2"/);
      await kubectl.ok(["delete", "configmap", "web"]);
      match(await own.refused(live), /configmaps "web" not found/);
    });

    it(`shows the member ${member} who asks, and both sides' audit logs tell of it`, async () => {
      const kubectl = await fixture.kubectlFor("alice", ["--cluster", member]);
      await kubectl.ok(["get", "configmaps", "-n", "kube-public"]);
      const { federation } = fixture;
      const there = await waitFor("the member's event", async () =>
        (await federation.member(member).audit()).find(
          ({ impersonatedUser, objectRef }) =>
            impersonatedUser !== undefined && objectRef?.namespace === "kube-public",
        ),
      );
      match(there.user.username ?? "", /^system:serviceaccount:kube-federation-system:cellplane-/);
      equal(there.impersonatedUser?.username, "alice");
      deepEqual(there.impersonatedUser?.groups?.toSorted(), ["dev", "system:authenticated"]);
      const here = await waitFor("the control plane's event", async () =>
        (await federation.controlPlane.audit()).find(({ auditID }) => auditID === there.auditID),
      );
      equal(here.user.username, "alice");
      const { resource, name, subresource, apiGroup } = here.objectRef ?? {};
      deepEqual(
        { resource, name, subresource, apiGroup },
        {
          resource: "clusters",
          name: member,
          subresource: "proxy",
          apiGroup: "proxy.cellplane.io",
        },
      );
    });
  }

  it("lets the member judge what its user may do there", async () => {
    const kubectl = await fixture.kubectlFor("alice", ["--cluster", "hz-a"]);
    const refusal = await kubectl.refused(["get", "nodes"]);
    match(refusal, /User "alice" cannot list resource "nodes"/);
  });

  it("refuses whoever may not reach the cluster, and tells nobody else which there are", async () => {
    const refusal =
      /User "mallory" cannot get resource "clusters\/proxy" in API group "proxy.cellplane.io"/;
    for (const name of ["hz-a", "hz-z"]) {
      const kubectl = await fixture.kubectlFor("mallory", ["--cluster", name]);
      match(await kubectl.refused(["get", "--raw", "/version"]), refusal);
    }
    const kubectl = await fixture.kubectlFor("alice", ["--cluster", "hz-z"]);
    match(
      await kubectl.refused(["get", "--raw", "/version"]),
      /clusters.proxy.cellplane.io "hz-z" not found/,
    );
  });

  it("begins in the namespace of a cell", async () => {
    const { federation } = fixture;
    const member = federation.kubectlAt(federation.member("hz-b"));
    await member.run(["create", "namespace", "bank-prod-rz00b"]);
    const kubectl = await fixture.kubectlFor("alice", ["--cell", "bank-prod/rz00b"]);
    await kubectl.ok(["create", "configmap", "of-cell"]);
    await member.ok(["-n", "bank-prod-rz00b", "get", "configmap", "of-cell"]);
  });

  it("keeps whoever may reach a cell alone within its namespace, whatever the member allows", async () => {
    const { federation } = fixture;
    const member = federation.kubectlAt(federation.member("hz-b"));
    await member.run(["create", "namespace", "bank-prod-rz00b"]);
    const admin = ["create", "clusterrolebinding", "mallory", "--clusterrole=cluster-admin"];
    await member.ok([...admin, "--user=mallory"]);
    const home = { namespace: "bank-prod", name: "reach-rz00b" };
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const apiGroup = "rbac.authorization.k8s.io";
    const verbs = ["get", "create", "update", "patch", "delete"];
    await federation.kubectl.apply([
      {
        apiVersion,
        kind: "Role",
        metadata: home,
        rules: [
          {
            apiGroups: ["cellplane.io"],
            resources: ["cells", "cells/proxy"],
            resourceNames: ["rz00b"],
            verbs,
          },
        ],
      },
      {
        apiVersion,
        kind: "RoleBinding",
        metadata: home,
        roleRef: { apiGroup, kind: "Role", name: home.name },
        subjects: [{ apiGroup, kind: "User", name: "mallory" }],
      },
    ]);
    const kubectl = await fixture.kubectlFor("mallory", ["--cell", "bank-prod/rz00b"]);
    await kubectl.ok(["create", "configmap", "of-mallory"]);
    match(await kubectl.ok(["get", "configmaps"]), /of-mallory/);
    match(await kubectl.ok(["auth", "can-i", "create", "configmaps"]), /yes/);
    const outside =
      /User "mallory" reaches by this cell the namespace "bank-prod-rz00b" alone, and "\/api\/v1\/\S+" is outside of it/;
    match(await kubectl.refused(["get", "nodes"]), outside);
    match(await kubectl.refused(["get", "secrets", "-n", "kube-system"]), outside);
    match(await kubectl.refused(["delete", "namespace", "bank-prod-rz00b"]), outside);
    const refused = /User "mallory" cannot get resource "clusters\/proxy"/;
    for (const other of ["bank-prod.rz00a", "hz-b"]) {
      const path = `/apis/proxy.cellplane.io/v1alpha1/clusters/${other}/proxy/version`;
      const own = await fixture.kubeconfigOf("mallory");
      const atControlPlane = new Kubectl(own, { home: federation.folder });
      match(await atControlPlane.refused(["get", "--raw", path]), refused);
    }
  });

  it("writes a kubeconfig that nobody else may read, with the credential that was chosen", async () => {
    const kubeconfig = await fixture.kubeconfigOf("alice");
    const out = join(fixture.federation.folder, "mode", "alice-hz-a");
    await runCellplane([
      "kubeconfig",
      "--kubeconfig",
      kubeconfig,
      "--cluster",
      "hz-a",
      "--out",
      out,
    ]);
    equal((await stat(out)).mode & 0o777, 0o600);
    const { clusters, users } = parseYaml(await readFile(out, "utf8")) as {
      readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
      readonly users: readonly { readonly user: object }[];
    };
    deepEqual(users[0]?.user, { token: "token-alice" });
    equal(
      clusters[0]?.cluster.server,
      `${fixture.federation.controlPlane.url}/apis/proxy.cellplane.io/v1alpha1/clusters/hz-a/proxy`,
    );
  });

  it("writes none for a cluster that is not joined, where the user may know", async () => {
    const { kubeconfig } = fixture.federation.controlPlane;
    const asked = ["kubeconfig", "--cluster", "nowhere", "--out", "-", "--kubeconfig"];
    const { code, stdout, stderr } = await runCellplane([...asked, kubeconfig]);
    deepEqual([code, stdout], [1, ""]);
    match(stderr, /^Error: Cannot write a kubeconfig as no cluster "nowhere" is joined\n$/);
    const alice = await runCellplane([...asked, await fixture.kubeconfigOf("alice")]);
    equal(alice.code, 0, alice.stderr);
  });

  it("says how to let the control plane act there where the member does not", async () => {
    const { federation } = fixture;
    await federation.join("hz-a");
    const kubectl = await fixture.kubectlFor("alice", ["--cluster", "hz-a"]);
    const refusal = await kubectl.refused(["get", "configmaps"]);
    match(refusal, /cannot impersonate resource "users"/);
    match(refusal, /"cellplane join hz-a --allow-proxy" lets it/);
    await federation.join("hz-a", ["--allow-proxy"]);
    await kubectl.ok(["get", "configmaps"]);
  });

  it("carries commands, files and logs through the tunnel", async () => {
    const { federation, agents } = fixture;
    await using pods = await PodServer.start();
    await agents.kill("hz-b");
    const spec = { apiEndpoint: pods.url, caBundle: Buffer.from(pods.ca).toString("base64") };
    const patch = ["-n", systemNamespace, "patch", "kubefedcluster", "hz-b", "--type=merge", "-p"];
    const before = await federation.kubectl.ok([...patch, "{}", "-o", "json"]);
    await federation.kubectl.ok([...patch, JSON.stringify({ spec })]);
    await agents.start("hz-b", ["--target", pods.url]);
    const kubectl = await fixture.kubectlFor("alice", ["--cluster", "hz-b"]);
    await waitFor("the agent to serve", async () =>
      (await kubectl.run(["get", "pod", "toolbox"])).code === 0 ? true : undefined,
    );
    const sent = "line\n".repeat(20_000);
    equal(await kubectl.ok(["exec", "-i", "toolbox", "--", "cat"], { stdin: sent }), sent);
    const [from, to] = [join(federation.folder, "from"), join(federation.folder, "to")];
    await writeFile(from, sent);
    await kubectl.ok(["cp", from, `toolbox:${to}`]);
    equal(await readFile(to, "utf8"), sent);
    const coming = pods.nextFollower();
    const following = kubectl.start(["logs", "-f", "toolbox"]);
    const follower = await coming;
    const line = once(following.stdout, "data");
    follower.write("one\n");
    equal(String((await line)[0]), "one\n");
    following.kill("SIGKILL");
    await follower.closed;
    await agents.kill("hz-b");
    const { spec: own } = JSON.parse(before) as { readonly spec: object };
    await federation.kubectl.ok([...patch, JSON.stringify({ spec: own })]);
    await agents.start("hz-b");
    await federation.waitForCluster("hz-b", "Ready");
  });

  it("answers 503 while no agent is there, and 502 while the member is not", async () => {
    const { federation, agents } = fixture;
    const tunnelled = await fixture.kubectlFor("alice", ["--cluster", "hz-b"]);
    await agents.kill("hz-b");
    await federation.waitForCluster("hz-b", "NotReady");
    match(
      await tunnelled.refused(["get", "--raw", "/version"]),
      /Cannot reach cluster "hz-b": No agent available/,
    );
    await agents.start("hz-b");
    await federation.waitForCluster("hz-b", "Ready");
    await tunnelled.ok(["get", "--raw", "/version"]);
    const direct = await fixture.kubectlFor("alice", ["--cluster", "hz-a"]);
    await federation.member("hz-a").stop();
    match(
      await direct.refused(["get", "--raw", "/version"]),
      /Cannot reach cluster "hz-a": Cannot reach https:\/\/127.0.0.1:\d+: the connection was refused/,
    );
  });

  it("shows no credential of a member in anything that it says", async () => {
    const { federation } = fixture;
    const secrets = ["-n", systemNamespace, "get", "secret", "hz-a-credential", "hz-b-credential"];
    const { items } = JSON.parse(await federation.kubectl.ok([...secrets, "-o", "json"])) as {
      readonly items: readonly { readonly data: { readonly token: string } }[];
    };
    const log = JSON.stringify(await federation.controlPlane.audit());
    equal(items.length, 2);
    for (const { data } of items) {
      const token = Buffer.from(data.token, "base64").toString();
      ok(!federation.controlPlane.output.includes(token));
      ok(!log.includes(token));
    }
  });
});
