import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { type Envelope, sealCredential, sealedCredential, type SecretData } from "@cellplane/kms";
import { CliError } from "../program/cli-error.ts";
import { systemNamespace, systemSecrets } from "./system-namespace.ts";

/** The Secret of a cluster, and whose it is. */
export interface CredentialPlace {
  readonly cluster: string;
  /** Of the Secret. */
  readonly name: string;
}

/** A Secret's data; empty if it has none. */
export function dataOf(secret: KubernetesObject): SecretData {
  const data = secret["data"];
  return isJsonObject(data) ? (data as SecretData) : {};
}

/** Whether a Secret says, or shows, that it is sealed. */
export function isSealed(secret: KubernetesObject): boolean {
  return secret["type"] === sealedCredential.type || sealedCredential.field in dataOf(secret);
}

/** The Secret that holds a credential; sealed if there is an envelope. */
export async function renderCredential(
  data: SecretData,
  { cluster, name }: CredentialPlace,
  envelope: Envelope | undefined,
): Promise<KubernetesObject & { readonly data: SecretData; readonly type: string }> {
  const subject = { namespace: systemNamespace, name, cluster };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "app.kubernetes.io/managed-by": "cellplane" } },
    type: envelope ? sealedCredential.type : "Opaque",
    data: envelope ? await sealCredential(envelope, data, subject) : data,
  };
}

/**
 * Puts other data into a Secret that is there: all of it at once, so that nothing of the old stays.
 *
 * @throws {CliError} If it is sealed and the data are not.
 */
export async function replaceCredential(
  controlPlane: RestClient,
  name: string,
  data: SecretData,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const secret = await controlPlane.get(systemSecrets, name);
    if (isSealed(secret) && !(sealedCredential.field in data)) {
      throw new CliError(
        `Cannot store plaintext as Secret "${name}" is sealed: give --seal, or delete the Secret first`,
      );
    }
    try {
      await controlPlane.update(systemSecrets, { ...secret, data });
      return;
    } catch (error) {
      if (!isStatus(error, "Conflict") || attempt === 3) throw error;
    }
  }
}
