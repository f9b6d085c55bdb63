import { join } from "node:path";
import {
  type Authorizer,
  ensureServingCertificate,
  type Logger,
  type ObjectAccess,
  type ServingCertificate,
} from "@cellplane/apiserver";
import type { SubscribeReachability } from "@cellplane/controllers";
import type { MetricRegistry } from "@cellplane/metrics";
import type { Envelope } from "@cellplane/kms";
import { formatAddress, parseAddress, type TunnelDial, TunnelServer } from "@cellplane/tunnel";
import { renewCertificates } from "../kubernetes-api/renew-certificates.ts";
import { certificateHosts } from "../kubernetes-api/server-address.ts";
import type { FrontendAddress } from "../options/server-options.ts";
import { openFrontends } from "./open-frontends.ts";
import { identityOfDataDir } from "../federation/candidate-identity.ts";
import { ServerRegistry } from "./server-registry.ts";
import { authenticateUnrevoked } from "./authenticate-agent.ts";
import { createTokenTaker } from "./take-token.ts";
import { computeTunnelStatus, TunnelIncidents, type TunnelStatus } from "./tunnel-status.ts";
import { ServerError } from "../options/server-error.ts";
import { createAgentSigner, signRequests } from "./request-signer.ts";
import { ClusterDirectory } from "./cluster-directory.ts";

/** What the tunnel stands on. */
export interface TunnelOptions {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where agents find it, if not there: a load balancer, or a translated address. */
  readonly advertise?: { readonly host: string; readonly port: number };
  /** How many connections each stock agent is to have; 1 unless given. */
  readonly tunnelStripes?: number;
  /** Seals the tokens that agents bring. */
  readonly seal?: Envelope;
  /** Others may serve agents on the same store. */
  readonly isShared: boolean;
  /** Where clients of the apiserver-network-proxy are served. */
  readonly frontends: readonly FrontendAddress[];
  /** Whether they may reach a cluster. */
  readonly authorize: Authorizer;
  readonly objects: ObjectAccess;
  readonly metrics: MetricRegistry;
  readonly logger: Logger;
  /** With `debug` a line tells of each connection. */
  readonly logLevel: string;
}

/** The tunnel of a control plane, as its other parts use it. */
export interface Tunnel extends AsyncDisposable {
  readonly server: TunnelServer;
  readonly directory: ClusterDirectory;
  /** `host:port` that it listens on. */
  readonly address: string;
  /** Where clients of the apiserver-network-proxy are served. */
  readonly frontends: readonly string[];
  readonly status: () => TunnelStatus;
  dial(dial: TunnelDial): ReturnType<TunnelServer["dial"]>;
  /** Has a listener told when a cluster's first agent has come, and when its last has left. */
  readonly onReachability: SubscribeReachability;
}

const drainMs = 2000;

