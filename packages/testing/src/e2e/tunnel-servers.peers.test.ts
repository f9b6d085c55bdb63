import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { systemNamespace } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { databaseKind, SharedControlPlanes } from "./shared-control-planes.ts";
import { TunnelAgentProcess } from "./tunnel-agent-process.ts";
import { waitFor } from "./wait-for.ts";

const name = "hz-a";
const both = [0, 1] as const;
const configMap = ["-n", systemNamespace, "get", "configmap", "cellplane-tunnel", "-o", "json"];
const namespaces = `/apis/proxy.cellplane.io/v1alpha1/clusters/${name}/proxy/api/v1/namespaces`;

describe("two control planes on one database, and agents that know one of them", () => {
  let database: MysqlTestServer;
  let planes: SharedControlPlanes;
  const agents: TunnelAgentProcess[] = [];

  before(async () => {
    database = await MysqlTestServer.start(databaseKind());
    const url = await database.newDatabase();
    const args = ["--tunnel-listen", "127.0.0.1:0"];
    planes = await SharedControlPlanes.open({ urls: [url, url], members: [name], args });
  });
  after(async () => {
    for (const agent of agents) await agent[Symbol.asyncDispose]();
    await planes[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const folder = (): string => join(planes.folder, "agent");
  /** Where each control plane takes agents, by its own word. */
  const addressOf = (at: number): string =>
    /Agents are served at (\S+)/.exec(planes.plane(at).output)?.[1] ?? "";
  const announced = async (at: number): Promise<readonly string[]> => {
    const { data } = JSON.parse(await planes.kubectl(at).ok(configMap)) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const { "ca.crt": _, ...servers } = data;
    return Object.values(servers).sort();
  };
  const agentsAt = async (at: number): Promise<number> => {
    const status = ["tunnel", "status", "-o", "json", "--kubeconfig", planes.plane(at).kubeconfig];
    const { stdout } = await runCellplane(status);
    const { clusters } = JSON.parse(stdout) as {
      readonly clusters: readonly { readonly agents: readonly unknown[] }[];
    };
    return clusters[0]?.agents.length ?? 0;
  };
  const waitForAgents = (at: number, count: number): Promise<true> =>
    waitFor(`${count} agents at control plane ${at}`, async () =>
      (await agentsAt(at)) === count ? true : undefined,
    );
  const startAgent = (id: string): void => {
    const own = ["--credentials", folder(), "--target", planes.member(name).client.server];
    const server = [
      "--server",
      addressOf(0),
      "--cluster",
      name,
      "--agent-id",
      id,
      "--grace-seconds",
      "1",
    ];
    agents.push(new TunnelAgentProcess([...server, ...own]));
  };
  const askMember = async (at: number): Promise<number> =>
    (await planes.plane(at).client.raw({ method: "GET", path: namespaces })).status;

  it("tell every agent of both", async () => {
    const joining = runCellplane([
      "join",
      name,
      "--kubeconfig",
      planes.plane(0).kubeconfig,
      "--member-kubeconfig",
      planes.member(name).kubeconfig,
      "--tunnel",
      "--allow-proxy",
      "--credentials-dir",
      folder(),
    ]);
    await waitFor("the credential of the agent", async () =>
      existsSync(join(folder(), "tls.key")) ? true : undefined,
    );
    for (const id of ["one", "two"]) startAgent(id);
    const { code, stderr } = await joining;
    equal(code, 0, stderr);
    for (const at of both) await waitForAgents(at, 2);
    for (const at of both) equal(await askMember(at), 200);
  });

  it("go on under load when one is killed: nothing fails at the other", async () => {
    const answers: number[] = [];
    const over = new AbortController();
    const load = both.map(async () => {
      while (!over.signal.aborted) answers.push(await askMember(1));
    });
    const doomed = both.map(async () => {
      // What is under way on the one that is killed may fail, and nobody is there afterwards.
      while ((await askMember(0).catch(() => 0)) === 200);
    });
    await waitFor("some load", async () => (answers.length > 20 ? true : undefined));
    await planes.plane(0).crash();
    const atDeath = answers.length;
    await Promise.all(doomed);
    await waitFor("more load", async () => (answers.length > atDeath + 40 ? true : undefined));
    over.abort();
    await Promise.all(load);
    deepEqual([...new Set(answers)], [200]);
    equal(await agentsAt(1), 2);
  });

  it("take the agents in again at another address, which the other one tells them", async () => {
    const before = addressOf(0);
    await planes.plane(0).restart();
    await waitFor("its new address", async () => (addressOf(0) === "" ? undefined : true));
    const after = addressOf(0);
    ok(after !== before);
    deepEqual(await announced(1), [after, addressOf(1)].sort());
    await waitForAgents(0, 2);
    equal(await askMember(0), 200);
  });

  it("are left by all agents once their address is taken out, and served on by the other", async () => {
    const key = addressOf(1).replace(":", "_");
    const patch = JSON.stringify({ data: { [key]: null } });
    const change = ["patch", "configmap", "cellplane-tunnel", "--type=merge", "-p", patch];
    await planes.kubectl(0).ok(["-n", systemNamespace, ...change]);
    await waitForAgents(1, 0);
    equal(await agentsAt(0), 2);
    equal(await askMember(0), 200);
  });
});
