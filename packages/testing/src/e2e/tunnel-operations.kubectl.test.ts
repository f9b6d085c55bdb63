import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { TunnelAgents } from "./tunnel-agents.ts";
import { waitFor } from "./wait-for.ts";

interface Status {
  readonly address: string;
  readonly clusters: readonly {
    readonly cluster: string;
    readonly agents: readonly { readonly connections: number; readonly sentBytes: number }[];
    readonly lastError?: { readonly message: string };
  }[];
}

describe("looking after the tunnel", () => {
  let fixture: FederationFixture;
  let agents: TunnelAgents;
  before(async () => {
    fixture = await FederationFixture.open(["--tunnel-listen", "127.0.0.1:0"]);
    agents = new TunnelAgents(fixture);
    await agents.join("hz-a");
  });
  after(async () => {
    await agents[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const cellplane = (...args: readonly string[]): ReturnType<typeof runCellplane> =>
    runCellplane([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const status = async (): Promise<Status> => {
    const { stdout } = await cellplane("tunnel", "status", "-o", "json");
    return JSON.parse(stdout) as Status;
  };
  const agentsOf = async (name: string): Promise<number | undefined> =>
    (await status()).clusters.find(({ cluster }) => cluster === name)?.agents.length;

  it("shows the agents of a cluster, and what has gone through them", async () => {
    const { code, stdout, stderr } = await cellplane("tunnel", "status");
    equal(code, 0, stderr);
    match(stdout, /^CLUSTER +AGENT .*\nhz-a +\S+ +cellplane\/\d+\.\d+\.\d+ .*Connected/);
    const [shown] = (await status()).clusters;
    equal(shown?.cluster, "hz-a");
    equal((shown.agents[0]?.sentBytes ?? 0) > 0, true);
    equal((shown.agents[0]?.connections ?? 0) > 0, true);
  });

  it("drops agents that are revoked at once, refuses them from then on, and lets in a newly certified one", async () => {
    const { code, stderr } = await cellplane("tunnel", "revoke", "hz-a");
    equal(code, 0, stderr);
    equal(await agentsOf("hz-a"), 0);
    await waitFor("the agent to be refused", async () => {
      const [shown] = (await status()).clusters;
      return shown?.lastError?.message.includes("has been revoked") ? true : undefined;
    });
    const empty = await cellplane("tunnel", "status");
    equal(empty.code, 1);
    match(empty.stderr, /No agent of "hz-a" is connected/);
    await agents.kill("hz-a");
    await agents.join("hz-a");
    equal(await agentsOf("hz-a"), 1);
  });

  it("stays joined where its agent takes its time, which then serves by what was printed", async () => {
    const member = fixture.member("hz-b");
    const access = ["--member-kubeconfig", member.kubeconfig];
    const late = await cellplane("join", "hz-b", ...access, "--tunnel", "--timeout", "1");
    equal(late.code, 1);
    match(late.stderr, /Apply this manifest in the cluster: "hz-b" is Ready as soon as/);
    match(late.stderr, /No agent available.*it stays joined/);
    const atMember = fixture.kubectlAt(member);
    const stdin = late.stdout;
    await atMember.ok(["apply", "-f", "-"], { stdin });
    const mounted = ["-n", "cellplane-agent", "get", "secret", "cellplane-agent", "-o", "json"];
    const { data } = JSON.parse(await atMember.ok(mounted)) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const folder = agents.folderOf("hz-b");
    await mkdir(folder);
    for (const [name, text] of Object.entries(data)) {
      await writeFile(join(folder, name), Buffer.from(text, "base64"));
    }
    await agents.start("hz-b", [
      "--credentials-secret",
      "cellplane-agent/cellplane-agent",
      ...access,
    ]);
    await fixture.waitForCluster("hz-b", "Ready");
    // By the account that the manifest gives it, an agent renews that Secret, and reads no other.
    const as = ["--as", "system:serviceaccount:cellplane-agent:cellplane-agent"];
    const patch = ["patch", "secret", "cellplane-agent", "--type=merge", "-p", '{"data":{}}'];
    await atMember.ok(["-n", "cellplane-agent", ...patch, ...as]);
    const others = await atMember.run(["-n", "cellplane-agent", "get", "secrets", ...as]);
    match(others.stderr, /cannot list resource "secrets"/);
    await agents.kill("hz-b");
    const left = await cellplane("unjoin", "hz-b", ...access);
    equal(left.code, 0, left.stderr);
    await rm(folder, { recursive: true });
  });

  it("ends where its port is taken, as a supervisor needs it", async () => {
    const { address } = await status();
    const dataDir = join(fixture.folder, "second");
    const where = ["--data-dir", dataDir, "--listen", "127.0.0.1:0", "--datastore", "memory"];
    const { code, stderr } = await runCellplane(["up", ...where, "--tunnel-listen", address]);
    equal(code, 1, stderr);
    match(stderr, /^Error: Cannot listen for agents on 127\.0\.0\.1 port \d+: EADDRINUSE\n$/);
  });

  it("joins a cluster that only its own side can reach: its agent brings an hour's token", async () => {
    const member = fixture.member("hz-b");
    const folder = agents.folderOf("hz-b");
    const joining = cellplane(
      "join",
      "hz-b",
      "--tunnel",
      "--no-member-access",
      "--api-endpoint",
      member.client.server,
      "--credentials-dir",
      folder,
    );
    await waitFor("the account's manifest", async () =>
      existsSync(join(folder, "account.yaml")) ? true : undefined,
    );
    const manifest = await readFile(join(folder, "account.yaml"), "utf8");
    const account = /name: (cellplane-[0-9a-f]{8}-hz-b)$/m.exec(manifest)?.[1] ?? "";
    await fixture.kubectlAt(member).ok(["apply", "-f", "-"], { stdin: manifest });
    await agents.start("hz-b", [
      "--token-account",
      `${systemNamespace}/${account}`,
      "--member-kubeconfig",
      member.kubeconfig,
    ]);
    const { code, stderr } = await joining;
    equal(code, 0, stderr);
    const get = ["-n", systemNamespace, "get", "secret", "hz-b-credential", "-o", "json"];
    const secret = JSON.parse(await fixture.kubectl.ok(get)) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const token = Buffer.from(secret.data["token"] ?? "", "base64").toString();
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      readonly exp: number;
      readonly iat: number;
      readonly sub: string;
    };
    deepEqual(
      [claims.sub, claims.exp - claims.iat],
      [`system:serviceaccount:${systemNamespace}:${account}`, 3600],
    );
  });

  it("prints one manifest for the member's own side, which a cluster takes", async () => {
    const { code, stdout, stderr } = await cellplane(
      "join",
      "edge",
      "--tunnel",
      "--no-member-access",
    );
    equal(code, 0, stderr);
    match(stdout, /--token-account\n +- kube-federation-system\/cellplane-[0-9a-f]{8}-edge/);
    const applied = await fixture.kubectlAt(fixture.member("hz-b")).ok(["apply", "-f", "-"], {
      stdin: stdout,
    });
    match(applied, /deployment.apps\/cellplane-agent created/);
    equal(await agentsOf("edge"), 0);
    const left = await cellplane("unjoin", "edge");
    equal(left.code, 0, left.stderr);
    // What it says is all that is left.
    const commands = left.stderr.split("\n").filter((line) => line.startsWith("  kubectl "));
    equal(commands.length, 3, left.stderr);
    const atMember = fixture.kubectlAt(fixture.member("hz-b"));
    for (const command of commands) await atMember.ok(command.trim().split(" ").slice(1));
    const kinds = "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts";
    const rest = await atMember.ok(["get", kinds, "-A", "-o", "name"]);
    deepEqual(
      rest.split("\n").filter((name) => name.endsWith("-edge") || name.includes("-edge-tokens")),
      [],
    );
  });

  it("removes the agent from the member where it is unjoined by a kubeconfig", async () => {
    const member = fixture.member("hz-b");
    const way = ["--tunnel", "--no-member-access", "--api-endpoint", member.client.server];
    const { stdout } = await cellplane("join", "brief", ...way);
    const atMember = fixture.kubectlAt(member);
    await atMember.ok(["apply", "-f", "-"], { stdin: stdout });
    const { code, stderr } = await cellplane(
      "unjoin",
      "brief",
      "--member-kubeconfig",
      member.kubeconfig,
    );
    equal(code, 0, stderr);
    equal(stderr.includes("is still there"), false);
    const kinds = "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts";
    const rest = await atMember.ok(["get", kinds, "-A", "-o", "name"]);
    equal(rest.includes("-brief"), false, rest);
    await waitFor("the agent's namespace to be gone", async () => {
      const found = await atMember.run(["get", "namespace", "cellplane-agent"]);
      return found.stderr.includes("not found") ? true : undefined;
    });
  });

  it("tells the state of the tunnel to nobody who may not list clusters", async () => {
    const path = "/apis/tunnel.cellplane.io/v1alpha1/status";
    const refused = await fixture.kubectl.run(["get", "--raw", path, "--as", "somebody"]);
    match(refused.stderr, /cannot list resource "kubefedclusters"/);
  });

  it("takes no token from an agent of a cluster that was joined otherwise", async () => {
    await agents.kill("hz-a");
    await agents.start("hz-a", [
      "--token-account",
      "default/default",
      "--member-kubeconfig",
      fixture.member("hz-a").kubeconfig,
    ]);
    await waitFor("the token to be refused", async () => {
      const shown = (await status()).clusters.find(({ cluster }) => cluster === "hz-a");
      return shown?.lastError?.message.includes("takes no credential from its agents")
        ? true
        : undefined;
    });
    const get = ["-n", systemNamespace, "get", "secret", "hz-a-credential", "-o", "json"];
    const secret = JSON.parse(await fixture.kubectl.ok(get)) as {
      readonly metadata: { readonly annotations?: object };
    };
    equal(secret.metadata.annotations, undefined);
  });

  it("removes through the agent what join made, where the control plane may act there for its users", async () => {
    await agents.kill("hz-a");
    await agents.join("hz-a");
    const refused = await cellplane("unjoin", "hz-a");
    equal(refused.code, 1);
    match(
      refused.stderr,
      /give --member-kubeconfig.*through its agent it is not reached: .*--allow/,
    );
    await agents.kill("hz-a");
    await agents.join("hz-a", ["--allow-proxy"]);
    const { code, stderr } = await cellplane("unjoin", "hz-a");
    equal(code, 0, stderr);
    equal(stderr.includes("is still there"), false, stderr);
    const atMember = fixture.kubectlAt(fixture.member("hz-a"));
    const kinds = "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,secrets";
    await waitFor("what join made to be gone", async () => {
      const rest = await atMember.ok(["get", kinds, "-A", "-o", "name"]);
      return rest.split("\n").some((name) => name.endsWith("-hz-a")) ? undefined : true;
    });
  });
});
