import { createFederationControllers } from "@cellplane/controllers";
import { connectRestClient } from "@cellplane/client/node";
import { createFederationExtension } from "./federation/federation-extension.ts";
import { createApiControllers } from "./kubernetes-api/api-controllers.ts";
import { createLogger } from "./kubernetes-api/create-logger.ts";
import { openKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";
import { reportErrors } from "./kubernetes-api/report-errors.ts";
import { connectOwn, serveUntilSignal } from "./kubernetes-api/serve-until-signal.ts";
import type { ServerOptions } from "./options/server-options.ts";
import { version } from "./version.ts";

/** Runs a control plane: the federation's kinds, views and controllers on a Kubernetes API of its own. */
export async function runControlPlane(options: ServerOptions): Promise<void> {
  const logger = createLogger(options.logLevel, "control-plane");
  const api = await openKubernetesApi({
    ...options,
    name: "cellplane",
    logger,
    version,
    extension: createFederationExtension(),
  });
  await using client = connectOwn(api, "cellplane-controllers");
  const onError = reportErrors(logger);
  const deps = { client, caBundle: api.pki.ca, nowMs: Date.now, onError };
  const home = await api.objects.get({ group: "", resource: "namespaces" }, "kube-system");
  const federation = createFederationControllers({
    client,
    nowMs: Date.now,
    onError,
    controlPlaneId: home?.metadata.uid ?? "",
    connect: (_cluster, { endpoint, caBundle, token, skipTlsVerify }) =>
      connectRestClient(
        {
          server: endpoint,
          token: () => token,
          insecureSkipTlsVerify: skipTlsVerify,
          ...(caBundle === undefined ? {} : { caBundle }),
        },
        { userAgent: "cellplane" },
      ),
  });
  await serveUntilSignal(api, [...createApiControllers(deps), federation], () => {
    process.stdout.write(
      `Control plane ready at ${api.server.url}, kubeconfig ${api.kubeconfig}\n`,
    );
  });
}
