import {
  type Controller,
  createGarbageCollectorController,
  FederationMetrics,
  LeaseLostError,
} from "@cellplane/controllers";
import type { Logger } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import { groups } from "@cellplane/federation";
import type { EnvelopeOptions } from "@cellplane/kms";
import { identityOfProcess } from "../federation/candidate-identity.ts";
import { createLedFederation } from "../federation/led-federation.ts";
import { createLogger } from "../kubernetes-api/create-logger.ts";
import { reportErrors } from "../kubernetes-api/report-errors.ts";
import { openSecretWith, openServerEnvelope } from "../options/envelope-options.ts";
import { readHostId } from "./host/host-identity.ts";
import { applyInstallation } from "./install/apply-installation.ts";
import { renderInstallation } from "./install/render-installation.ts";
import { type Host, type HostOptions, openHost } from "./open-host.ts";
import { openWebhooks } from "./open-webhooks.ts";
import { PluginReadiness } from "./readiness.ts";
import { openWebhookCertificate } from "./webhook/webhook-certificate.ts";
import { createWebhookRegistrar } from "./webhook/webhook-registrar.ts";
import { hostsOfTarget, type WebhookTarget } from "./webhook/webhook-target.ts";
import { certificateHosts } from "../kubernetes-api/server-address.ts";

/** What `controller-manager` is told. */
export interface ControllerManagerOptions extends HostOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly certDir?: string;
  /** Where the host reaches the webhooks. Default: where they listen. */
  readonly target?: WebhookTarget;
  readonly installs: "first" | "never";
  readonly logLevel: string;
  /** Keys that sealed member credentials are opened with. */
  readonly envelope?: EnvelopeOptions;
}

/** Runs the federation's controllers and webhooks against a host, until SIGTERM or SIGINT. */
export async function runControllerManager(options: ControllerManagerOptions): Promise<void> {
  const logger = createLogger(options.logLevel, "controller-manager");
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const { signal } = stopping;
  await using host = await openHost(options, logger, signal);
  if (!host) return;
  try {
    await serve(options, { host, logger }, signal);
  } catch (error) {
    // What was under way when it was told to stop may fail.
    if (!signal.aborted) throw error;
  } finally {
    stop();
  }
}

async function serve(
  options: ControllerManagerOptions,
  { host, logger }: { readonly host: Host; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { systemNamespace, listen } = options;
  await using envelope = openServerEnvelope(options.envelope ?? {});
  const named = options.target === undefined ? [] : hostsOfTarget(options.target);
  await using certificate = await openWebhookCertificate({
    certDir: options.certDir,
    hosts: [...certificateHosts(listen.host), ...named],
    nowMs: Date.now,
    logger,
  });
  const readiness = new PluginReadiness(host.missing);
  const metrics = new FederationMetrics();
  const shown = { readiness, metrics: metrics.registry, systemNamespace };
  await using webhooks = await openWebhooks(
    { ...host, ...shown, certificate, listen, logger },
    signal,
  );
  const { server } = webhooks;
  const target = options.target ?? { kind: "url", url: server.url };
  if (options.installs === "first") {
    await installFirst(host, { systemNamespace, target, caBundle: certificate.current.ca }, signal);
  }
  webhooks.startLookups();
  const onError = reportErrors(logger);
  const registrarOf = (client: RestClient): ReturnType<typeof createWebhookRegistrar> =>
    createWebhookRegistrar({
      client,
      target,
      caBundle: () => certificate.current.ca,
      admission: host.features.webhookConfigurations ? "served" : "missing",
      onError,
    });
  let registrar: ReturnType<typeof createWebhookRegistrar> | undefined;
  const federation = createLedFederation({
    client: host.client,
    controlPlaneId: await readHostId(host.client, systemNamespace, signal),
    systemNamespace,
    ...(host.features.configMaps ? {} : { lockKind: "leaderlocks" as const }),
    identity: identityOfProcess(),
    logger,
    onError,
    settings: { metrics, ...openSecretWith(envelope) },
    beside: (client) => {
      readiness.setLeads("yes");
      registrar = registrarOf(client);
      return [registrar, ...collectorOf(host, client, onError)];
    },
  });
  process.stdout.write(`Controller manager ready at ${server.url}\n`);
  await Promise.all([
    federation.run(signal).catch((error: unknown) => {
      if (signal.aborted || !(error instanceof LeaseLostError)) throw error;
      logger.error({ err: error }, "lost lease");
      // At once: somebody else may lead from now on.
      process.exit(1);
    }),
    host.follow(signal),
    certificate.follow((files) => {
      server.reloadTls(files);
      registrar?.refresh();
    }, signal),
  ]);
}

async function installFirst(
  host: Host,
  what: Omit<Parameters<typeof renderInstallation>[0], "features">,
  signal: AbortSignal,
): Promise<void> {
  const objects = renderInstallation({ ...what, features: host.features });
  await applyInstallation(host.client, objects, () => undefined, signal);
}

/** Where not even namespaces are served, nobody else clears away what a deleted object leaves. */
function collectorOf(
  host: Host,
  client: RestClient,
  onError: ReturnType<typeof reportErrors>,
): readonly Controller[] {
  if (host.features.groupList) return [];
  const all = Object.values(groups);
  return [createGarbageCollectorController({ client, onError, groups: () => all })];
}
