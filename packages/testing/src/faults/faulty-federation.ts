import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { loadKubeconfig } from "@cellplane/client/node";
import { createFederationControllers, FederationMetrics } from "@cellplane/controllers";
import { renderMetrics } from "@cellplane/metrics";
import {
  type JoinContext,
  planJoin,
  readControlPlaneId,
} from "../../../../apps/cli/src/membership/join-cluster.ts";
import { connectMember } from "../../../../apps/control-plane/src/federation/connect-member.ts";
import { connectOwn } from "../../../../apps/control-plane/src/kubernetes-api/serve-until-signal.ts";
import { findObject, waitFor } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "../in-process/running-server.suite.ts";
import { HostileProxy } from "./hostile-proxy.ts";

/** The member behind the proxy. */
export const faulty = "hz-a";
/** The one that must not suffer from it. */
export const sound = "hz-b";
const system = "kube-federation-system";
const namespace = "shop";

/** Paths of the control plane's own kinds. */
export const kubeFedClusters: ResourcePath = {
  group: "core.kubefed.io",
  version: "v1beta1",
  resource: "kubefedclusters",
  namespace: system,
};
const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta1",
  resource: "federatedconfigmaps",
  namespace,
};
const configMaps: ResourcePath = { group: "", version: "v1", resource: "configmaps", namespace };

/** A control plane with two members in this process, one of them behind a hostile proxy. */
export class FaultyFederation implements AsyncDisposable {
  readonly controlPlane: RunningServer;
  readonly members: Readonly<Record<string, RunningServer>>;
  readonly proxy: HostileProxy;
  readonly metrics: FederationMetrics = new FederationMetrics();
  readonly #opened: AsyncDisposableStack;

  private constructor(
    parts: {
      readonly controlPlane: RunningServer;
      readonly members: Readonly<Record<string, RunningServer>>;
      readonly proxy: HostileProxy;
    },
    opened: AsyncDisposableStack,
  ) {
    this.controlPlane = parts.controlPlane;
    this.members = parts.members;
    this.proxy = parts.proxy;
    this.#opened = opened;
  }

  /** Starts all, joins both members and federates the namespace over both. */
  static async open(): Promise<FaultyFederation> {
    await using opened = new AsyncDisposableStack();
    const [controlPlane, a, b] = await Promise.all([
      startServer("control-plane"),
      startServer("member"),
      startServer("member"),
    ]);
    for (const server of [controlPlane, a, b]) opened.use(server);
    const proxy = opened.use(await HostileProxy.start(a.url));
    const parts = { controlPlane, members: { [faulty]: a, [sound]: b }, proxy };
    const federation = new FaultyFederation(parts, opened.move());
    await federation.#start();
    await federation.configure({
      clusterHealthCheck: {
        period: "2s",
        timeout: "1s",
        failureThreshold: 2,
        successThreshold: 1,
      },
    });
    for (const name of [faulty, sound]) await federation.#join(name);
    await federation.#throughProxy();
    await federation.#makeNamespace();
    return federation;
  }

  get client(): RestClient {
    return this.controlPlane.client;
  }

  /** Changes the settings of the federation. */
  async configure(spec: object): Promise<void> {
    const path = { ...kubeFedClusters, resource: "kubefedconfigs" };
    await this.client.patch(path, "kubefed", { type: "merge", body: { spec } });
  }

  /** Federates a ConfigMap over both members, or holds it back from all but those of `mask`. */
  async create(name: string, value: string, mask?: readonly string[]): Promise<void> {
    const named = (names: readonly string[]) => names.map((each) => ({ name: each }));
    await this.client.create(federatedConfigMaps, {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedConfigMap",
      metadata: { name, namespace },
      spec: {
        template: { data: { value } },
        placement: { clusters: named([faulty, sound]) },
        ...(mask === undefined ? {} : { placementMask: { clusters: named(mask) } }),
      },
    });
  }

