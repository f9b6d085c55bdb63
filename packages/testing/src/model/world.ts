import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { loadKubeconfig } from "@cellplane/client/node";
import type { PlanSync } from "@cellplane/controllers";
import { type JoinContext, planJoin } from "../../../../apps/cli/src/membership/join-cluster.ts";
import { type AuditEvent, readAuditLog } from "../e2e/audit-log.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "../in-process/running-server.suite.ts";
import { ChildControlPlane, type ControlPlane, InProcessControlPlane } from "./control-plane.ts";
import { CutProxy } from "./cut-proxy.ts";
import { tenants } from "./model-state.ts";
import { createWriteRecorder, type RecordedWrite } from "./write-recorder.ts";

/** Where joined clusters and settings lie. */
export const systemNamespace = "kube-federation-system";

/** The joined clusters and the tenant of each. */
export const clusterTenants: Readonly<Record<string, string>> = { m1: "", m2: "", m3: "alpha" };

/** The workspace group of every tenant. */
export const workspaceGroup = "prod";

const joinWithinMs = 30_000;

/** A member: its server, and the way to it. */
export interface ModelMember {
  readonly server: RunningServer;
  readonly path: CutProxy;
  readonly auditLogPath: string;
}

/** How a world is made. */
export interface WorldSettings {
  readonly mode: "in-process" | "child";
  /** In this process only. */
  readonly plan?: PlanSync;
}

/** A control plane and three members, joined, with the namespaces of two tenants and one of nobody. */
export class World implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly members: ReadonlyMap<string, ModelMember>;
  /** What control planes wrote to members, oldest first. */
  readonly writes: readonly RecordedWrite[];
  readonly #opened: AsyncDisposableStack;

  private constructor(
    parts: Pick<World, "controlPlane" | "members" | "writes">,
    opened: AsyncDisposableStack,
  ) {
    this.controlPlane = parts.controlPlane;
    this.members = parts.members;
    this.writes = parts.writes;
    this.#opened = opened;
  }

  /** Starts everything. */
  static async open(settings: WorldSettings): Promise<World> {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "cellplane-model-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const data = join(folder, "control-plane");
    const controlPlane = opened.use(
      settings.mode === "child"
        ? await ChildControlPlane.open(data)
        : await InProcessControlPlane.open(data, settings.plan),
    );
    const writes: RecordedWrite[] = [];
    const members = new Map<string, ModelMember>();
    for (const name of Object.keys(clusterTenants)) {
      const auditLogPath = join(folder, `${name}-audit.jsonl`);
      const admission = createWriteRecorder(name, (write) => writes.push(write));
      const server = opened.use(await startServer("member", { auditLogPath, admission }));
      const path = opened.use(await CutProxy.open(Number(new URL(server.url).port)));
      members.set(name, { server, path, auditLogPath });
    }
    const world = new World({ controlPlane, members, writes }, opened.move());
    try {
      await world.#prepare();
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
    return world;
  }

  get client(): RestClient {
    return this.controlPlane.client;
  }

  member(name: string): ModelMember {
    const found = this.members.get(name);
    if (!found) throw new Error(`Cannot find a member "${name}"`);
    return found;
  }

  /** The audit log of a member, as far as it is written. */
  audit(name: string): Promise<readonly AuditEvent[]> {
    return readAuditLog(this.member(name).auditLogPath);
  }

  /** Waits until the control plane believes a cluster, and all its cells, to be up or not. */
  async waitForHealth(cluster: string, isUp: boolean): Promise<void> {
    const path = inSystem("kubefedclusters");
    await waitFor(`cluster ${cluster} to be ${isUp ? "ready" : "lost"}`, async () => {
      const { items } = await this.client.list(path);
      const concerned = items.filter(
        ({ metadata }) =>
          metadata.name === cluster || metadata.labels?.["cellplane.io/cluster"] === cluster,
      );
      return concerned.every((each) => isReady(each) === isUp) ? true : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #prepare(): Promise<void> {
    const { client } = this;
    const health = { period: "250ms", timeout: "3s", failureThreshold: 1, successThreshold: 1 };
    await client.patch(inSystem("kubefedconfigs"), "kubefed", {
      type: "merge",
      body: { spec: { clusterHealthCheck: health } },
    });
    await Promise.all(Object.keys(clusterTenants).map((name) => this.#join(name)));
    const namespaces = { group: "", version: "v1", resource: "namespaces" };
    for (const name of Object.keys(tenants)) {
      await client.create(namespaces, namespaceOf(name));
    }
    const everywhere = { topologyType: "cluster", placement: { topologySelector: {} } };
    // What is spread by cluster goes only where its namespace goes.
    for (const name of Object.keys(tenants)) {
      await client.create(federatedNamespaces(name), {
        apiVersion: "types.kubefed.io/v1beta2",
        kind: "FederatedNamespace",
        metadata: { name, namespace: name },
        spec: { ...everywhere, template: {} },
      });
    }
    for (const cluster of Object.keys(clusterTenants)) {
      const body = { metadata: { labels: { tier: "gold" } } };
      await client.patch(inSystem("kubefedclusters"), cluster, { type: "merge", body });
    }
  }

  async #join(name: string): Promise<void> {
    const { server, path } = this.member(name);
    const { connection } = await loadKubeconfig({ file: server.kubeconfig });
    const tenant = clusterTenants[name];
    const context: JoinContext = { undo: [] };
    const steps = planJoin({
      name,
      controlPlane: this.client,
      member: server.client,
      connection: { ...connection, server: `https://127.0.0.1:${path.port}` },
      kubeconfig: server.kubeconfig,
      timeoutMs: joinWithinMs,
      ...(tenant ? { tenant, workspaceGroup } : {}),
    });
    for (const step of steps) await step.run(context, () => undefined);
  }
}

/** A resource of `core.kubefed.io` in the system namespace. */
export function inSystem(resource: string): ResourcePath {
  return { group: "core.kubefed.io", version: "v1beta1", resource, namespace: systemNamespace };
}

function federatedNamespaces(namespace: string): ResourcePath {
  const group = "types.kubefed.io";
  return { group, version: "v1beta2", resource: "federatednamespaces", namespace };
}

function namespaceOf(name: string): KubernetesObject {
  const tenant = tenants[name];
  const labels = tenant
    ? { "cellplane.io/tenant": tenant, "cellplane.io/workspace-group": workspaceGroup }
    : {};
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

function isReady({ status }: KubernetesObject): boolean {
  const { conditions = [] } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.some((each) => each.type === "Ready" && each.status === "True");
}
