import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { removeQuietly } from "./member-account.ts";
import { kubeFedClusters, systemSecrets } from "./system-namespace.ts";

/** The name of the Secret that a KubeFedCluster refers to. */
export function secretNameOf({ spec }: KubernetesObject): string | undefined {
  const secretRef = isJsonObject(spec) ? spec["secretRef"] : undefined;
  const name = isJsonObject(secretRef) ? secretRef["name"] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/**
 * Deletes the Secret that a cluster referred to before it got another, unless some cluster still
 * does: what KubeFed left there may do everything in the member.
 */
export async function removeReplacedSecret(
  controlPlane: RestClient,
  before: KubernetesObject,
): Promise<void> {
  const name = secretNameOf(before);
  if (name === undefined) return;
  const { items } = await controlPlane.list(kubeFedClusters);
  // Cells follow their cluster a moment later.
  const joined = items.filter(({ metadata }) => !(metadata.name ?? "").includes("."));
  if (joined.some((cluster) => secretNameOf(cluster) === name)) return;
  await removeQuietly(controlPlane, systemSecrets, name);
}
