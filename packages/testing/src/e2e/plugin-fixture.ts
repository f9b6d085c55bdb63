import { equal } from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { ControllerManagerProcess } from "./controller-manager-process.ts";
import { runCellplane } from "./run-program.ts";
import { StockApiServer } from "./stock-api-server.ts";
import { namespace, tenantObjects } from "./tenant.ts";
import { TestServer } from "./test-server.ts";

const system = "kube-federation-system";
const clusterNames = ["hz-a", "hz-b"] as const;

/** A stock API server as host, two members of ours joined to it, and the tenant's cells. */
export class PluginFixture implements AsyncDisposable {
  readonly host: StockApiServer;
  readonly members: ReadonlyMap<string, TestServer>;
  readonly #folder: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    folder: string,
    opened: AsyncDisposableStack,
    servers: { readonly host: StockApiServer; readonly members: ReadonlyMap<string, TestServer> },
  ) {
    this.#folder = folder;
    this.#opened = opened;
    this.host = servers.host;
    this.members = servers.members;
  }

  /** Starts the servers and installs the federation in the host; no controllers run yet. */
  static async open(): Promise<PluginFixture> {
    const folder = await mkdtemp(join(tmpdir(), "cellplane-plugin-"));
    await using opened = new AsyncDisposableStack();
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const host = opened.use(await StockApiServer.start(join(folder, "host")));
    const members = new Map<string, TestServer>();
    for (const name of clusterNames) {
      const spec = { verb: "member", dataDir: join(folder, name), datastore: "memory" } as const;
      members.set(name, opened.use(await TestServer.start(spec)));
    }
    const [home] = tenantObjects();
    await writeFile(join(folder, "namespaces.yaml"), JSON.stringify(home));
    await mkdir(join(folder, "credentials"));
    const fixture = new PluginFixture(folder, opened.move(), { host, members });
    await fixture.#install();
    return fixture;
  }

  get client(): RestClient {
    return this.host.client;
  }

  /** Starts a controller manager on the host. */
  startManager(): Promise<ControllerManagerProcess> {
    return ControllerManagerProcess.start([
      ...["--kubeconfig", this.host.kubeconfig],
      ...["--credentials-dir", join(this.#folder, "credentials")],
      ...["--namespaces-file", join(this.#folder, "namespaces.yaml")],
    ]);
  }

  /** Joins the members by the command line, and makes the cells; a controller manager must run. */
  async join(): Promise<void> {
    for (const [name, { kubeconfig }] of this.members) {
      const credentials = ["--credentials-dir", join(this.#folder, "credentials")];
      const args = ["--kubeconfig", this.host.kubeconfig, "--member-kubeconfig", kubeconfig];
      await this.runOk(["join", name, ...args, ...credentials]);
    }
    const path = { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace };
    for (const object of tenantObjects()) {
      if (object.kind === "Cell") await this.client.create(path, object);
    }
  }

  /** The member object of a cell. */
  memberClient(cluster: string): RestClient {
    const found = this.members.get(cluster);
    if (!found) throw new Error(`Cannot find a member "${cluster}"`);
    return found.client;
  }

  /** Runs a command that must succeed. */
  async runOk(args: readonly string[]): Promise<string> {
    const result = await runCellplane(args);
    equal(result.code, 0, `cellplane ${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #install(): Promise<void> {
    const install = ["install", "--kubeconfig", this.host.kubeconfig];
    await this.runOk(install);
    // Again changes nothing.
    const again = await this.runOk(install);
    equal(/ (created|updated)$/m.exec(again), null, again);
    const spec = {
      // Long enough for a loaded machine, short enough to be waited for.
      leaderElect: { leaseDuration: "10s", renewDeadline: "8s", retryPeriod: "500ms" },
      clusterHealthCheck: { period: "1s", timeout: "1s", failureThreshold: 2 },
    };
    await this.client.patch(coreOf("kubefedconfigs"), "kubefed", { type: "merge", body: { spec } });
  }
}

function coreOf(resource: string): {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string;
} {
  return { group: "core.kubefed.io", version: "v1beta1", resource, namespace: system };
}

/** What a merge patch makes of an object's `spec`. */
export function specPatch(spec: unknown): { readonly type: "merge"; readonly body: unknown } {
  return { type: "merge", body: { spec } };
}

/** The `spec` of an object. */
export function specOf(object: KubernetesObject): Readonly<Record<string, unknown>> {
  return (object["spec"] ?? {}) as Readonly<Record<string, unknown>>;
}
