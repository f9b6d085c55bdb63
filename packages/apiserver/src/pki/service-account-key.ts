import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { readFileIfAny, writeFileAtomically } from "./atomic-file.ts";

/** The key that signs service-account tokens (ES256). */
export interface ServiceAccountKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Reads the signing key in `file`, or makes one there (P-256, mode 0600). */
export async function ensureServiceAccountKey(file: string): Promise<ServiceAccountKey> {
  const pem = await readFileIfAny(file);
  if (pem !== undefined) return parseServiceAccountKey(pem);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const made = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFileAtomically(file, made, 0o600);
  return parseServiceAccountKey(made);
}

/** Reads a private key in PEM. @throws {Error} If it is none. */
export function parseServiceAccountKey(pem: string): ServiceAccountKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return { keyId: computeKeyId(publicKey), privateKey, publicKey };
}

/** The `kid` of a public key, as Kubernetes computes it: SHA-256 of its DER, base64url. */
export function computeKeyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64url");
}
