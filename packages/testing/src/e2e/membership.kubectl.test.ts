import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { type KubeconfigParts, readKubeconfig, writeKubeconfig } from "./member-kubeconfig.ts";
import { type ProgramResult, runCellplane } from "./run-program.ts";
import { cellNames, federated, federatedConfigMap, tenantObjects } from "./tenant.ts";
import { findObject, waitUntilGone } from "./wait-for.ts";

const widgetsCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { size: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

describe("cellplane join, unjoin and enable", () => {
  let fixture: FederationFixture;
  let admin: KubeconfigParts;
  before(async () => {
    fixture = await FederationFixture.open();
    admin = await readKubeconfig(fixture.member("hz-a").kubeconfig);
  });
  after(() => fixture[Symbol.asyncDispose]());

  const cellplane = (...args: readonly string[]): Promise<ProgramResult> =>
    runCellplane([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const joinWith = async (name: string, parts: KubeconfigParts): Promise<ProgramResult> => {
    const file = await writeKubeconfig(join(fixture.folder, "joining.kubeconfig"), parts);
    return cellplane("join", name, "--member-kubeconfig", file, "--timeout", "30");
  };
  const unjoin = (name: string, ...args: readonly string[]): Promise<ProgramResult> => {
    const { kubeconfig } = fixture.member(name);
    return cellplane("unjoin", name, "--member-kubeconfig", kubeconfig, ...args);
  };
  const succeeded = ({ code, stderr }: ProgramResult): void => equal(code, 0, stderr);

  /** What joining leaves behind, on both sides: nothing. */
  const checkNothingLeft = async (): Promise<void> => {
    const member = fixture.kubectlAt(fixture.member("hz-a"));
    const ours = ["-l", "app.kubernetes.io/managed-by=cellplane", "-o", "name"];
    const kinds = "serviceaccounts,secrets,clusterroles,clusterrolebindings";
    equal(await member.ok(["-n", systemNamespace, "get", kinds, ...ours]), "");
    const registered = ["get", "kubefedclusters,secrets", "-o", "name"];
    equal(await fixture.kubectl.ok(["-n", systemNamespace, ...registered]), "");
  };
  const tokenFor = async (account: string): Promise<string> => {
    const member = fixture.kubectlAt(fixture.member("hz-a"));
    return (await member.ok(["-n", "default", "create", "token", account])).trim();
  };

  it("refuses a member that is down, and says what to look at", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => gone.once("listening", resolve));
    const address = gone.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await new Promise((resolve) => gone.close(resolve));
    const cluster = { ...admin.cluster, server: `https://127.0.0.1:${port}` };
    const { code, stderr } = await joinWith("hz-a", { ...admin, cluster });
    equal(code, 1);
    match(stderr, /Cannot join: .*127\.0\.0\.1:\d+.*nothing was changed/);
    await checkNothingLeft();
  });

  it("refuses a member whose certificate is another CA's", async () => {
    const { cluster } = await readKubeconfig(fixture.controlPlane.kubeconfig);
    const wrong = { ...cluster, server: admin.cluster["server"] ?? "" };
    const { code, stderr } = await joinWith("hz-a", { ...admin, cluster: wrong });
    equal(code, 1);
    match(stderr, /Cannot join: .*certificate.*nothing was changed/s);
    await checkNothingLeft();
  });

  it("refuses a token that the member does not know", async () => {
    const { code, stderr } = await joinWith("hz-a", { ...admin, user: { token: "unknown" } });
    equal(code, 1);
    match(stderr, /refused the credential .*\(401\)/);
    await checkNothingLeft();
  });

  it("leaves nothing behind where the credential may not do all that it takes", async () => {
    const member = fixture.kubectlAt(fixture.member("hz-a"));
    await member.ok(["-n", "default", "create", "serviceaccount", "weak"]);
    const verbs = ["--verb=get,create,patch,delete", "--resource=namespaces,serviceaccounts"];
    await member.ok(["create", "clusterrole", "weak", ...verbs]);
    const subject = "--serviceaccount=default:weak";
    await member.ok(["create", "clusterrolebinding", "weak", "--clusterrole=weak", subject]);
    const { code, stderr } = await joinWith("hz-a", {
      ...admin,
      user: { token: await tokenFor("weak") },
    });
    equal(code, 1);
    match(stderr, /may not do all that joining needs: clusterroles\S* .*is forbidden/);
    await checkNothingLeft();
  });

  it("refuses a name that is no DNS label", async () => {
    const { code, stderr } = await joinWith("hz.a", admin);
    equal(code, 1);
    match(stderr, /must be a DNS label .*: it is "hz\.a"/);
  });

  it("joins with a token, with an exec plugin and with a client certificate", async () => {
    const member = fixture.kubectlAt(fixture.member("hz-a"));
    await member.ok(["-n", "default", "create", "serviceaccount", "strong"]);
    const subject = "--serviceaccount=default:strong";
    const role = "--clusterrole=cluster-admin";
    await member.ok(["create", "clusterrolebinding", "strong", role, subject]);
    const token = await tokenFor("strong");
    const plugin = join(fixture.folder, "credential.mjs");
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token },
    };
    await writeFile(plugin, `console.log(${JSON.stringify(JSON.stringify(credential))});\n`);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: [plugin],
      interactiveMode: "Never",
    };
    for (const user of [{ token }, { exec }, admin.user]) {
      succeeded(await joinWith("hz-a", { ...admin, user }));
      await fixture.waitForCluster("hz-a", "Ready");
      succeeded(await unjoin("hz-a"));
      await checkNothingLeft();
    }
  });

  it("leaves workloads running when a member leaves, and removes them when asked to", async () => {
    await Promise.all(["hz-a", "hz-b"].map((name) => fixture.join(name)));
    await fixture.kubectl.apply([...tenantObjects(), federatedConfigMap("settings", "one")]);
    const rows = Object.fromEntries(cellNames.map((name) => [name, "1"]));
    await fixture.waitForRows("federatedconfigmaps", "settings", rows);

    const refused = await unjoin("hz-a");
    equal(refused.code, 1);
    match(refused.stderr, /rz00a|settings/);

    succeeded(await unjoin("hz-a", "--abandon"));
    equal((await fixture.readInCell("rz00a", "configmaps", "settings")).metadata.name, "settings");
    succeeded(await unjoin("hz-b", "--abandon", "--remove-workloads"));
    await waitUntilGone(fixture.inCell("rz00b", "configmaps", "settings"));
    const rootCa = await findObject(fixture.inCell("rz00b", "configmaps", "kube-root-ca.crt"));
    equal(rootCa?.metadata.name, "kube-root-ca.crt");
  });
});

