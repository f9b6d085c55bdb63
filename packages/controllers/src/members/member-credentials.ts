import { isJsonObject, type JsonValue, type KubernetesObject } from "@cellplane/apimachinery";
import type { KubeFedCluster } from "@cellplane/federation";

/** What is needed to reach a member's API server; held in memory only. */
export interface MemberCredentials {
  readonly endpoint: string;
  /** PEM. */
  readonly caBundle: string | undefined;
  /** Empty where the credential is a client certificate. */
  readonly token: string;
  /** A client certificate and its key in PEM, as the member's own kubeconfig has them. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly skipTlsVerify: boolean;
  /** `SubjectName`, `ValidityPeriod`: checks of the server's certificate that are left out. */
  readonly disabledTlsChecks?: readonly string[];
  /** An http, https or socks5 proxy. */
  readonly proxyUrl?: string;
  /** Through the cluster's agent; its API server is not reached from here. */
  readonly isTunnelled?: true;
}

/** Credentials, or what is wrong with the cluster's configuration. */
export type CredentialsOutcome =
  | { readonly kind: "found"; readonly credentials: MemberCredentials }
  | { readonly kind: "malformed"; readonly message: string };

/** Reads a joined cluster's credentials from its spec and its Secret. */
export function readMemberCredentials(
  cluster: KubeFedCluster,
  secret: KubernetesObject | undefined,
): CredentialsOutcome {
  const { apiEndpoint, caBundle, secretRef, disabledTLSValidations = [], proxyURL } = cluster.spec;
  const name = secretRef?.name ?? "";
  if (!secret) return malformed(`Secret ${JSON.stringify(name)} not found`);
  const data = isJsonObject(secret["data"]) ? secret["data"] : {};
  const token = decodeField(data["token"]);
  const clientCertificate = decodeField(data["tls.crt"]);
  const clientKey = decodeField(data["tls.key"]);
  const hasCertificate = clientCertificate !== "" && clientKey !== "";
  if (token === "" && !hasCertificate) {
    return malformed(`Secret ${JSON.stringify(name)} has no data.token`);
  }
  const endpoint = normalizeEndpoint(apiEndpoint);
  if (endpoint === undefined) {
    return malformed(`spec.apiEndpoint ${JSON.stringify(apiEndpoint)} is no URL`);
  }
  return {
    kind: "found",
    credentials: {
      endpoint,
      caBundle: caBundle === undefined || caBundle === "" ? undefined : decode(caBundle),
      token,
      ...(hasCertificate ? { clientCertificate, clientKey } : {}),
      skipTlsVerify: disabledTLSValidations.includes("*"),
      ...(disabledTLSValidations.length === 0 ? {} : { disabledTlsChecks: disabledTLSValidations }),
      ...(proxyURL === undefined || proxyURL === "" ? {} : { proxyUrl: proxyURL }),
      ...(cluster.spec.connection === "Tunnel" ? { isTunnelled: true } : {}),
    },
  };
}

function normalizeEndpoint(endpoint: string): string | undefined {
  const url = /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(url) ? url.replace(/\/$/, "") : undefined;
}

function decodeField(value: JsonValue | undefined): string {
  return typeof value === "string" ? decode(value) : "";
}

function decode(base64: string): string {
  const binary = atob(base64);
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function malformed(message: string): CredentialsOutcome {
  return { kind: "malformed", message };
}
