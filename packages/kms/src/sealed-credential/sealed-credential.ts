import type { Envelope } from "../envelope/envelope.ts";
import { parseSeal } from "../envelope/seal.ts";
import { KmsError } from "../kms-error.ts";

/** Names in a Secret that holds a sealed credential. */
export const sealedCredential: {
  /** Its type; nobody but us reads such Secrets. */
  readonly type: string;
  /** Its only data key. */
  readonly field: string;
} = { type: "cellplane.io/sealed-credential", field: "sealed" };

/** What a seal is bound to: it opens nowhere else. */
export interface CredentialSubject {
  readonly namespace: string;
  /** Of the Secret. */
  readonly name: string;
  /** Of the KubeFedCluster. */
  readonly cluster: string;
}

/** A Secret's `data`: values in base64. */
export type SecretData = Readonly<Record<string, string>>;

/** Seals a Secret's data: what to put in its place. */
export async function sealCredential(
  envelope: Envelope,
  data: SecretData,
  of: CredentialSubject,
): Promise<SecretData> {
  const plaintext = Buffer.from(JSON.stringify(data), "utf8");
  const sealed = await envelope.seal(plaintext, subjectOf(of));
  plaintext.fill(0);
  return { [sealedCredential.field]: sealed.toString("base64") };
}

/**
 * Opens a sealed Secret's data.
 *
 * @throws {KmsError} If it cannot be opened.
 */
export async function openCredential(
  envelope: Envelope,
  data: SecretData,
  of: CredentialSubject,
): Promise<SecretData> {
  const plaintext = await envelope.open(sealOf(data), subjectOf(of));
  return JSON.parse(plaintext.toString("utf8")) as SecretData;
}

/** The id of the key that a Secret's data are sealed under. Throws as `openCredential`. */
export function keyIdOfCredential(data: SecretData): string {
  return parseSeal(sealOf(data)).keyId;
}

function sealOf(data: SecretData): Buffer {
  const others = Object.keys(data).filter((name) => name !== sealedCredential.field);
  if (others.length > 0) {
    throw new KmsError("Malformed", `it has plaintext besides its seal: ${others.join(", ")}`);
  }
  return Buffer.from(data[sealedCredential.field] ?? "", "base64");
}

function subjectOf({ namespace, name, cluster }: CredentialSubject): readonly string[] {
  return ["cellplane.io/sealed-credential/v1", namespace, name, cluster];
}