describe("cellplane enable", () => {
  it("federates a kind that only the members know", async () => {
    await using fixture = await FederationFixture.openJoined();
    const { kubeconfig } = fixture.controlPlane;
    for (const name of ["hz-a", "hz-b"]) {
      await fixture.kubectlAt(fixture.member(name)).apply([widgetsCrd]);
    }
    const args = ["enable", "widgets.example.com", "--kubeconfig", kubeconfig];
    const enabled = await runCellplane(args);
    equal(enabled.code, 0, enabled.stderr);
    match(enabled.stdout, /federatedtypeconfig\.core\.kubefed\.io\/widgets\.example\.com created/);
    // The members' account gets the right to the new kind.
    await Promise.all(["hz-a", "hz-b"].map((name) => fixture.join(name)));
    const established = ["wait", "--for=condition=Established", "--timeout=30s"];
    await fixture.kubectl.ok([...established, "crd/federatedwidgets.types.kubefed.io"]);
    await fixture.kubectl.apply([federated("Widget", "gear", { template: { spec: { size: 3 } } })]);
    const rows = Object.fromEntries(cellNames.map((name) => [name, "1"]));
    await fixture.waitForRows("federatedwidgets", "gear", rows);
    const path = { group: "example.com", version: "v1", resource: "widgets" };
    const { client } = fixture.member("hz-b");
    const live = await client.get({ ...path, namespace: "bank-prod-rz00b" }, "gear");
    deepEqual(live["spec"], { size: 3 });
  });
});
