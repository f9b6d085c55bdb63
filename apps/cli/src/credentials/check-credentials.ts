import { type Envelope, keyIdOfCredential, KmsError } from "@cellplane/kms";
import { dataOf, isSealed } from "../membership/stored-credential.ts";
import { type ClusterCredential, readCredential } from "./cluster-credentials.ts";

/** How a credential is kept. */
export type CredentialState =
  /** Sealed under the newest key, and it opens. */
  | "Sealed"
  /** Sealed; no key was given to try it with. */
  | "NotTried"
  | "Plaintext"
  | "OldKey"
  | "CannotOpen"
  | "Missing";

/** What was found of one cluster's credential. */
export interface CredentialFinding {
  readonly cluster: string;
  readonly secret: string;
  readonly state: CredentialState;
  /** That it is sealed under; empty if it is not, or cannot be told. */
  readonly keyId: string;
  readonly message: string;
}

/** States that are as they should be. */
export const goodStates: ReadonlySet<CredentialState> = new Set(["Sealed", "NotTried"]);

/** Looks at a credential, and opens it if it can. What is opened is dropped at once. */
export async function checkCredential(
  of: ClusterCredential,
  envelope: Envelope | undefined,
): Promise<CredentialFinding> {
  const { cluster, name, secret } = of;
  const found = (state: CredentialState, keyId: string, message: string): CredentialFinding => ({
    cluster,
    secret: name,
    state,
    keyId,
    message,
  });
  if (!secret) return found("Missing", "", "there is no such Secret");
  if (!isSealed(secret)) return found("Plaintext", "", "it is not sealed");
  let keyId = "";
  try {
    keyId = keyIdOfCredential(dataOf(secret));
    if (!envelope) return found("NotTried", keyId, "");
    await readCredential({ ...of, secret }, envelope);
    const current = await envelope.currentKeyId();
    return keyId === current
      ? found("Sealed", keyId, "")
      : found("OldKey", keyId, `the newest key is "${current}"`);
  } catch (error) {
    if (error instanceof KmsError) return found("CannotOpen", keyId, error.message);
    throw error;
  }
}
