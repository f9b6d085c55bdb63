import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { type CertificateUsage, encodeExtensions, encodeSerial } from "./certificate-extensions.ts";
import {
  derBitString,
  derExplicit,
  derInteger,
  derNull,
  derOid,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
  readDer,
} from "./der.ts";

/** A certificate and its private key. */
export interface CertificateAndKey {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Who signs: an authority's certificate (DER) and key. */
export interface Issuer {
  readonly certificate: Buffer;
  readonly key: KeyObject;
}

/** What is to be certified. */
export interface CertificateRequest {
  readonly usage: CertificateUsage;
  readonly commonName: string;
  /** One `O` each; Kubernetes' groups. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Makes a P-256 key and a certificate for it. Without an issuer it signs itself. */
export function issueCertificate(request: CertificateRequest, issuer?: Issuer): CertificateAndKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    certificate: signCertificate(request, publicKey, {
      key: issuer?.key ?? privateKey,
      certificate: issuer?.certificate,
    }),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** Certifies somebody's key; without a certificate the signer certifies itself. PEM. */
export function signCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  issuer: { readonly key: KeyObject; readonly certificate: Buffer | undefined },
): string {
  const signingKey = issuer.key;
  const subject = encodeName(request);
  const authority = issuer.certificate && readIssuer(issuer.certificate);
  const subjectKeyId = keyIdOf(publicKey);
  const signed = derSequence(
    derExplicit(0, derInteger(Buffer.from([2]))),
    encodeSerial(randomBytes(16)),
    signatureAlgorithm(signingKey),
    authority?.subject ?? subject,
    derSequence(derTime(request.notBeforeMs), derTime(request.notAfterMs)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    encodeExtensions({
      usage: request.usage,
      hosts: request.hosts ?? [],
      subjectKeyId,
      authorityKeyId: authority ? authority.subjectKeyId : subjectKeyId,
    }),
  );
  const signature = derBitString(sign("sha256", signed, signingKey));
  return toPem(derSequence(signed, signatureAlgorithm(signingKey), signature), "CERTIFICATE");
}

/** A distinguished name of organizations and a common name. */
export function encodeName(
  request: Pick<CertificateRequest, "commonName" | "organizations">,
): Buffer {
  const organizations = request.organizations ?? [];
  return derSequence(
    ...organizations.map((name) => attribute("2.5.4.10", name)),
    attribute("2.5.4.3", request.commonName),
  );
}

function attribute(oid: string, value: string): Buffer {
  return derSet(derSequence(derOid(oid), derUtf8String(value)));
}

/** ecdsa-with-SHA256, or sha256WithRSAEncryption for an authority that was brought along. */
export function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === "rsa"
    ? derSequence(derOid("1.2.840.113549.1.1.11"), derNull())
    : derSequence(derOid("1.2.840.10045.4.3.2"));
}

/** SHA-1 of the public key's bits: method 1 of RFC 5280 §4.2.1.2. A name for the key, no security. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const [spki] = readDer(publicKey.export({ type: "spki", format: "der" }));
  const bits = spki && readDer(spki.content)[1];
  return createHash("sha1")
    .update(bits?.content.subarray(1) ?? "")
    .digest();
}

/** The name of an authority as it stands in its certificate, and its key identifier. */
function readIssuer(certificate: Buffer): {
  readonly subject: Buffer;
  readonly subjectKeyId: Buffer | undefined;
} {
  const tbs = readDer(readDer(certificate)[0]?.content ?? certificate)[0];
  const fields = readDer(tbs?.content ?? certificate);
  // A version 1 certificate lacks the first field.
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (!subject) throw new Error("Cannot read the subject of the CA certificate");
  const extensions = fields.find((field) => field.tag === 0xa3);
  return { subject: subject.whole, subjectKeyId: extensions && readKeyId(extensions.content) };
}

function readKeyId(extensions: Buffer): Buffer | undefined {
  const wanted = derOid("2.5.29.14");
  for (const extension of readDer(readDer(extensions)[0]?.content ?? extensions)) {
    const parts = readDer(extension.content);
    if (parts[0]?.whole.equals(wanted)) return readDer(parts.at(-1)?.content ?? wanted)[0]?.content;
  }
  return undefined;
}

/** DER as PEM under a label such as `CERTIFICATE`. */
export function toPem(der: Buffer, label: string): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
