import { join } from "node:path";
import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { type AgentAccess, writeAgentAccess } from "../membership/agent-certificate.ts";
import { type JoinContext, planJoin } from "../membership/join-cluster.ts";
import type { Undo } from "../membership/member-account.ts";
import { systemNamespace } from "../membership/system-namespace.ts";
import { AgentProcess } from "./agent-process.ts";
import { writeEncryptionConfig } from "./encryption-config.ts";
import { ServerProcess } from "./server-process.ts";

const joinWithinMs = 30_000;

/** The member clusters of the demo. */
export const clusterNames: readonly string[] = ["hz-a", "hz-b"];

/** The member that only dials out. */
export const tunnelledName = "hz-a";

/** The servers of the demo and their clients. */
export class Stage {
  readonly #folder: string;
  readonly #processes = new Map<string, ServerProcess>();
  readonly #agents: AgentProcess[] = [];
  readonly #clients = new Map<string, RestClient>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get controlPlaneProcess(): ServerProcess {
    return this.member("control-plane");
  }

  member(name: string): ServerProcess {
    const found = this.#processes.get(name);
    if (!found) throw new Error(`Cannot find the server "${name}" as it was not started`);
    return found;
  }

  client(server: ServerProcess): RestClient {
    const found = this.#clients.get(server.kubeconfig);
    if (!found) throw new Error(`Cannot find a client of ${server.url}`);
    return found;
  }

  /** Starts all servers at once, then joins the members. */
  async open(): Promise<void> {
    const encryption = await writeEncryptionConfig(this.#folder);
    // All are waited for, so that whatever did start can be ended.
    const started = await Promise.allSettled([
      this.#start(
        "control-plane",
        "up",
        "--encryption-provider-config",
        encryption,
        "--tunnel-listen",
        "127.0.0.1:0",
      ),
      ...clusterNames.map((name) => this.#start(name, "member")),
    ]);
    const failed = started.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
    await this.#probeOften();
    await Promise.all(clusterNames.map((name) => this.#join(name)));
  }

  async restartMember(name: string): Promise<void> {
    this.#processes.set(name, await this.member(name).restart());
  }

  async close(): Promise<void> {
    await Promise.all(
      Array.from(this.#clients.values(), (client) => client[Symbol.asyncDispose]()),
    );
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await Promise.all(Array.from(this.#processes.values(), (server) => server.stop()));
  }

  async #start(name: string, verb: string, ...args: readonly string[]): Promise<void> {
    const dataDir = join(this.#folder, name);
    const server = await ServerProcess.start([
      verb,
      "--data-dir",
      dataDir,
      "--listen",
      "127.0.0.1:0",
      ...args,
    ]);
    this.#processes.set(name, server);
    const { connection } = await loadKubeconfig({ file: server.kubeconfig });
    this.#clients.set(
      server.kubeconfig,
      connectRestClient(connection, { userAgent: "demo", timeoutMs: 5000 }),
    );
  }

  /** So that nobody waits half a minute for the lost cluster to be noticed. */
  async #probeOften(): Promise<void> {
    const path = {
      group: "core.kubefed.io",
      version: "v1beta1",
      resource: "kubefedconfigs",
      namespace: systemNamespace,
    };
    const body = {
      spec: { clusterHealthCheck: { period: "1s", timeout: "1s", failureThreshold: 2 } },
    };
    await this.client(this.controlPlaneProcess).patch(path, "kubefed", { type: "merge", body });
  }

  async #join(name: string): Promise<void> {
    const { kubeconfig } = this.member(name);
    const { connection } = await loadKubeconfig({ file: kubeconfig });
    const context: JoinContext = { undo: [] };
    const steps = planJoin({
      name,
      controlPlane: this.client(this.controlPlaneProcess),
      member: this.client(this.member(name)),
      connection,
      kubeconfig,
      timeoutMs: joinWithinMs,
      ...(name === tunnelledName
        ? { tunnel: (access, undo) => this.#startAgent({ name, access, undo }) }
        : {}),
    });
    for (const step of steps) await step.run(context, () => undefined);
  }

  async #startAgent({
    name,
    access,
    undo,
  }: {
    readonly name: string;
    readonly access: AgentAccess;
    readonly undo: Undo;
  }): Promise<void> {
    const folder = join(this.#folder, `${name}-agent`);
    await writeAgentAccess(folder, access, undo);
    const servers = access.servers.flatMap((server) => ["--server", server]);
    const args = ["--cluster", name, "--credentials", folder, "--target", this.member(name).url];
    this.#agents.push(new AgentProcess([...servers, ...args]));
  }
}
