import type { Authorizer } from "@cellplane/apiserver";
import type { RestClient } from "@cellplane/client";
import { type Controller, FederationMetrics, Inspector } from "@cellplane/controllers";
import { ClusterProxy } from "./cluster-proxy/cluster-proxy.ts";
import { identityOfDataDir } from "./federation/candidate-identity.ts";
import { contendAgain } from "./federation/contend-again.ts";
import { createFederationExtension } from "./federation/federation-extension.ts";
import { createLedFederation } from "./federation/led-federation.ts";
import { createApiControllers } from "./kubernetes-api/api-controllers.ts";
import { createLogger } from "./kubernetes-api/create-logger.ts";
import { openKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";
import { reportErrors } from "./kubernetes-api/report-errors.ts";
import { connectOwn, serveUntilSignal } from "./kubernetes-api/serve-until-signal.ts";
import { openSecretWith, openServerEnvelope } from "./options/envelope-options.ts";
import { isShared, type ServerOptions } from "./options/server-options.ts";
import { createTunnelStatusHandler, type ReadTunnelStatus } from "./tunnel/status-handler.ts";
import { describeTunnel, openTunnel } from "./tunnel/open-tunnel.ts";
import { startTracing } from "./tracing/start-tracing.ts";
import { version } from "./version.ts";

/** Runs a control plane: the federation's kinds, views and controllers on a Kubernetes API of its own. */
export async function runControlPlane(options: ServerOptions): Promise<void> {
  const logger = createLogger(options.logLevel, "control-plane");
  await using _tracing = await startTracing(options.tracingConfigFile, "cellplane", logger);
  await using envelope = openServerEnvelope(options.envelope ?? {});
  const inspector = new Inspector();
  using proxy = new ClusterProxy();
  let readTunnel: ReadTunnelStatus | undefined;
  let authorizer: Authorizer | undefined;
  await using api = await openKubernetesApi({
    ...options,
    name: "cellplane",
    logger,
    version,
    extension: createFederationExtension(inspector, (authorize) => {
      authorizer = authorize;
      return [proxy.handler(authorize), createTunnelStatusHandler(() => readTunnel?.(), authorize)];
    }),
  });
  await using client = connectOwn(api, "cellplane-controllers");
  const onError = reportErrors(logger);
  const deps = { caBundle: api.pki.ca, nowMs: Date.now, onError };
  const home = await api.objects.get({ group: "", resource: "namespaces" }, "kube-system");
  const apiControllers = (as: RestClient): readonly Controller[] =>
    createApiControllers({ ...deps, client: as });
  // On one store the controllers of one server are enough, and those of all would only race.
  const areLed = isShared(options.datastore);
  await using tunnel =
    options.tunnelListen &&
    (await openTunnel({
      ...options,
      ...api,
      listen: options.tunnelListen,
      isShared: areLed,
      frontends: options.tunnelFrontends ?? [],
      authorize: (user, asked) => authorizer?.(user, asked) ?? { allowed: false, reason: "" },
      ...(options.tunnelAdvertise ? { advertise: options.tunnelAdvertise } : {}),
      ...(envelope ? { seal: envelope } : {}),
      logger,
    }));
  readTunnel = tunnel?.status;
  await proxy.start({
    objects: api.objects,
    ...openSecretWith(envelope),
    ...(tunnel ? { tunnel } : {}),
  });
  const federation = createLedFederation({
    client,
    controlPlaneId: home?.metadata.uid ?? "",
    identity: identityOfDataDir(options.dataDir),
    logger,
    onError,
    settings: {
      metrics: new FederationMetrics(api.metrics),
      inspector,
      ...openSecretWith(envelope),
    },
    ...(areLed ? { beside: apiControllers } : {}),
    ...(tunnel ? { tunnel } : {}),
  });
  const controllers = [...(areLed ? [] : apiControllers(client)), contendAgain(federation, logger)];
  await serveUntilSignal(api, controllers, () => {
    process.stdout.write(
      `Control plane ready at ${api.server.url}, kubeconfig ${api.kubeconfig}\n${tunnel ? describeTunnel(tunnel) : ""}`,
    );
  });
}
