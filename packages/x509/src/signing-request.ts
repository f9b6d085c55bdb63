import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import {
  type DerElement,
  derBitString,
  derExplicit,
  derInteger,
  derOid,
  derSequence,
  readDer,
} from "./der.ts";
import { encodeName, signatureAlgorithm, toPem } from "./issue-certificate.ts";

/** Whom a certificate is for. */
export interface SubjectName {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** What a request asks for, once its signature was checked. */
export interface SigningRequest extends SubjectName {
  readonly publicKey: KeyObject;
}

/** A request that cannot be read, or is not signed by the key that it names. */
export class SigningRequestError extends Error {
  override readonly name = "SigningRequestError";
}

const organizationOid = derOid("2.5.4.10");
const commonNameOid = derOid("2.5.4.3");

/** Makes a P-256 key, and a PKCS #10 request (RFC 2986) for it. Both PEM. */
export function createSigningRequest(subject: SubjectName): {
  readonly request: string;
  readonly key: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = derSequence(
    derInteger(Buffer.from([0])),
    encodeName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    // No attributes.
    derExplicit(0, Buffer.alloc(0)),
  );
  const signature = derBitString(sign("sha256", info, privateKey));
  const whole = derSequence(info, signatureAlgorithm(privateKey), signature);
  return {
    request: toPem(whole, "CERTIFICATE REQUEST"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/**
 * Reads a request in PEM. Extensions that it asks for are ignored.
 *
 * @throws {SigningRequestError}
 */
export function readSigningRequest(pem: string): SigningRequest {
  const body = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([^-]+)-----END/.exec(pem)?.[1];
  if (body === undefined) throw new SigningRequestError("It is no CERTIFICATE REQUEST in PEM");
  try {
    return readDerRequest(Buffer.from(body, "base64"));
  } catch (error) {
    if (error instanceof SigningRequestError) throw error;
    throw new SigningRequestError("Its encoding is broken", { cause: error });
  }
}

function readDerRequest(der: Buffer): SigningRequest {
  const [info, , signature] = childrenOf(readDer(der)[0]);
  const [, name, spki] = childrenOf(info);
  if (!info || !name || !spki || !signature) throw new SigningRequestError("It lacks a part");
  const publicKey = createPublicKey({ key: spki.whole, type: "spki", format: "der" });
  // The first byte counts unused bits.
  if (!verify(digestOf(publicKey), info.whole, publicKey, signature.content.subarray(1))) {
    throw new SigningRequestError("It is not signed by its own key");
  }
  const values = childrenOf(name).flatMap(childrenOf).map(childrenOf);
  const of = (oid: Buffer): readonly string[] =>
    values.flatMap(([id, value]) =>
      id?.whole.equals(oid) && value ? [value.content.toString("utf8")] : [],
    );
  const [commonName, ...more] = of(commonNameOid);
  if (commonName === undefined || more.length > 0) {
    throw new SigningRequestError("It must have one common name");
  }
  return { commonName, organizations: of(organizationOid), publicKey };
}

/** Null for the schemes that have their digest built in. */
function digestOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === "ec" || asymmetricKeyType === "rsa" ? "sha256" : null;
}

function childrenOf(element: DerElement | undefined): readonly DerElement[] {
  return element ? readDer(element.content) : [];
}
