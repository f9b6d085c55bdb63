import { hostname } from "node:os";
import { join } from "node:path";
import { ensureServingCertificate, type Logger, type ObjectAccess } from "@cellplane/apiserver";
import type { SubscribeReachability } from "@cellplane/controllers";
import { isJsonObject } from "@cellplane/apimachinery";
import { kubefed } from "@cellplane/federation";
import type { MetricRegistry } from "@cellplane/metrics";
import {
  authenticateCertificate,
  formatAddress,
  parseAddress,
  type TunnelDial,
  TunnelServer,
} from "@cellplane/tunnel";
import { certificateHosts } from "../kubernetes-api/server-address.ts";
import { ServerError } from "../options/server-error.ts";
import { createAgentSigner, signRequests } from "./request-signer.ts";
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
  const signer = createAgentSigner(join(options.dataDir, "pki"));
  const { certificate: cert, key } = serving.server;
  const server = new TunnelServer({
    tls: { cert, key, ca: serving.ca },
    authenticate: authenticateCertificate,
    directory,
    sign: signer.sign,
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
  opened.use(await signRequests(options.objects, signer, logger));
  const address = await listen(server, options.listen);
  await announce(options.objects, {
    address: advertised(options.listen, address),
    ca: serving.ca,
  });
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

/** `host:port` for those elsewhere: where every address is listened on, the host's name. */
function advertised({ host }: { readonly host: string }, address: string): string {
  const [any] = certificateHosts(host);
  const { port } = parseAddress(address) ?? { port: 0 };
  return formatAddress({ host: any ?? host, port });
}

/** Tells `cellplane join --tunnel` where agents are to dial in, one key for each server. */
async function announce(
  objects: ObjectAccess,
  { address, ca }: { readonly address: string; readonly ca: string },
): Promise<void> {
  const scope = { group: "", resource: "configmaps", namespace: kubefed.systemNamespace };
  const name = "cellplane-tunnel";
  const { host, port } = parseAddress(address) ?? { host: "", port: 0 };
  const data = { [`${host.replaceAll(":", "-")}_${port}`]: address, "ca.crt": ca };
  if (await objects.get(scope, name)) {
    await objects.update(scope, name, (current) => ({
      ...current,
      data: { ...(isJsonObject(current["data"]) ? current["data"] : {}), ...data },
    }));
    return;
  }
  const metadata = { name, namespace: kubefed.systemNamespace };
  await objects.create(scope, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
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