/** Serves agents, whose certificates are of the control plane's own authority. */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const { logger } = options;
  const ensure = (): Promise<ServingCertificate> => ensureCertificate(options);
  const serving = await ensure();
  await using opened = new AsyncDisposableStack();
  const incidents = new TunnelIncidents(Date.now);
  const directory = opened.use(
    new ClusterDirectory((cluster) => {
      server.drop(cluster, "the cluster is reached otherwise now, or its agents were revoked");
      if (!directory.routeOf(cluster)) incidents.forget(cluster);
    }),
  );
  const note = (clusters: readonly string[], why: string): void => {
    const known = clusters.filter((cluster) => directory.routeOf(cluster));
    for (const cluster of known) incidents.note(cluster, why);
    if (known.length === 0) incidents.noteOther(why);
  };
  const refused = (cluster: string, why: string): void => {
    logger.warn({ cluster, why }, "agent refused");
    note([cluster], why);
  };
  const listeners = new Set<Parameters<SubscribeReachability>[0]>();
  const tell = (cluster: string, wasAlone: boolean, isReachable: boolean): void => {
    if (wasAlone) for (const listener of listeners) listener(cluster, isReachable);
  };
  const others = (cluster: string): number =>
    server.links().filter((link) => link.cluster === cluster).length;
  const signer = createAgentSigner(join(options.dataDir, "pki"));
  const { certificate: cert, key } = serving.server;
  // An agent connects once to each server.
  const serverId = identityOfDataDir(options.dataDir);
  const registry = opened.use(await ServerRegistry.open({ ...options, nowMs: Date.now }));
  const server = new TunnelServer({
    tls: { cert, key, ca: serving.ca },
    authenticate: authenticateUnrevoked(directory, refused),
    directory,
    sign: signer.sign,
    takeToken: createTokenTaker({ ...options, directory, onRefuse: refused }),
    serverId,
    roster: registry,
    ...(options.tunnelStripes === undefined ? {} : { stripes: options.tunnelStripes }),
    metrics: options.metrics,
    ...(options.logLevel === "debug"
      ? { onConnectionEnd: (record) => logger.debug(record, "connection ended") }
      : {}),
    events: {
      onConnect: ({ cluster, agentId, address }) => {
        logger.info({ cluster, agent: agentId, address }, "agent connected");
        tell(cluster, others(cluster) === 1, true);
      },
      onEnd: ({ cluster, agentId }, why) => {
        logger.info({ cluster, agent: agentId, why }, "agent left");
        note([cluster], `agent ${agentId} left: ${why}`);
        tell(cluster, others(cluster) === 0, false);
      },
      onRefuse: (why, { id, address, clusters = [] }) => {
        logger.warn({ agent: id, address, clusters, why }, "agent refused");
        note(clusters, `agent ${id} at ${address} was refused: ${why}`);
      },
      onCut: ({ cluster, agentId }, why) => {
        logger.warn({ cluster, agent: agentId, why }, "connection cut");
        note([cluster], `a connection was cut: ${why}`);
      },
    },
  });
  opened.defer(() => server.close(drainMs));
  await directory.open(options.objects);
  opened.use(await signRequests(options.objects, signer, logger));
  const address = await listen(server, options.listen);
  const { authorize } = options;
  const addresses = options.frontends;
  const frontends = opened.use(
    await openFrontends({ addresses, serving, server, authorize, logger }),
  );
  opened.use(
    renewCertificates({
      server: {
        reloadTls: ({ key: newKey, cert: newCert, clientCa }) => {
          const tls = { key: newKey, cert: newCert, ca: clientCa };
          server.renewTls(tls);
          frontends.renewTls(tls);
        },
      },
      pki: serving,
      ensure,
      nowMs: Date.now,
      logger,
    }),
  );
  await registry.announce({
    id: serverId,
    address: advertised(options, address),
    ca: serving.ca,
  });
  const whole = opened.move();
  return {
    server,
    directory,
    address,
    frontends: frontends.addresses,
    status: () =>
      computeTunnelStatus({
        serverId,
        address,
        links: server.links(),
        clusters: directory.clusters(),
        incidents,
      }),
    dial: (dial) => server.dial(dial),
    onReachability: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Where it is served, for people. */
export function describeTunnel({ address, frontends }: Tunnel): string {
  const clients = frontends.map((each) => `Clients of the tunnel are served at ${each}\n`).join("");
  return `Agents are served at ${address}\n${clients}`;
}

function ensureCertificate({
  dataDir,
  listen: { host },
  advertise,
  frontends,
}: TunnelOptions): Promise<ServingCertificate> {
  return ensureServingCertificate(join(dataDir, "pki"), {
    commonName: "cellplane-tunnel",
    hosts: [
      ...new Set([
        ...certificateHosts(host),
        ...(advertise ? [advertise.host] : []),
        ...frontends.flatMap((each) => ("host" in each ? certificateHosts(each.host) : [])),
      ]),
    ],
    nowMs: Date.now(),
  });
}

/** `host:port` for those elsewhere: where every address is listened on, the host's name. */
function advertised(
  { listen: { host }, advertise }: Pick<TunnelOptions, "listen" | "advertise">,
  address: string,
): string {
  if (advertise) return formatAddress(advertise);
  const [any] = certificateHosts(host);
  const { port } = parseAddress(address) ?? { port: 0 };
  return formatAddress({ host: any ?? host, port });
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
