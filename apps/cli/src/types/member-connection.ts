import {
  isJsonArray,
  isJsonObject,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { connectRestClient } from "@cellplane/client/node";
import { kubeFedClusters, systemSecrets } from "../membership/system-namespace.ts";
import { readiness } from "../membership/wait-for-ready.ts";
import { CliError } from "../program/cli-error.ts";

/** Connects to a joined member with the credential that the control plane keeps for it. */
export async function connectMember(controlPlane: RestClient, name: string): Promise<RestClient> {
  let cluster: KubernetesObject;
  try {
    cluster = await controlPlane.get(kubeFedClusters, name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new CliError(`Cannot use member "${name}" as no such cluster is joined`, {
      cause: error,
    });
  }
  const secret = await controlPlane.get(systemSecrets, secretNameOf(cluster));
  return connectCluster(cluster, secret);
}

/** Connects to a member with the credential in its Secret. */
export function connectCluster(cluster: KubernetesObject, secret: KubernetesObject): RestClient {
  const spec = isJsonObject(cluster["spec"]) ? cluster["spec"] : {};
  const data = isJsonObject(secret["data"]) ? secret["data"] : {};
  const token = decode(data["token"]);
  const clientCertificate = decode(data["tls.crt"]);
  const clientKey = decode(data["tls.key"]);
  const caBundle = decode(spec["caBundle"]);
  return connectRestClient(
    {
      server: endpointOf(spec),
      ...(token === "" ? {} : { token: () => token }),
      ...(clientCertificate === "" ? {} : { clientCertificate, clientKey }),
      ...(caBundle === "" ? {} : { caBundle }),
      ...(isUnverified(spec) ? { insecureSkipTlsVerify: true } : {}),
      disabledTlsChecks: disabledChecksOf(spec),
      ...(text(spec["proxyURL"]) === "" ? {} : { proxyUrl: text(spec["proxyURL"]) }),
    },
    { userAgent: "cellplane" },
  );
}

/** The URL of a KubeFedCluster's API server: a host alone, as KubeFed allows, means HTTPS. */
export function endpointOf(spec: JsonObject): string {
  const endpoint = text(spec["apiEndpoint"]).replace(/\/$/, "");
  return /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`;
}

function disabledChecksOf({ disabledTLSValidations: disabled }: JsonObject): readonly string[] {
  return isJsonArray(disabled) ? disabled.map(text) : [];
}

function isUnverified({ disabledTLSValidations: disabled }: JsonObject): boolean {
  return isJsonArray(disabled) && disabled.includes("*");
}

function secretNameOf({ spec }: KubernetesObject): string {
  const secretRef = isJsonObject(spec) ? spec["secretRef"] : undefined;
  return text(isJsonObject(secretRef) ? secretRef["name"] : undefined);
}

/** The name of a member that is Ready; any of the joined ones. */
export async function chooseMember(controlPlane: RestClient): Promise<string> {
  const { items } = await controlPlane.list(kubeFedClusters);
  const joined = items.filter(({ metadata }) => !(metadata.name ?? "").includes("."));
  const ready = joined.find((cluster) => readiness(cluster).isReady);
  if (ready) return ready.metadata.name ?? "";
  const why = joined.length === 0 ? "none is joined" : "none of those joined is Ready";
  throw new CliError(
    `Cannot choose a member to read the type from as ${why}; give a kubeconfig with --member-kubeconfig`,
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function decode(value: unknown): string {
  return Buffer.from(text(value), "base64").toString("utf8");
}
