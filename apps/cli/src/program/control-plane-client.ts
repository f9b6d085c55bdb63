import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";

/** Where the control plane is: the options that every command has. */
export interface ControlPlaneOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A client of the control plane that the options (or KUBECONFIG) name. */
export async function connectControlPlane(options: ControlPlaneOptions): Promise<RestClient> {
  const { connection } = await loadKubeconfig({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  return connectRestClient(connection, { userAgent: "cellplane" });
}