  /** Waits until a member has the value. */
  async waitForValue(member: string, name: string, value: string, ms?: number): Promise<void> {
    const client = this.members[member]?.client ?? this.client;
    const has = async () => {
      const found = await findObject({ client, path: configMaps, name });
      const data = found?.["data"] as Readonly<Record<string, string>> | undefined;
      return data?.["value"] === value ? true : undefined;
    };
    await waitFor(`configmaps/${name} with ${value} in ${member}`, has, ms);
  }

  /** A ConfigMap of a member, if it is there. */
  inMember(member: string, name: string): Promise<KubernetesObject | undefined> {
    const client = this.members[member]?.client ?? this.client;
    return findObject({ client, path: configMaps, name });
  }

  /** Changes a ConfigMap in a member behind the control plane's back. */
  async drift(member: string, name: string, value: string): Promise<void> {
    const body = { data: { value } };
    await this.members[member]?.client.patch(configMaps, name, { type: "merge", body });
  }

  /** The conditions of the faulty member, as `type=status reason: message`. */
  async conditions(): Promise<string> {
    const found = await findObject({ client: this.client, path: kubeFedClusters, name: faulty });
    const { conditions = [] } = (found?.["status"] ?? {}) as {
      readonly conditions?: readonly Readonly<Record<string, string>>[];
    };
    return conditions
      .map((each) => `${each["type"]}=${each["status"]} ${each["reason"]}: ${each["message"]}`)
      .join("\n");
  }

  /** The events about the faulty member, as `type reason: message`. */
  async events(): Promise<string> {
    const path = { group: "", version: "v1", resource: "events", namespace: system };
    const { items } = await this.client.list(path);
    return items
      .filter((item) => {
        const about = item["involvedObject"] as Readonly<Record<string, string>> | undefined;
        return about?.["kind"] === "KubeFedCluster" && about["name"] === faulty;
      })
      .map(({ type, reason, message }) => {
        const [kind, word, text] = [type, reason, message].map((each) => JSON.stringify(each));
        return `${kind} ${word}: ${text}`.replaceAll('"', "");
      })
      .join("\n");
  }

  /** What `/metrics` exposes. */
  exposition(): string {
    return renderMetrics(this.metrics.registry.collect());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #start(): Promise<void> {
    const own = connectOwn(this.controlPlane.api, "federation");
    const controllers = createFederationControllers({
      client: own,
      controlPlaneId: await readControlPlaneId(this.client),
      nowMs: Date.now,
      onError: () => undefined,
      connect: (cluster, credentials, token) =>
        connectMember(cluster, credentials, { token, tunnel: undefined }),
      metrics: this.metrics,
    });
    const stop = new AbortController();
    const running = controllers.run(stop.signal);
    this.#opened.defer(async () => {
      this.proxy.set({ kind: "none" });
      stop.abort();
      await running;
      await own[Symbol.asyncDispose]();
    });
  }

  async #join(name: string): Promise<void> {
    const member = this.members[name];
    if (!member) return;
    const { connection } = await loadKubeconfig({ file: member.kubeconfig });
    const context: JoinContext = { undo: [] };
    const steps = planJoin({
      name,
      controlPlane: this.client,
      member: member.client,
      connection,
      kubeconfig: member.kubeconfig,
      timeoutMs: 20_000,
    });
    for (const step of steps) await step.run(context, () => undefined);
  }

  async #throughProxy(): Promise<void> {
    const caBundle = Buffer.from(this.proxy.caBundle).toString("base64");
    const body = { spec: { apiEndpoint: this.proxy.url, caBundle } };
    await this.client.patch(kubeFedClusters, faulty, { type: "merge", body });
  }

  async #makeNamespace(): Promise<void> {
    await this.client.create(
      { group: "", version: "v1", resource: "namespaces" },
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    );
    await this.client.create(
      { ...federatedConfigMaps, resource: "federatednamespaces" },
      {
        apiVersion: "types.kubefed.io/v1beta1",
        kind: "FederatedNamespace",
        metadata: { name: namespace, namespace },
        spec: { placement: { clusters: [{ name: faulty }, { name: sound }] } },
      },
    );
  }
}
