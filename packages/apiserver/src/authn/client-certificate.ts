import type { PeerCertificate } from "node:tls";
import type { UserInfo } from "../request/user.ts";

/** A certificate's user, or why it names none. */
export type CertificateVerdict =
  | { readonly kind: "known"; readonly user: UserInfo }
  | { readonly kind: "refused"; readonly why: string };

/**
 * The user of a verified client certificate: CN is the name, each O a group. The chain was checked
 * at the handshake; the end of its validity is checked again, since connections may live longer.
 */
export function judgeCertificate(certificate: PeerCertificate, nowMs: number): CertificateVerdict {
  const known = remembered.get(certificate);
  const judged = known ?? readCertificate(certificate);
  if (!known) remembered.set(certificate, judged);
  if (nowMs > judged.endMs) return { kind: "refused", why: "certificate has expired" };
  return judged.verdict;
}

interface JudgedCertificate {
  readonly verdict: CertificateVerdict;
  readonly endMs: number;
}

// The listener keeps one certificate object a connection, so all its requests share the answer.
const remembered = new WeakMap<PeerCertificate, JudgedCertificate>();

function readCertificate(certificate: PeerCertificate): JudgedCertificate {
  const endMs = Date.parse(certificate.valid_to);
  const username = valuesOf(certificate.subject.CN).at(-1) ?? "";
  if (username === "") {
    return { verdict: { kind: "refused", why: "certificate has no common name" }, endMs };
  }
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  const user: UserInfo = {
    username,
    groups: valuesOf(certificate.subject.O),
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
  return { verdict: { kind: "known", user }, endMs };
}

/** Node gives a list where an attribute occurs more than once; its types say otherwise. */
function valuesOf(attribute: string | readonly string[] | undefined): readonly string[] {
  if (attribute === undefined) return [];
  return typeof attribute === "string" ? [attribute] : attribute;
}
