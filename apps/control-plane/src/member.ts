import { createWorkloadPlayer } from "@cellplane/controllers";
import { createApiControllers } from "./kubernetes-api/api-controllers.ts";
import { createLogger } from "./kubernetes-api/create-logger.ts";
import { openKubernetesApi } from "./kubernetes-api/kubernetes-api.ts";
import { reportErrors } from "./kubernetes-api/report-errors.ts";
import { connectOwn, serveUntilSignal } from "./kubernetes-api/serve-until-signal.ts";
import type { ServerOptions } from "./options/server-options.ts";
import { version } from "./version.ts";

// Slow enough to be seen, quick enough for a demo.
const stepMs = 120;

/** Runs a try-out member: a whole Kubernetes API whose workloads only pretend to run. */
export async function runMember(options: ServerOptions): Promise<void> {
  const logger = createLogger(options.logLevel, "member");
  const api = await openKubernetesApi({
    ...options,
    name: "member",
    logger,
    version,
    extension: {},
  });
  await using client = connectOwn(api, "cellplane-controllers");
  const deps = { client, caBundle: api.pki.ca, nowMs: Date.now, onError: reportErrors(logger) };
  const controllers = [...createApiControllers(deps), createWorkloadPlayer({ ...deps, stepMs })];
  await serveUntilSignal(api, controllers, () => {
    process.stdout.write(`Member ready at ${api.server.url}, kubeconfig ${api.kubeconfig}\n`);
  });
}
