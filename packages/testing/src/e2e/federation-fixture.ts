import { equal } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { type AuditEvent, findWrites } from "./audit-log.ts";
import { Kubectl, type KubectlName } from "./kubectl.ts";
import { runCellplane } from "./run-program.ts";
import { cellNamespace, cells, namespace, tenantObjects } from "./tenant.ts";
import { TestServer } from "./test-server.ts";
import { topologyRows } from "./topology-rows.ts";
import { findObject, type ObjectPlace, waitFor, waitForObject } from "./wait-for.ts";

/** Where joined clusters and settings lie. */
export const systemNamespace = "kube-federation-system";

/** The member clusters. */
export const clusterNames = ["hz-a", "hz-b"] as const;

const memberPaths: Readonly<Record<string, { readonly group: string; readonly version: string }>> =
  {
    configmaps: { group: "", version: "v1" },
    deployments: { group: "apps", version: "v1" },
    namespaces: { group: "", version: "v1" },
  };

/** A control plane with two members, all child processes; the members are joined if asked for. */
export class FederationFixture implements AsyncDisposable {
  readonly folder: string;
  readonly controlPlane: TestServer;
  readonly kubectl: Kubectl;
  readonly #members: ReadonlyMap<string, TestServer>;

  private constructor(folder: string, controlPlane: TestServer, members: readonly TestServer[]) {
    this.folder = folder;
    this.controlPlane = controlPlane;
    this.#members = new Map(clusterNames.map((name, at) => [name, memberAt(members, at)]));
    this.kubectl = new Kubectl(controlPlane.kubeconfig, { home: folder });
  }

  /** Starts the servers, which probe each other every second. `args`: further ones of the control plane. */
  static async open(args: readonly string[] = []): Promise<FederationFixture> {
    const folder = await mkdtemp(join(tmpdir(), "cellplane-e2e-"));
    // All are waited for, so that whatever did start can be ended.
    const started = await Promise.allSettled([
      TestServer.start({ verb: "up", dataDir: join(folder, "cp"), datastore: "sqlite", args }),
      ...clusterNames.map((name) =>
        TestServer.start({ verb: "member", dataDir: join(folder, name), datastore: "memory" }),
      ),
    ]);
    const servers = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    try {
      const failed = started.find((each) => each.status === "rejected");
      if (failed) throw failed.reason;
      const [controlPlane, ...members] = servers;
      if (!controlPlane) throw new Error("cannot happen: no server and no error");
      const fixture = new FederationFixture(folder, controlPlane, members);
      await fixture.configure({
        clusterHealthCheck: { period: "1s", timeout: "1s", failureThreshold: 2 },
      });
      return fixture;
    } catch (error) {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The same with both members joined and the tenant's cells in place. */
  static async openJoined(): Promise<FederationFixture> {
    const fixture = await FederationFixture.open();
    try {
      await Promise.all(clusterNames.map((name) => fixture.join(name)));
      await fixture.kubectl.apply(tenantObjects());
      return fixture;
    } catch (error) {
      await fixture[Symbol.asyncDispose]();
      throw error;
    }
  }

  member(name: string): TestServer {
    const found = this.#members.get(name);
    if (!found) throw new Error(`Cannot find a member "${name}"`);
    return found;
  }

  /** The member on which a cell lives. */
  memberOf(cell: string): TestServer {
    return this.member(cells[cell] ?? "");
  }

  /** kubectl at a member, or another kubectl at the control plane. */
  kubectlAt(server: TestServer, name?: KubectlName): Kubectl {
    return new Kubectl(server.kubeconfig, {
      home: this.folder,
      ...(name === undefined ? {} : { name }),
    });
  }

  /** kubectl at the member of a cell, in the cell's namespace. */
  inCellOk(cell: string, args: readonly string[], stdin = ""): Promise<string> {
    const kubectl = this.kubectlAt(this.memberOf(cell));
    return kubectl.ok(["-n", cellNamespace(cell), ...args], { stdin });
  }

  /** Changes the federation's settings. */
  async configure(spec: object): Promise<void> {
    const patch = ["patch", "kubefedconfig", "kubefed", "--type", "merge", "-p"];
    await this.kubectl.ok(["-n", systemNamespace, ...patch, JSON.stringify({ spec })]);
  }

  /** Joins a member by the command line. `args`: further ones. */
  async join(name: string, args: readonly string[] = []): Promise<void> {
    const { kubeconfig } = this.member(name);
    const control = ["--kubeconfig", this.controlPlane.kubeconfig];
    const result = await runCellplane([
      "join",
      name,
      ...control,
      "--member-kubeconfig",
      kubeconfig,
      ...args,
    ]);
    equal(result.code, 0, `cellplane join ${name}: ${result.stderr}`);
  }

  /** A federated object of the tenant, in the topology view. */
  federated(plural: string, name: string): ObjectPlace {
    const path = { group: "types.kubefed.io", version: "v1beta2", resource: plural, namespace };
    return { client: this.controlPlane.client, path, name };
  }

  /** Waits until the status tells this of each topology; see `topologyRows`. */
  waitForRows(
    plural: string,
    name: string,
    rows: Readonly<Record<string, string>>,
  ): Promise<KubernetesObject> {
    return waitForObject(this.federated(plural, name), topologyRows, rows);
  }

  /** The object that a cell's member has. */
  inCell(cell: string, resource: string, name: string): ObjectPlace {
    const path: ResourcePath = {
      ...(memberPaths[resource] ?? { group: "", version: "v1" }),
      resource,
      namespace: cellNamespace(cell),
    };
    return { client: this.memberOf(cell).client, path, name };
  }

  /** The object that a cell's member has. @throws {Error} If it has none. */
  async readInCell(cell: string, resource: string, name: string): Promise<KubernetesObject> {
    const found = await findObject(this.inCell(cell, resource, name));
    if (!found) throw new Error(`Cannot find ${resource}/${name} in cell "${cell}"`);
    return found;
  }

  /** What the control plane wrote to a resource in a cell. */
  async writesIn(cell: string, resource: string, name?: string): Promise<readonly AuditEvent[]> {
    const place = { resource, namespace: cellNamespace(cell) };
    const events = await this.memberOf(cell).audit();
    return findWrites(events, name === undefined ? place : { ...place, name });
  }

  /** Waits until the control plane finds a member Ready, or not. */
  async waitForCluster(cluster: string, state: "Ready" | "NotReady"): Promise<void> {
    const condition = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`;
    const args = ["-n", systemNamespace, "get", "kubefedcluster", cluster, "-o", condition];
    await waitFor(`cluster ${cluster} to be ${state}`, async () => {
      const isReady = (await this.kubectl.ok(args)) === "True";
      return isReady === (state === "Ready") ? true : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = [this.controlPlane, ...this.#members.values()];
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

function memberAt(members: readonly TestServer[], at: number): TestServer {
  const found = members[at];
  if (!found) throw new Error(`cannot happen: member ${at} was not started`);
  return found;
}
