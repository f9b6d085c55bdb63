/** How a cluster is reached through its agents. */
export interface TunnelRoute {
  /** `host:port` that the agent dials where the client named only the cluster: its API server, as seen there. */
  readonly upstream: string;
  /** Whether another address inside may be reached; none may unless given. */
  readonly allows?: (address: string) => boolean;
}

/** Which clusters there are. */
export interface TunnelDirectory {
  routeOf(cluster: string): TunnelRoute | undefined;
}
