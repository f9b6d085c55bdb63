import { hostname } from "node:os";
import { join } from "node:path";
import { ensureServingCertificate, type Logger, type ObjectAccess } from "@cellplane/apiserver";
import type { SubscribeReachability } from "@cellplane/controllers";
import type { MetricRegistry } from "@cellplane/metrics";
import {
  authenticateCertificate,
  formatAddress,
  type TunnelDial,
  TunnelServer,
} from "@cellplane/tunnel";
import { certificateHosts } from "../kubernetes-api/server-address.ts";
import { ServerError } from "../options/server-error.ts";
import { ClusterDirectory } from "./cluster-directory.ts";

/** What the tunnel stands on. */
export interface TunnelOptions {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly objects: ObjectAccess;
  readonly metrics: MetricRegistry;
  readonly logger: Logger;
}

/** The tunnel of a control plane, as its other parts use it. */
export interface Tunnel extends AsyncDisposable {
  readonly server: TunnelServer;
  readonly directory: ClusterDirectory;
  /** `host:port` that it listens on. */
  readonly address: string;
  dial(dial: TunnelDial): ReturnType<TunnelServer["dial"]>;
  /** Has a listener told when a cluster's first agent has come, and when its last has left. */
  readonly onReachability: SubscribeReachability;
}

const drainMs = 2000;

/** Serves agents, whose certificates are of the control plane's own authority. */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const { logger } = options;
  const serving = await ensureServingCertificate(join(options.dataDir, "pki"), {
    commonName: "cellplane-tunnel",
    hosts: certificateHosts(options.listen.host),
    nowMs: Date.now(),
  });
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(
    new ClusterDirectory((cluster) => server.drop(cluster, "the cluster is reached otherwise now")),
  );
  const listeners = new Set<Parameters<SubscribeReachability>[0]>();
  const tell = (cluster: string, wasAlone: boolean, isReachable: boolean): void => {
    if (wasAlone) for (const listener of listeners) listener(cluster, isReachable);
  };
  const others = (cluster: string): number =>
    server.links().filter((link) => link.cluster === cluster).length;
  const { certificate: cert, key } = serving.server;
  const server = new TunnelServer({
    tls: { cert, key, ca: serving.ca },
    authenticate: authenticateCertificate,
    directory,
    // Stable as long as the host and the port are: an agent connects once to each server.
    serverId: `${hostname()}:${options.listen.port}`,
    metrics: options.metrics,
    events: {
      onConnect: ({ cluster, agentId, address }) => {
        logger.info({ cluster, agent: agentId, address }, "agent connected");
        tell(cluster, others(cluster) === 1, true);
      },
      onEnd: ({ cluster, agentId }, why) => {
        logger.info({ cluster, agent: agentId, why }, "agent left");
        tell(cluster, others(cluster) === 0, false);
      },
      onRefuse: (why, { id, address }) => logger.warn({ agent: id, address, why }, "agent refused"),
      onCut: ({ cluster }, why) => logger.warn({ cluster, why }, "connection cut"),
    },
  });
  opened.defer(() => server.close(drainMs));
  await directory.open(options.objects);
  const address = await listen(server, options.listen);
  const whole = opened.move();
  return {
    server,
    directory,
    address,
    dial: (dial) => server.dial(dial),
    onReachability: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function listen(
  server: TunnelServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    const bound = await server.listen({ host, port });
    return formatAddress({ host, port: "port" in bound ? bound.port : port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ServerError(`Cannot listen for agents on ${host} port ${port}: ${code}`, {
      cause: error,
    });
  }
}
