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
import { type CredentialSecret, createCredentialSecret } from "./credential-secret.ts";
import { explainLost } from "./explain-lost.ts";
import { finishRenewal, keepRenewed } from "./keep-renewed.ts";
import { ownConnection, parseAccount, requestToken, takesToken } from "./member-account.ts";
import { TokenKeeper } from "./token-keeper.ts";
import { checkCredentials, readCredentials } from "./read-credentials.ts";
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
  /** `NAMESPACE/NAME` of the Secret that the folder is mounted from: renewed certificates go there. */
  readonly credentialsSecret: string | undefined;
  /** How the agent asks its API server for that, outside of the cluster. */
  readonly memberKubeconfig: string | undefined;
  readonly graceMs: number;
  /** Where `/healthz`, `/readyz` and `/metrics` are served; nowhere unless given. */
  readonly healthListen: { readonly host: string; readonly port: number } | undefined;
  readonly tracingConfigFile: string | undefined;
  readonly logLevel: string;
}

const tokenLifeSeconds = 3600;
const lookAgainMs = 500;

/** Serves a cluster until SIGTERM or SIGINT; connections may then go on for a while. */
export async function runAgent(options: AgentOptions): Promise<void> {
  check(options);
  relaxCollector();
  const { cluster, credentialsDir } = options;
  const logger = createLogger(options.logLevel, "agent");
  await using _tracing = await startTracing(options.tracingConfigFile, "cellplane-agent", logger);
  await startWith(credentialsDir);
  const target = targetOf(options.target);
  const metrics = new MetricRegistry();
  collectProcessMetrics(metrics);
  let known = options.servers;
  const current = {
    ...options,
    secret: await openSecret(options, target),
    /** Those that it was given may be gone by now. */
    get servers(): readonly string[] {
      return known;
    },
  };
  using tokens = await openTokenKeeper(current, target, logger);
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
      onServers: (servers) => {
        known = servers;
        logger.info({ servers }, "servers told");
      },
      onLost: (server, why) => logger.warn({ server, why: explainLost(why) }, "not connected"),
    },
  });
  using _ = keepRenewed(current, logger);
  await using _health = await openAgentHealth(options.healthListen, {
    metrics,
    isConnected: () => agent.servers.length > 0,
  });
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  await agent.drain(options.graceMs);
}

/** So that a wrong folder is told at once; but `join` may be writing it just now. */
async function startWith(credentialsDir: string): Promise<void> {
  try {
    finishRenewal(credentialsDir);
    checkCredentials(credentialsDir);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    checkCredentials(credentialsDir);
  }
}

async function openSecret(
  { credentialsSecret, memberKubeconfig }: AgentOptions,
  target: string,
): Promise<CredentialSecret | undefined> {
  if (credentialsSecret === undefined) return undefined;
  const place = parseAccount(credentialsSecret, "--credentials-secret");
  return createCredentialSecret(await ownConnection(target, memberKubeconfig), place);
}

async function openTokenKeeper(
  options: AgentOptions,
  target: string,
  logger: Logger,
): Promise<TokenKeeper | undefined> {
  const { tokenAccount, memberKubeconfig, cluster, credentialsDir } = options;
  if (tokenAccount === undefined) return undefined;
  const account = parseAccount(tokenAccount, "--token-account");
  const connection = await ownConnection(target, memberKubeconfig);
  return new TokenKeeper({
    request: () => requestToken(connection, account, tokenLifeSeconds),
    isTaken: (token) => takesToken(connection, token),
    bring: (token) =>
      atAnyServer(options.servers, credentialsDir, (channel) =>
        bringToken(cluster, token, channel),
      ),
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
  const target = url === undefined || /^https?:\/\/./.test(url) ? upstreamOf(text) : undefined;
  if (target !== undefined) return target;
  throw new ServerError(
    url === undefined
      ? "Cannot tell the API server as this is no pod of a cluster: give --target https://HOST:PORT"
      : `Cannot start as --target must be a URL such as https://127.0.0.1:6443: it is "${url}"`,
  );
}
