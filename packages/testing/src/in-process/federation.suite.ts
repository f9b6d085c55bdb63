import { createRestClient, type Transport } from "@cellplane/client";
import { createHttpTransport, loadKubeconfig } from "@cellplane/client/node";
import { createFederationControllers, FederationMetrics } from "@cellplane/controllers";
import {
  type JoinContext,
  planJoin,
  readControlPlaneId,
} from "../../../../apps/cli/src/membership/join-cluster.ts";
import { connectOwn } from "../../../../apps/control-plane/src/kubernetes-api/serve-until-signal.ts";
import { namespace, tenantObjects } from "../e2e/tenant.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

/** The one member's name. */
export const memberName = "hz-a";

/** A control plane and a member in this process; the federation's controllers can be restarted. */
export class Federation implements AsyncDisposable {
  readonly controlPlane: RunningServer;
  readonly member: RunningServer;
  /** What the controllers count. */
  readonly metrics: FederationMetrics = new FederationMetrics();
  /** What the controllers sent to the member, as `METHOD path`; watches excepted. */
  readonly requests: string[] = [];
  /** Called before each request to the member; may delay, fail or replace the answer. */
  intercept: (request: string) => Promise<void> = async () => undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(controlPlane: RunningServer, member: RunningServer) {
    this.controlPlane = controlPlane;
    this.member = member;
  }

  /** Starts both, runs the controllers and joins the member. */
  static async open(): Promise<Federation> {
    const [controlPlane, member] = await Promise.all([
      startServer("control-plane"),
      startServer("member"),
    ]);
    const federation = new Federation(controlPlane, member);
    await federation.start();
    return federation;
  }

  /** Starts the controllers. */
  async start(): Promise<void> {
    this.#stop = new AbortController();
    const { api, client } = this.controlPlane;
    const own = connectOwn(api, "federation");
    const controllers = createFederationControllers({
      client: own,
      controlPlaneId: await readControlPlaneId(client),
      nowMs: Date.now,
      onError: () => undefined,
      inspector: this.controlPlane.inspector,
      metrics: this.metrics,
      connect: (_cluster, { endpoint, caBundle }, token) => {
        const transport = createHttpTransport({
          server: endpoint,
          token,
          ...(caBundle === undefined ? {} : { caBundle }),
        });
        return createRestClient(this.#watched(transport), { userAgent: "cellplane" });
      },
    });
    const { signal } = this.#stop;
    this.#running = (async () => {
      await controllers.run(signal);
      await own[Symbol.asyncDispose]();
    })();
  }

  /** Stops the controllers. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Joins the member, or a further one, as the command line does. */
  async join(name: string = memberName, member: RunningServer = this.member): Promise<void> {
    const { kubeconfig, client } = member;
    const { connection } = await loadKubeconfig({ file: kubeconfig });
    const context: JoinContext = { undo: [] };
    const steps = planJoin({
      name,
      controlPlane: this.controlPlane.client,
      member: client,
      connection,
      kubeconfig,
      timeoutMs: 10_000,
    });
    for (const step of steps) await step.run(context, () => undefined);
  }

  /** Makes the tenant's namespace with the cells `rz00a` and `rz01a` on the member. */
  async makeCells(): Promise<void> {
    for (const object of tenantObjects()) {
      const { kind, metadata } = object;
      if (kind === "Cell" && !(metadata.name ?? "").endsWith("a")) continue;
      const path =
        kind === "Cell"
          ? { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace }
          : { group: "", version: "v1", resource: "namespaces" };
      await this.controlPlane.client.create(path, object);
    }
  }

  /** Writes to the member so far. */
  writes(): readonly string[] {
    return this.requests.filter((request) => !request.startsWith("GET "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.controlPlane[Symbol.asyncDispose]();
    await this.member[Symbol.asyncDispose]();
  }

  #watched(transport: Transport): Transport {
    return {
      server: transport.server,
      request: async (request, signal) => {
        const line = `${request.method} ${request.path}`;
        if (!request.path.includes("watch=true")) this.requests.push(line);
        await this.intercept(line);
        return transport.request(request, signal);
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  }
}
