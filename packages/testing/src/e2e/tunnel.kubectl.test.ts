import { deepEqual, equal, match } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { clusterNames, FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { cellNames, federatedConfigMap, tenantObjects } from "./tenant.ts";
import { TunnelAgents } from "./tunnel-agents.ts";
import { findObject, waitFor } from "./wait-for.ts";

describe("a federation whose members are reached through the tunnel", () => {
  let fixture: FederationFixture;
  let agents: TunnelAgents;
  before(async () => {
    fixture = await FederationFixture.open(["--tunnel-listen", "127.0.0.1:0"]);
    agents = new TunnelAgents(fixture);
    await Promise.all(clusterNames.map((name) => agents.join(name)));
    await fixture.kubectl.apply(tenantObjects());
  });
  after(async () => {
    await agents[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  it("gives each agent a certificate of its own cluster, that only its owner may read", async () => {
    const folder = agents.folderOf("hz-a");
    const certificate = new X509Certificate(await readFile(join(folder, "tls.crt")));
    equal(certificate.subject, "O=cellplane:agents\nCN=cellplane:agent:hz-a");
    equal((await stat(join(folder, "tls.key"))).mode & 0o777, 0o600);
    const spec = ["-n", systemNamespace, "get", "kubefedcluster", "hz-a", "-o"];
    equal(await fixture.kubectl.ok([...spec, "jsonpath={.spec.connection}"]), "Tunnel");
  });

  it("releases in stages, returns status and deletes, with writes inside the mask alone", async () => {
    const [first = "", ...others] = cellNames;
    await fixture.kubectl.apply([federatedConfigMap("web", "1")]);
    const all = (row: string): Record<string, string> =>
      Object.fromEntries(cellNames.map((cell) => [cell, row]));
    await fixture.waitForRows("federatedconfigmaps", "web", all("1"));
    const masked = federatedConfigMap("web", "2", { mask: [first] });
    await fixture.kubectl.apply([masked]);
    await waitFor("the masked cell to have the new revision", async () => {
      const found = await findObject(fixture.inCell(first, "configmaps", "web"));
      return JSON.stringify(found?.["data"]) === '{"value":"2"}' ? true : undefined;
    });
    for (const cell of others) {
      deepEqual((await fixture.readInCell(cell, "configmaps", "web"))["data"], { value: "1" });
    }
    await fixture.kubectl.ok(["-n", "bank-prod", "delete", "federatedconfigmap", "web"]);
    await waitFor("the copies to be gone", async () => {
      const left = await Promise.all(
        cellNames.map((cell) => findObject(fixture.inCell(cell, "configmaps", "web"))),
      );
      return left.every((found) => found === undefined) ? true : undefined;
    });
  });

  it("is not ready while the agent is away, and at once when it is back", async () => {
    await agents.kill("hz-a");
    await fixture.waitForCluster("hz-a", "NotReady");
    const message = `jsonpath={.status.conditions[?(@.type=="Ready")].message}`;
    const args = ["-n", systemNamespace, "get", "kubefedcluster", "hz-a", "-o", message];
    match(
      await fixture.kubectl.ok(args),
      /No agent available: none is connected for cluster "hz-a"/,
    );
    await fixture.waitForCluster("hz-b", "Ready");
    await agents.start("hz-a");
    await fixture.waitForCluster("hz-a", "Ready");
  });

  it("keeps what stays unchanged from being written again after the agent was away", async () => {
    await fixture.kubectl.apply([federatedConfigMap("calm", "1")]);
    const rows = Object.fromEntries(cellNames.map((cell) => [cell, "1"]));
    await fixture.waitForRows("federatedconfigmaps", "calm", rows);
    const writes = async (): Promise<number> =>
      (
        await Promise.all(cellNames.map((cell) => fixture.writesIn(cell, "configmaps", "calm")))
      ).flat().length;
    const before = await writes();
    await agents.kill("hz-b");
    await fixture.waitForCluster("hz-b", "NotReady");
    await agents.start("hz-b");
    await fixture.waitForCluster("hz-b", "Ready");
    await fixture.waitForRows("federatedconfigmaps", "calm", rows);
    equal(await writes(), before);
  });
});

describe("cellplane join --tunnel", () => {
  it("says that the control plane serves no agents, and takes back what it did", async () => {
    await using fixture = await FederationFixture.open();
    const { code, stderr } = await runCellplane([
      "join",
      "hz-a",
      "--kubeconfig",
      fixture.controlPlane.kubeconfig,
      "--member-kubeconfig",
      fixture.member("hz-a").kubeconfig,
      "--tunnel",
    ]);
    equal(code, 1);
    match(stderr, /serves no agents: start it with --tunnel-listen/);
    const left = ["-n", systemNamespace, "get", "kubefedclusters,secrets", "-o", "name"];
    equal((await fixture.kubectl.ok(left)).includes("hz-a"), false);
  });
});
