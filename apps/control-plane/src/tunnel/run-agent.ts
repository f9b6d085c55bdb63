import { once } from "node:events";
import { hostname } from "node:os";
import type { Logger } from "@cellplane/apiserver";
import { collectProcessMetrics, MetricRegistry } from "@cellplane/metrics";
import {
  bringToken,
  isClusterName,
  parseAddress,
  relaxCollector,
  TunnelAgent,
} from "@cellplane/tunnel";
import { createLogger } from "../kubernetes-api/create-logger.ts";
import { ServerError } from "../options/server-error.ts";
import { openAgentHealth } from "./agent-health.ts";
import { version } from "../version.ts";
import { atAnyServer } from "./at-any-server.ts";
import { keepRenewed } from "./keep-renewed.ts";
import { ownConnection, parseAccount, requestToken } from "./member-account.ts";
import { TokenKeeper } from "./token-keeper.ts";
import { readCredentials } from "./read-credentials.ts";
import { startTracing } from "../tracing/start-tracing.ts";
import { openServerChannel } from "./server-channel.ts";
import { upstreamOf } from "./cluster-directory.ts";

/** What `agent` is told. */
export interface AgentOptions {
  readonly servers: readonly string[];
  readonly cluster: string;
  readonly credentialsDir: string;
  readonly target: string | undefined;
  readonly allowed: readonly string[];
  readonly agentId: string | undefined;
  /** `NAMESPACE/NAME` of the account whose tokens the control plane is brought. */
  readonly tokenAccount: string | undefined;
  /** How the agent asks for them, outside of the cluster. */
  readonly memberKubeconfig: string | undefined;
  readonly graceMs: number;
  /** Where `/healthz`, `/readyz` and `/metrics` are served; nowhere unless given. */
  readonly healthListen: { readonly host: string; readonly port: number } | undefined;
  readonly tracingConfigFile: string | undefined;
  readonly logLevel: string;
}

const tokenLifeSeconds = 3600;

/** Serves a cluster until SIGTERM or SIGINT; connections may then go on for a while. */
export async function runAgent(options: AgentOptions): Promise<void> {
  check(options);
  relaxCollector();
  const { cluster, credentialsDir } = options;
  const logger = createLogger(options.logLevel, "agent");
  await using _tracing = await startTracing(options.tracingConfigFile, "cellplane-agent", logger);
  // Once, so that a wrong folder is told at once.
  readCredentials(credentialsDir);
  const target = targetOf(options.target);
  const metrics = new MetricRegistry();
  collectProcessMetrics(metrics);
  using tokens = await openTokenKeeper(options, target, logger);
  await using agent = new TunnelAgent({
    servers: options.servers,
    cluster,
    agentId: options.agentId ?? `${hostname()}/${process.pid}`,
    targets: { target, allowed: options.allowed },
    leaveGraceMs: options.graceMs,
    metrics,
    onConnectionEnd: (record) => logger.debug(record, "connection ended"),
    channelOf: async (server, signal) => ({
      ...(await openServerChannel(server, {
        tls: readCredentials(credentialsDir),
        env: process.env,
        signal,
      })),
      userAgent: `cellplane/${version}`,
    }),
    events: {
      onConnect: (server, serverId) => {
        logger.info({ server, serverId, cluster }, "connected");
        tokens?.connected();
        process.stdout.write(`Connected to ${server} as the agent of cluster ${cluster}\n`);
      },
      onServers: (known) => logger.info({ servers: known }, "servers told"),
      onLost: (server, why) => logger.warn({ server, why }, "not connected"),
    },
  });
  using _ = keepRenewed(options, logger);
  await using _health = await openAgentHealth(options.healthListen, {
    metrics,
    isConnected: () => agent.servers.length > 0,
  });
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await agent.drain(options.graceMs);
}

async function openTokenKeeper(
  { tokenAccount, memberKubeconfig, cluster, servers, credentialsDir }: AgentOptions,
  target: string,
  logger: Logger,
): Promise<TokenKeeper | undefined> {
  if (tokenAccount === undefined) return undefined;
  const account = parseAccount(tokenAccount);
  const connection = await ownConnection(target, memberKubeconfig);
  return new TokenKeeper({
    request: () => requestToken(connection, account, tokenLifeSeconds),
    bring: (token) =>
      atAnyServer(servers, credentialsDir, (channel) => bringToken(cluster, token, channel)),
    nowMs: Date.now,
    logger,
  });
}

function check({ servers, cluster, allowed }: AgentOptions): void {
  if (!isClusterName(cluster)) {
    throw new ServerError(`Cannot start as --cluster must be a cluster's name: it is "${cluster}"`);
  }
  for (const [option, address] of [
    ...servers.map((server) => ["--server", server] as const),
    ...allowed.map((address) => ["--allow", address] as const),
  ]) {
    if (parseAddress(address)) continue;
    throw new ServerError(`Cannot start as ${option} must be HOST:PORT: it is "${address}"`);
  }
}

function targetOf(url: string | undefined): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  const text = url ?? (host ? `https://${host.includes(":") ? `[${host}]` : host}:${port}` : "");
  const target = upstreamOf(text);
  if (target !== undefined) return target;
  throw new ServerError(
    url === undefined
      ? "Cannot tell the API server as this is no pod of a cluster: give --target https://HOST:PORT"
      : `Cannot start as --target must be a URL: it is "${url}"`,
  );
}
