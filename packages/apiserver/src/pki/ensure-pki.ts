import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { readFileIfAny, writeFileAtomically } from "./atomic-file.ts";
import {
  type CertificateAndKey,
  type CertificateRequest,
  type Issuer,
  issueCertificate,
  signCertificate,
} from "@cellplane/x509";
import { ensureServiceAccountKey, type ServiceAccountKey } from "./service-account-key.ts";

const dayMs = 24 * 3600 * 1000;
const authorityLifeMs = 3650 * dayMs;
const leafLifeMs = 365 * dayMs;
/** A leaf is made anew when it has less than this left. */
const renewalMs = 60 * dayMs;
/** How far a peer's clock may be behind. */
const backdateMs = 3600 * 1000;

/** For whom the certificates are. */
export interface PkiOptions {
  /** DNS names and IP addresses under which the server is reached, beyond the usual ones. */
  readonly hosts: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Keys and certificates of one control plane, all in PEM. */
export interface Pki {
  /** The authority of servers and clients. */
  readonly ca: string;
  readonly server: CertificateAndKey;
  /** `O=system:masters, CN=kubernetes-admin`. */
  readonly admin: CertificateAndKey;
  readonly serviceAccountKey: ServiceAccountKey;
  /** When to call `ensurePki` again and reload: the first leaf is near its end. */
  readonly renewAtMs: number;
}

/** The names under which every server is reached. */
export const usualHosts: readonly string[] = [
  "localhost",
  "127.0.0.1",
  "::1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/**
 * Reads the keys and certificates in `folder` and makes what is missing, does not fit its key, is
 * near its end or lacks a host. Keys have mode 0600. May be killed at any moment: a key is written
 * before its certificate, each atomically, and a pair that does not fit is made again.
 *
 * @throws {Error} If a leaf must be signed and the key of the authority is not there.
 */
export async function ensurePki(folder: string, options: PkiOptions): Promise<Pki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const { nowMs } = options;
  const authority = await ensureAuthority(folder, nowMs);
  const hosts = [...new Set([...usualHosts, ...options.hosts])];
  const life = { notBeforeMs: nowMs - backdateMs, notAfterMs: nowMs + leafLifeMs };
  const ensure = (name: string, request: CertificateRequest): Promise<CertificateAndKey> =>
    ensureLeaf(join(folder, name), { request, authority, nowMs });
  const [server, admin, serviceAccountKey] = await Promise.all([
    ensure("apiserver", { usage: "server", commonName: "kube-apiserver", hosts, ...life }),
    ensure("admin", {
      usage: "client",
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
      ...life,
    }),
    ensureServiceAccountKey(join(folder, "sa.key")),
  ]);
  const renewAtMs =
    Math.min(...[server, admin].map(({ certificate }) => endMs(certificate))) - renewalMs;
  return { ca: authority.pem, server, admin, serviceAccountKey, renewAtMs };
}

/** The certificate of a server that is no API server, such as a webhook's, and its authority. */
export interface ServingCertificate {
  /** PEM. */
  readonly ca: string;
  readonly server: CertificateAndKey;
  /** When to call `ensureServingCertificate` again and reload. */
  readonly renewAtMs: number;
}

/** As `ensurePki`, for one server: `ca` and `tls` with their keys in `folder`. */
export async function ensureServingCertificate(
  folder: string,
  options: PkiOptions & { readonly commonName: string },
): Promise<ServingCertificate> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { nowMs, commonName } = options;
  const authority = await ensureAuthority(folder, nowMs);
  const hosts = [...new Set(["localhost", "127.0.0.1", "::1", ...options.hosts])];
  const life = { notBeforeMs: nowMs - backdateMs, notAfterMs: nowMs + leafLifeMs };
  const request: CertificateRequest = { usage: "server", commonName, hosts, ...life };
  const server = await ensureLeaf(join(folder, "tls"), { request, authority, nowMs });
  return { ca: authority.pem, server, renewAtMs: endMs(server.certificate) - renewalMs };
}

/** Issues a client certificate signed by the authority in `folder`, for a user and its groups. */
export async function issueClientCertificate(
  folder: string,
  request: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly nowMs: number;
    readonly lifeMs?: number;
  },
): Promise<CertificateAndKey> {
  const authority = await ensureAuthority(folder, request.nowMs);
  return issueCertificate(
    {
      usage: "client",
      commonName: request.user,
      organizations: request.groups,
      notBeforeMs: request.nowMs - backdateMs,
      notAfterMs: request.nowMs + (request.lifeMs ?? leafLifeMs),
    },
    signerOf(authority),
  );
}

