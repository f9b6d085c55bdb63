import type { ObjectAccess } from "@cellplane/apiserver";
import { kubefed, type KubeFedCluster, parseMemberName } from "@cellplane/federation";
import { formatAddress, type TunnelDirectory, type TunnelRoute } from "@cellplane/tunnel";

/** A cluster's name, and what has changed: it may no longer be reached as before. */
export type RouteListener = (cluster: string) => void;

/** The clusters that are reached through the tunnel, as their KubeFedClusters say. */
export class ClusterDirectory implements TunnelDirectory, Disposable {
  readonly #routes = new Map<string, TunnelRoute>();
  readonly #onChange: RouteListener;
  #watch: Disposable | undefined;

  constructor(onChange: RouteListener) {
    this.#onChange = onChange;
  }

  /** Reads what there is, and follows it. */
  async open(objects: ObjectAccess): Promise<void> {
    const scope = {
      group: "core.kubefed.io",
      resource: "kubefedclusters",
      namespace: kubefed.systemNamespace,
    };
    this.#watch = await objects.watch(scope, {
      onPut: (object) => this.#put(object as KubeFedCluster),
      onDelete: (object) => this.#remove(object.metadata.name ?? ""),
    });
  }

  routeOf(cluster: string): TunnelRoute | undefined {
    return this.#routes.get(cluster);
  }

  /** Names of all, in order. */
  clusters(): readonly string[] {
    return [...this.#routes.keys()].sort();
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  #put(object: KubeFedCluster): void {
    const { name = "" } = object.metadata;
    // Cells are reached as the cluster that they are on.
    if (parseMemberName(name) !== undefined) return;
    const upstream =
      object.spec.connection === "Tunnel" ? upstreamOf(object.spec.apiEndpoint) : undefined;
    if (upstream === undefined) return this.#remove(name);
    const before = this.#routes.get(name);
    this.#routes.set(name, { upstream });
    if (before !== undefined && before.upstream !== upstream) this.#onChange(name);
  }

  #remove(name: string): void {
    if (this.#routes.delete(name)) this.#onChange(name);
  }
}

/** `host:port` of an endpoint, as the agent in the cluster is to dial it. */
export function upstreamOf(endpoint: string): string | undefined {
  const url = URL.parse(/^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`);
  if (!url) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? (url.protocol === "http:" ? 80 : 443) : url.port);
  return formatAddress({ host, port });
}
