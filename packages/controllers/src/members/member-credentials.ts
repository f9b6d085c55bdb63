import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { KubeFedCluster } from "@cellplane/federation";

/** What is needed to reach a member's API server; held in memory only. */
export interface MemberCredentials {
  readonly endpoint: string;
  /** PEM. */
  readonly caBundle: string | undefined;
  readonly token: string;
  readonly skipTlsVerify: boolean;
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
  const { apiEndpoint, caBundle, secretRef, disabledTLSValidations } = cluster.spec;
  const name = secretRef?.name ?? "";
  if (!secret) return malformed(`Secret ${JSON.stringify(name)} not found`);
  const data = secret["data"];
  const token = isJsonObject(data) ? data["token"] : undefined;
  if (typeof token !== "string" || token === "") {
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
      token: decode(token),
      skipTlsVerify: disabledTLSValidations?.includes("*") ?? false,
    },
  };
}

function normalizeEndpoint(endpoint: string): string | undefined {
  const url = /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(url) ? url.replace(/\/$/, "") : undefined;
}

function decode(base64: string): string {
  const binary = atob(base64);
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function malformed(message: string): CredentialsOutcome {
  return { kind: "malformed", message };
}
