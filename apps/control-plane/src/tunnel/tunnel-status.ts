import type { AgentLink } from "@cellplane/tunnel";

/** An event that somebody who looks for a fault wants to know. */
export interface TunnelIncident {
  /** RFC 3339. */
  readonly time: string;
  readonly message: string;
}

/** One agent, as it stands. */
export interface AgentStatus {
  readonly id: string;
  readonly version: string;
  readonly address: string;
  /** RFC 3339. */
  readonly connectedSince: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly pendingDials: number;
  /** To the cluster, and from it, since the agent is connected. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Sent, but not yet taken by the agent. */
  readonly unsentBytes: number;
}

/** One cluster that is reached through the tunnel. */
export interface TunnelClusterStatus {
  readonly cluster: string;
  readonly upstream: string;
  readonly agents: readonly AgentStatus[];
  /** The newest refusal or loss of an agent, or connection that was cut; absent: none since the start. */
  readonly lastError?: TunnelIncident;
}

/** What `cellplane tunnel status` shows, of the server that was asked. */
export interface TunnelStatus {
  readonly serverId: string;
  readonly address: string;
  readonly clusters: readonly TunnelClusterStatus[];
  /** The newest refusal of an agent that named no cluster there is. */
  readonly lastRefusal?: TunnelIncident;
}

/** Keeps the newest incident of each cluster; no more clusters than there are. */
export class TunnelIncidents {
  readonly #byCluster = new Map<string, TunnelIncident>();
  readonly #nowMs: () => number;
  #other: TunnelIncident | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(cluster: string, message: string): void {
    this.#byCluster.set(cluster, this.#incident(message));
  }

  /** Of an agent whose cluster is not known. */
  noteOther(message: string): void {
    this.#other = this.#incident(message);
  }

  get other(): TunnelIncident | undefined {
    return this.#other;
  }

  of(cluster: string): TunnelIncident | undefined {
    return this.#byCluster.get(cluster);
  }

  /** A cluster is gone. */
  forget(cluster: string): void {
    this.#byCluster.delete(cluster);
  }

  #incident(message: string): TunnelIncident {
    return { time: new Date(this.#nowMs()).toISOString(), message };
  }
}

/** The state of every cluster that is reached through the tunnel, also of those without an agent. */
export function computeTunnelStatus(given: {
  readonly serverId: string;
  readonly address: string;
  readonly links: readonly AgentLink[];
  readonly clusters: readonly { readonly name: string; readonly upstream: string }[];
  readonly incidents: TunnelIncidents;
}): TunnelStatus {
  const { serverId, address, links, incidents } = given;
  const clusters = given.clusters.map(({ name, upstream }) => {
    const lastError = incidents.of(name);
    return {
      cluster: name,
      upstream,
      agents: links.filter(({ cluster }) => cluster === name).map(statusOf),
      ...(lastError ? { lastError } : {}),
    };
  });
  const { other } = incidents;
  return { serverId, address, clusters, ...(other ? { lastRefusal: other } : {}) };
}

function statusOf(link: AgentLink): AgentStatus {
  const { agentId: id, agentVersion: version, address, connectedAtMs, isDraining, counts } = link;
  const { connections, pendingDials, sentBytes, receivedBytes, unsentBytes } = counts;
  return {
    id,
    version,
    address,
    connectedSince: new Date(connectedAtMs).toISOString(),
    draining: isDraining,
    connections,
    pendingDials,
    sentBytes,
    receivedBytes,
    unsentBytes,
  };
}
