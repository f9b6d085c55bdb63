import { equal } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FederationFixture } from "./federation-fixture.ts";
import { Kubectl } from "./kubectl.ts";
import { readKubeconfig, writeKubeconfig } from "./member-kubeconfig.ts";
import { runCellplane } from "./run-program.ts";
import { TunnelAgents } from "./tunnel-agents.ts";

/** Users of the control plane beside its administrator, and the groups of each. */
const users: Readonly<Record<string, string>> = { alice: "dev", mallory: "dev" };

/**
 * A control plane whose member `hz-a` is reached directly and `hz-b` through its agent. Both let
 * it act for its users; alice may reach both, and edits what is in them.
 */
export class ProxyFixture implements AsyncDisposable {
  readonly federation: FederationFixture;
  readonly agents: TunnelAgents;
  readonly #tokens: string;

  private constructor(federation: FederationFixture, tokens: string) {
    this.federation = federation;
    this.agents = new TunnelAgents(federation);
    this.#tokens = tokens;
  }

  static async open(): Promise<ProxyFixture> {
    const tokens = await mkdtemp(join(tmpdir(), "cellplane-tokens-"));
    const file = join(tokens, "tokens.csv");
    const lines = Object.entries(users).map(([name, group]) => `token-${name},${name},,${group}\n`);
    await writeFile(file, lines.join(""), { mode: 0o600 });
    const args = ["--tunnel-listen", "127.0.0.1:0", "--token-auth-file", file];
    const fixture = new ProxyFixture(await FederationFixture.open(args), tokens);
    try {
      const { federation, agents } = fixture;
      const allow = ["--allow-proxy"];
      await Promise.all([federation.join("hz-a", allow), agents.join("hz-b", allow)]);
      await federation.kubectl.apply(rights("clusters/proxy", "proxy.cellplane.io"));
      for (const name of ["hz-a", "hz-b"]) {
        const kubectl = federation.kubectlAt(federation.member(name));
        await kubectl.ok([
          "create",
          "clusterrolebinding",
          "alice",
          "--clusterrole=admin",
          "--user=alice",
        ]);
      }
      return fixture;
    } catch (error) {
      await fixture[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A kubeconfig of the control plane for one of its users. */
  async kubeconfigOf(user: string): Promise<string> {
    const { cluster } = await readKubeconfig(this.federation.controlPlane.kubeconfig);
    const file = join(this.federation.folder, `${user}.kubeconfig`);
    return writeKubeconfig(file, { cluster, user: { token: `token-${user}` } });
  }

  /** kubectl of a user of the control plane at a member: `--cluster NAME` or `--cell NS/CELL`. */
  async kubectlFor(user: string, member: readonly string[]): Promise<Kubectl> {
    const kubeconfig = await this.kubeconfigOf(user);
    const out = join(this.federation.folder, `${user}-${member.join("").replaceAll("/", "-")}`);
    const asked = ["kubeconfig", "--kubeconfig", kubeconfig, ...member, "--out", out];
    const { code, stdout, stderr } = await runCellplane(asked);
    equal(code, 0, stderr);
    equal(stdout, `${out}\n`);
    return new Kubectl(out, { home: this.federation.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agents[Symbol.asyncDispose]();
    await this.federation[Symbol.asyncDispose]();
    await rm(this.#tokens, { recursive: true, force: true });
  }
}

/** Lets alice use a resource of all names, and read Cells. */
function rights(resource: string, group: string): readonly object[] {
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reach" };
  const apiVersion = `${roleRef.apiGroup}/v1`;
  const verbs = ["get", "create", "update", "patch", "delete"];
  return [
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name: "reach" },
      rules: [
        { apiGroups: [group], resources: [resource], verbs },
        { apiGroups: ["cellplane.io"], resources: ["cells"], verbs: ["get"] },
      ],
    },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name: "reach" },
      roleRef,
      subjects: [{ kind: "User", name: "alice", apiGroup: roleRef.apiGroup }],
    },
  ];
}
