import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { type KubeFedCluster, joinedClusterOf } from "@cellplane/federation";
import { type Envelope, openCredential, type SecretData } from "@cellplane/kms";
import { type CredentialPlace, dataOf, isSealed } from "../membership/stored-credential.ts";
import { kubeFedClusters, systemNamespace, systemSecrets } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";

/** A joined cluster with the Secret that it names. */
export interface ClusterCredential extends CredentialPlace {
  readonly object: KubeFedCluster;
  /** `undefined` if there is none of that name. */
  readonly secret: KubernetesObject | undefined;
}

/** The credentials of all joined clusters, by name. Cells use those of their cluster. */
export async function listCredentials(
  controlPlane: RestClient,
): Promise<readonly ClusterCredential[]> {
  const clusters = (await controlPlane.list(kubeFedClusters)).items as readonly KubeFedCluster[];
  const joined = clusters.filter((each) => joinedClusterOf(each) === each.metadata.name);
  return Promise.all(
    joined.map(async (object) => {
      const cluster = object.metadata.name ?? "";
      const name = object.spec.secretRef?.name ?? "";
      return { cluster, name, object, secret: await findSecret(controlPlane, name) };
    }),
  );
}

/** One of them. @throws {CliError} If there is no such joined cluster, or it has no Secret. */
export async function getCredential(
  controlPlane: RestClient,
  cluster: string,
): Promise<ClusterCredential & { readonly secret: KubernetesObject }> {
  const found = (await listCredentials(controlPlane)).find((each) => each.cluster === cluster);
  if (!found) throw new CliError(`Cannot find a joined cluster "${cluster}"`);
  const { secret } = found;
  if (!secret) throw new CliError(`Cannot find Secret "${found.name}" of cluster "${cluster}"`);
  return { ...found, secret };
}

/** A credential's data, opened if they are sealed. Rejects with a KmsError if they do not open. */
export async function readCredential(
  { cluster, name, secret }: CredentialPlace & { readonly secret: KubernetesObject },
  envelope: Envelope | undefined,
): Promise<SecretData> {
  const data = dataOf(secret);
  if (!isSealed(secret)) return data;
  if (!envelope) {
    throw new CliError(
      `Cannot read the credential of "${cluster}" as it is sealed: give --envelope-key-file or --envelope-kms`,
    );
  }
  return openCredential(envelope, data, { namespace: systemNamespace, name, cluster });
}

async function findSecret(
  controlPlane: RestClient,
  name: string,
): Promise<KubernetesObject | undefined> {
  if (name === "") return undefined;
  try {
    const secret = await controlPlane.get(systemSecrets, name);
    return isJsonObject(secret["data"]) ? secret : { ...secret, data: {} };
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}
