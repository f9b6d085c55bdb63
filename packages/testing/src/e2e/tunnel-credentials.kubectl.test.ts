import { deepEqual, equal, match, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AuditEvent } from "./audit-log.ts";
import { FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { federatedConfigMap, tenantObjects } from "./tenant.ts";
import { TunnelAgents } from "./tunnel-agents.ts";
import { waitFor } from "./wait-for.ts";

interface Secret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

describe("credentials for members behind the tunnel, where the control plane seals", () => {
  let keys: string;
  let fixture: FederationFixture;
  let agents: TunnelAgents;
  before(async () => {
    keys = await mkdtemp(join(tmpdir(), "cellplane-tunnel-keys-"));
    const file = join(keys, "keys");
    await writeFile(file, `first:${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    const args = ["--tunnel-listen", "127.0.0.1:0", "--envelope-key-file", file];
    fixture = await FederationFixture.open(args);
    agents = new TunnelAgents(fixture);
    await agents.join("hz-a", ["--allow-proxy"]);
  });
  after(async () => {
    await agents[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
    await rm(keys, { recursive: true, force: true });
  });

  const cellplane = (...args: readonly string[]): ReturnType<typeof runCellplane> =>
    runCellplane([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const secretOf = async (cluster: string): Promise<Secret> => {
    const system = ["-n", systemNamespace, "get"];
    const named = ["kubefedcluster", cluster, "-o", "jsonpath={.spec.secretRef.name}"];
    const name = await fixture.kubectl.ok([...system, ...named]);
    const get = [...system, "secret", name, "-o", "json"];
    return JSON.parse(await fixture.kubectl.ok(get)) as Secret;
  };
  const proxied = (cluster: string, path: string): readonly string[] => [
    "get",
    "--raw",
    `/apis/proxy.cellplane.io/v1alpha1/clusters/${cluster}/proxy${path}`,
  ];

  it("seals the token that an agent brings, and works by it: controllers and the proxy", async () => {
    const member = fixture.member("hz-b");
    const folder = agents.folderOf("hz-b");
    const endpoint = ["--api-endpoint", member.client.server, "--credentials-dir", folder];
    const way = ["--tunnel", "--no-member-access", "--allow-proxy"];
    const joining = cellplane("join", "hz-b", ...way, ...endpoint);
    await waitFor("the account's manifest", async () =>
      existsSync(join(folder, "account.yaml")) ? true : undefined,
    );
    const manifest = await readFile(join(folder, "account.yaml"), "utf8");
    const account = /name: (cellplane-[0-9a-f]{8}-hz-b)$/m.exec(manifest)?.[1] ?? "";
    await fixture.kubectlAt(member).ok(["apply", "-f", "-"], { stdin: manifest });
    const asking = ["--member-kubeconfig", member.kubeconfig];
    await agents.start("hz-b", ["--token-account", `${systemNamespace}/${account}`, ...asking]);
    const { code, stderr } = await joining;
    equal(code, 0, stderr);

    const { type, data, metadata } = await secretOf("hz-b");
    equal(type, "cellplane.io/sealed-credential");
    equal(data["token"], undefined);
    ok(Date.parse(metadata.annotations?.["federation.cellplane.io/token-ends"] ?? "") > Date.now());
    match(await fixture.kubectl.ok(proxied("hz-b", "/api/v1/namespaces/default")), /"default"/);
    await fixture.kubectl.apply(tenantObjects());
    await fixture.kubectl.apply([federatedConfigMap("sealed", "1", { cells: ["rz00b"] })]);
    await fixture.waitForRows("federatedconfigmaps", "sealed", { rz00b: "1" });
  });

  it("goes on by a new token without a connection or a watch that ends", async () => {
    await fixture.kubectl.apply([federatedConfigMap("steady", "1", { cells: ["rz00a"] })]);
    await fixture.waitForRows("federatedconfigmaps", "steady", { rz00a: "1" });
    const member = fixture.member("hz-a");
    const atMember = fixture.kubectlAt(member);
    const accounts = ["-n", systemNamespace, "get", "serviceaccounts", "-o", "name"];
    const account = /serviceaccount\/(cellplane-\S+)/.exec(await atMember.ok(accounts))?.[1] ?? "";
    const token = await atMember.ok(["-n", systemNamespace, "create", "token", account]);
    const dials = await dialsTo("hz-a");
    const watches = countWatches(await member.audit());

    const data = { token: Buffer.from(token.trim()).toString("base64") };
    const patch = ["patch", "secret", "hz-a-credential", "--type=merge", "-p"];
    await fixture.kubectl.ok(["-n", systemNamespace, ...patch, JSON.stringify({ data })]);
    // The token that was there before ends now: whatever succeeds from here on has the new one.
    const old = ["-n", systemNamespace, "delete", "secret", account];
    await atMember.ok(old);
    await fixture.kubectl.apply([federatedConfigMap("steady", "2", { cells: ["rz00a"] })]);
    await fixture.waitForRows("federatedconfigmaps", "steady", { rz00a: "2" });
    match(await fixture.kubectl.ok(proxied("hz-a", "/api/v1/namespaces/default")), /"default"/);
    // The proxy's first request opens a connection of its own.
    ok((await dialsTo("hz-a")) <= dials + 1);
    deepEqual(countWatches(await member.audit()), watches);
  });

  it("replaces a connection whose token was refused, so that a good one helps at once", async () => {
    const good = (await secretOf("hz-a")).data["token"] ?? "";
    const put = async (token: string): Promise<void> => {
      const patch = ["patch", "secret", "hz-a-credential", "--type=merge", "-p"];
      const body = JSON.stringify({ data: { token } });
      await fixture.kubectl.ok(["-n", systemNamespace, ...patch, body]);
    };
    await put(Buffer.from("none").toString("base64"));
    await fixture.waitForCluster("hz-a", "NotReady");
    await put(good);
    await fixture.waitForCluster("hz-a", "Ready");
    await fixture.kubectl.apply([federatedConfigMap("steady", "3", { cells: ["rz00a"] })]);
    await fixture.waitForRows("federatedconfigmaps", "steady", { rz00a: "3" });
  });

  it("seals the token of an account that join made when it is joined again", async () => {
    ok((await secretOf("hz-a")).data["token"]);
    const folder = agents.folderOf("hz-a");
    const member = ["--member-kubeconfig", fixture.member("hz-a").kubeconfig];
    const seal = ["--seal", "--envelope-key-file", join(keys, "keys")];
    const way = ["--tunnel", "--allow-proxy", "--credentials-dir", folder];
    const { code, stderr } = await cellplane("join", "hz-a", ...member, ...way, ...seal);
    equal(code, 0, stderr);
    deepEqual(Object.keys((await secretOf("hz-a")).data), ["sealed"]);
    match(await fixture.kubectl.ok(proxied("hz-a", "/api/v1/namespaces/default")), /"default"/);
    await fixture.waitForCluster("hz-a", "Ready");
  });

  async function dialsTo(cluster: string): Promise<number> {
    const text = await fixture.kubectl.ok(["get", "--raw", "/metrics"]);
    const name = "konnectivity_network_proxy_server_dial_duration_seconds_count";
    return Number(new RegExp(`${name}\\{cluster="${cluster}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }
});

/** How many watches the control plane has begun in a member, by resource; those of probes apart. */
function countWatches(events: readonly AuditEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const ids = new Set<string>();
  for (const { verb, user, objectRef, auditID = "" } of events) {
    const isOurs = /:cellplane-[0-9a-f]{8}-/.test(user.username ?? "");
    if (verb !== "watch" || !isOurs || ids.has(auditID)) continue;
    ids.add(auditID);
    const resource = objectRef?.resource ?? "";
    // A probe watches them for a moment.
    if (resource === "namespaces") continue;
    counts[resource] = (counts[resource] ?? 0) + 1;
  }
  return counts;
}
