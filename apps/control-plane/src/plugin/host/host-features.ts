import { isJsonArray, isJsonObject, type JsonValue, parseJson } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";

/** What a host's API server serves besides CRDs. */
export interface HostFeatures {
  readonly namespaces: boolean;
  readonly secrets: boolean;
  readonly configMaps: boolean;
  readonly events: boolean;
  readonly webhookConfigurations: boolean;
  readonly rbac: boolean;
  /** A list of its API groups. */
  readonly groupList: boolean;
}

/** Those of a whole Kubernetes API server. */
export const allHostFeatures: HostFeatures = {
  namespaces: true,
  secrets: true,
  configMaps: true,
  events: true,
  webhookConfigurations: true,
  rbac: true,
  groupList: true,
};

/** What is done about each feature that a host lacks. */
const substitutes: Readonly<Record<keyof HostFeatures, string>> = {
  namespaces: "namespaces are no objects: their labels come from --namespaces-file",
  secrets:
    "Secrets are not served: credentials come from --credentials-dir, and Secrets cannot be federated, for their revisions have no place to be kept",
  configMaps: "ConfigMaps are not served: the leader's lock is a LeaderLock",
  events: "Events are not served: none are written",
  webhookConfigurations:
    "admission webhooks are not served: nothing is defaulted or refused before it is stored",
  rbac: "RBAC is not served: no roles are installed",
  groupList: "there is no list of API groups: groups are asked for by name",
};

/** What a host lacks and what is done instead, a sentence each. */
export function describeMissing(features: HostFeatures): readonly string[] {
  return Object.entries(substitutes).flatMap(([name, text]) =>
    features[name as keyof HostFeatures] ? [] : [text],
  );
}

/** Asks a host what it serves. Only "not found" is an answer: any other failure throws. */
export async function detectHostFeatures(
  client: RestClient,
  signal: AbortSignal,
): Promise<HostFeatures> {
  const [core, admission, rbac, groups] = await Promise.all([
    readResources(client, "/api/v1", signal),
    readResources(client, "/apis/admissionregistration.k8s.io/v1", signal),
    readResources(client, "/apis/rbac.authorization.k8s.io/v1", signal),
    readResources(client, "/apis", signal),
  ]);
  return {
    namespaces: core?.has("namespaces") ?? false,
    secrets: core?.has("secrets") ?? false,
    configMaps: core?.has("configmaps") ?? false,
    events: core?.has("events") ?? false,
    webhookConfigurations: admission?.has("validatingwebhookconfigurations") ?? false,
    rbac: rbac?.has("clusterroles") ?? false,
    groupList: groups !== undefined,
  };
}

/** The resources that a path lists; `undefined` where there is nothing. */
async function readResources(
  client: RestClient,
  path: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const headers = { accept: "application/json" };
  const answer = await client.raw({ method: "GET", path, headers }, signal);
  if (answer.status === 404) return undefined;
  const text = new TextDecoder().decode(answer.body);
  if (answer.status !== 200) {
    throw new Error(`Cannot ask ${client.server}${path}: it answered ${answer.status}: ${text}`);
  }
  const list: JsonValue = parseJson(text);
  const resources = isJsonObject(list) ? list["resources"] : undefined;
  const names = (isJsonArray(resources) ? resources : []).map((each) =>
    isJsonObject(each) ? each["name"] : undefined,
  );
  return new Set(names.filter((name) => typeof name === "string"));
}
