import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
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
  const spec = isJsonObject(cluster["spec"]) ? cluster["spec"] : {};
  const secretRef = isJsonObject(spec["secretRef"]) ? spec["secretRef"]["name"] : undefined;
  const secret = await controlPlane.get(systemSecrets, text(secretRef));
  const data = isJsonObject(secret["data"]) ? secret["data"] : {};
  const token = decode(data["token"]);
  const clientCertificate = decode(data["tls.crt"]);
  const clientKey = decode(data["tls.key"]);
  const caBundle = decode(spec["caBundle"]);
  return connectRestClient(
    {
      server: text(spec["apiEndpoint"]),
      ...(token === "" ? {} : { token: () => token }),
      ...(clientCertificate === "" ? {} : { clientCertificate, clientKey }),
      ...(caBundle === "" ? {} : { caBundle }),
      ...(Array.isArray(spec["disabledTLSValidations"]) ? { insecureSkipTlsVerify: true } : {}),
    },
    { userAgent: "cellplane" },
  );
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
