import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";

const maxDepth = 10;

/**
 * What is wrong with a server's certificate apart from its dates; `undefined` where nothing is. The
 * chain must lead to one of the authorities (PEM; the system's where there are none), and the
 * name must fit, unless the caller leaves names out.
 */
export function checkChainWithoutDates(
  socket: tls.TLSSocket,
  { caBundle, host }: { readonly caBundle: string | undefined; readonly host: string | undefined },
): Error | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return new Error("the server sent no certificate");
  const authorities = (caBundle === undefined ? tls.rootCertificates : splitPem(caBundle)).map(
    (pem) => new X509Certificate(pem),
  );
  if (!leadsTo(leaf, authorities)) {
    return Object.assign(new Error("unable to verify the first certificate"), {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
  }
  return host === undefined
    ? undefined
    : tls.checkServerIdentity(host, socket.getPeerCertificate());
}

function leadsTo(leaf: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  let current = leaf;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const here = current;
    const isTrusted = authorities.some(
      (authority) =>
        here.fingerprint256 === authority.fingerprint256 || isIssuedBy(here, authority),
    );
    if (isTrusted) return true;
    const issuer = here.issuerCertificate;
    if (!issuer || issuer.fingerprint256 === here.fingerprint256 || !isIssuedBy(here, issuer)) {
      return false;
    }
    current = issuer;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return (
    authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  );
}

function splitPem(bundle: string): readonly string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
