import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { chooseMember, connectMember } from "./member-connection.ts";

/** The options that say which cluster something is read from. */
export interface SourceOptions {
  readonly member?: string;
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
}

/** Connects to the cluster that the options name: a joined member, any cluster, or any Ready member. */
export async function connectSource(
  controlPlane: RestClient,
  { memberKubeconfig, memberContext, member }: SourceOptions,
): Promise<RestClient> {
  if (memberKubeconfig === undefined) {
    return connectMember(controlPlane, member ?? (await chooseMember(controlPlane)));
  }
  return connectKubeconfig(memberKubeconfig, memberContext);
}

/** Connects to the cluster of a kubeconfig. */
export async function connectKubeconfig(
  file: string,
  context: string | undefined,
): Promise<RestClient> {
  const { connection } = await loadKubeconfig({
    file,
    ...(context === undefined ? {} : { context }),
  });
  return connectRestClient(connection, { userAgent: "cellplane" });
}