/** Certifies a client's own key by the authority in `folder`, for a user and its groups. PEM. */
export async function signClientCertificate(
  folder: string,
  request: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly publicKey: KeyObject;
    readonly nowMs: number;
    readonly lifeMs: number;
  },
): Promise<{ readonly certificate: string; readonly ca: string }> {
  const authority = await ensureAuthority(folder, request.nowMs);
  const wanted: CertificateRequest = {
    usage: "client",
    commonName: request.user,
    organizations: request.groups,
    notBeforeMs: request.nowMs - backdateMs,
    notAfterMs: request.nowMs + request.lifeMs,
  };
  const certificate = signCertificate(wanted, request.publicKey, signerOf(authority));
  return { certificate, ca: authority.pem };
}

interface Authority {
  readonly file: string;
  readonly pem: string;
  /** PEM; absent where an authority was brought along without its key. */
  readonly key: string | undefined;
}

async function ensureAuthority(folder: string, nowMs: number): Promise<Authority> {
  const file = join(folder, "ca");
  const [pem, key] = await Promise.all([
    readFileIfAny(`${file}.crt`),
    readFileIfAny(`${file}.key`),
  ]);
  if (pem !== undefined) {
    checkAuthority(file, { pem, key, nowMs });
    return { file, pem, key };
  }
  const made = issueCertificate({
    usage: "authority",
    commonName: "kubernetes",
    notBeforeMs: nowMs - backdateMs,
    notAfterMs: nowMs + authorityLifeMs,
  });
  await writePair(file, made);
  return { file, pem: made.certificate, key: made.key };
}

/** An authority is never replaced by itself: clients hold on to it. */
function checkAuthority(
  file: string,
  { pem, key, nowMs }: { readonly pem: string; readonly key: string | undefined; nowMs: number },
): void {
  if (key !== undefined && !new X509Certificate(pem).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`Cannot use the authority "${file}.crt": "${file}.key" is not its key`);
  }
  if (endMs(pem) <= nowMs) {
    const ended = new Date(endMs(pem)).toISOString();
    throw new Error(`Cannot use the authority "${file}.crt": it expired at ${ended}`);
  }
}

function signerOf(authority: Authority): Issuer {
  if (authority.key === undefined) {
    throw new Error(
      `Cannot sign a certificate without "${authority.file}.key": there is no such file`,
    );
  }
  return {
    certificate: new X509Certificate(authority.pem).raw,
    key: createPrivateKey(authority.key),
  };
}

async function ensureLeaf(
  file: string,
  wanted: {
    readonly request: CertificateRequest;
    readonly authority: Authority;
    readonly nowMs: number;
  },
): Promise<CertificateAndKey> {
  const [certificate, key] = await Promise.all([
    readFileIfAny(`${file}.crt`),
    readFileIfAny(`${file}.key`),
  ]);
  if (certificate !== undefined && key !== undefined) {
    const current = { certificate, key };
    if (isUsable(current, wanted)) return current;
  }
  const made = issueCertificate(wanted.request, signerOf(wanted.authority));
  await writePair(file, made);
  return made;
}

function isUsable(
  current: CertificateAndKey,
  wanted: {
    readonly request: CertificateRequest;
    readonly authority: Authority;
    readonly nowMs: number;
  },
): boolean {
  const certificate = new X509Certificate(current.certificate);
  const { request, authority, nowMs } = wanted;
  return (
    certificate.checkPrivateKey(createPrivateKey(current.key)) &&
    certificate.verify(new X509Certificate(authority.pem).publicKey) &&
    endMs(current.certificate) - nowMs > renewalMs &&
    (request.hosts ?? []).every((host) => hasHost(certificate, host))
  );
}

function hasHost(certificate: X509Certificate, host: string): boolean {
  const found = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return found !== undefined;
}

function endMs(pem: string): number {
  return new X509Certificate(pem).validToDate.getTime();
}

// The key first: a certificate without its key is what a crash must not leave.
async function writePair(file: string, pair: CertificateAndKey): Promise<void> {
  await writeFileAtomically(`${file}.key`, pair.key, 0o600);
  await writeFileAtomically(`${file}.crt`, pair.certificate, 0o644);
}
