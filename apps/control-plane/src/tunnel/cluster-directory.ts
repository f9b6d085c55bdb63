import type { ObjectAccess } from "@cellplane/apiserver";
import { annotations, kubefed, type KubeFedCluster, parseMemberName } from "@cellplane/federation";
import { formatAddress, type TunnelDirectory, type TunnelRoute } from "@cellplane/tunnel";

/** A cluster's name, and what has changed: it may no longer be reached as before. */
export type RouteListener = (cluster: string) => void;

/** A cluster that is reached through the tunnel. */
interface Entry extends TunnelRoute {
  /** Certificates of agents that were issued until then are refused; milliseconds since 1970. */
  readonly revokedUntilMs: number;
  readonly createdAtMs: number;
  readonly takesCredential: boolean;
}

// How far the clocks of control planes on one store may be apart.
const clockSkewMs = 5000;

/** The clusters that are reached through the tunnel, as their KubeFedClusters say. */
export class ClusterDirectory implements TunnelDirectory, Disposable {
  readonly #routes = new Map<string, Entry>();
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

  /** All, in the order of their names. */
  clusters(): readonly { readonly name: string; readonly upstream: string }[] {
    return Array.from(this.#routes, ([name, { upstream }]) => ({ name, upstream })).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  /**
   * Whether an agent's certificate may serve a cluster, by when it was issued: before the cluster
   * was joined, it was for another of that name.
   */
  accepts(cluster: string, issuedAtMs: number): boolean {
    const entry = this.#routes.get(cluster);
    if (!entry) return true;
    return issuedAtMs > entry.revokedUntilMs && issuedAtMs > entry.createdAtMs - clockSkewMs;
  }

  /** Whether the agents of a cluster bring the credential for its API server. */
  takesCredential(cluster: string): boolean {
    return this.#routes.get(cluster)?.takesCredential ?? false;
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
    const entry = { upstream, ...readMarks(object) };
    this.#routes.set(name, entry);
    if (before === undefined) return;
    const isRevoked = before.revokedUntilMs !== entry.revokedUntilMs;
    const isOther = before.createdAtMs !== entry.createdAtMs || before.upstream !== upstream;
    if (isRevoked || isOther) this.#onChange(name);
  }

  #remove(name: string): void {
    if (this.#routes.delete(name)) this.#onChange(name);
  }
}

function readMarks({ metadata }: KubeFedCluster): Omit<Entry, "upstream"> {
  const { [annotations.agentsRevoked]: revoked, [annotations.agentCredential]: credential } =
    metadata.annotations ?? {};
  const timeOf = (text: string | null | undefined): number => {
    const ms = Date.parse(text ?? "");
    return Number.isNaN(ms) ? 0 : ms;
  };
  return {
    revokedUntilMs: timeOf(revoked),
    createdAtMs: timeOf(metadata.creationTimestamp),
    takesCredential: credential === "true",
  };
}

/** `host:port` of an endpoint, as the agent in the cluster is to dial it. */
export function upstreamOf(endpoint: string): string | undefined {
  const url = URL.parse(/^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`);
  if (!url) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? (url.protocol === "http:" ? 80 : 443) : url.port);
  return formatAddress({ host, port });
}
