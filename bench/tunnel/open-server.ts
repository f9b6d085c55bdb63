import { authenticateCertificate, TunnelServer } from "../../packages/tunnel/src/index.ts";

/** How a tunnel server of ours is opened. */
export interface ServerConfig {
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  /** For agents. */
  readonly port: number;
  readonly serverId: string;
  /** `host:port` of every cluster's API server. */
  readonly upstream: string;
  /** Where it tells how many agents it has. */
  readonly statusPort?: number;
}

/** Opens a tunnel server which knows every cluster. */
export async function openServer(config: ServerConfig): Promise<TunnelServer> {
  const server = new TunnelServer({
    tls: config.tls,
    authenticate: authenticateCertificate,
    directory: { routeOf: () => ({ upstream: config.upstream }) },
    serverId: config.serverId,
  });
  await server.listen({ host: "127.0.0.1", port: config.port });
  return server;
}
