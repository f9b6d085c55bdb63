import type { RestClient } from "@cellplane/client";
import type { Envelope } from "@cellplane/kms";
import { renderCredential, replaceCredential } from "../membership/stored-credential.ts";
import { CliError } from "../program/cli-error.ts";
import type { CredentialFinding } from "./check-credentials.ts";
import { type ClusterCredential, readCredential } from "./cluster-credentials.ts";

/** Seals a credential under the newest key, whatever it was before. Whether anything was to do. */
export async function resealCredential(
  of: ClusterCredential & { readonly finding: CredentialFinding },
  envelope: Envelope,
  controlPlane: RestClient,
): Promise<boolean> {
  const { secret, finding, cluster, name } = of;
  if (finding.state === "Sealed") return false;
  if (!secret || finding.state === "CannotOpen") {
    throw new CliError(`Cannot reseal Secret "${name}" of "${cluster}": ${finding.message}`);
  }
  const data = await readCredential({ ...of, secret }, envelope);
  const sealed = await renderCredential(data, { cluster, name }, envelope);
  await replaceCredential(controlPlane, name, sealed.data);
  return true;
}
