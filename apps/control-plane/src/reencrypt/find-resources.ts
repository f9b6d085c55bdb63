import type { EncryptionReport } from "@cellplane/apiserver";
import { isJsonArray, isJsonObject, parseJson } from "@cellplane/apimachinery";
import {
  type DiscoveredResource,
  discoverResources,
  findResource,
  type RestClient,
} from "@cellplane/client";
import { ServerError } from "../options/server-error.ts";

// Where a server says what it encrypts.
const encryptionPath = "/encryption";
// Served in two groups, stored once.
const storedElsewhere: ReadonlySet<string> = new Set(["events.k8s.io"]);

/**
 * The resources to go through: those that are named, or else those that the server has configured.
 * Of each the preferred version.
 *
 * @throws {ServerError} If a named one is not served.
 */
export async function findEncryptedResources(
  client: RestClient,
  named: readonly string[],
  signal: AbortSignal,
): Promise<readonly DiscoveredResource[]> {
  const names = named.length > 0 ? named : await configuredResources(client, signal);
  const { resources } = await discoverResources(client, signal);
  const found = new Map<string, DiscoveredResource>();
  for (const name of names) {
    const own = matching(resources, name);
    if (own.length === 0 && named.length > 0) {
      throw new ServerError(`Cannot find the resource "${name}": the server does not serve it`);
    }
    for (const each of own) {
      const key = `${each.group}/${each.resource}`;
      if (!found.has(key)) found.set(key, each);
    }
  }
  return Array.from(found.values());
}

function matching(
  resources: readonly DiscoveredResource[],
  name: string,
): readonly DiscoveredResource[] {
  const kept = resources.filter(
    ({ group, verbs }) =>
      verbs.includes("list") && verbs.includes("patch") && !storedElsewhere.has(group),
  );
  if (name === "*.*") return kept;
  if (name.startsWith("*.")) return kept.filter(({ group }) => group === name.slice(2));
  // As configurations mean it: without a group it is the core group's.
  const core = kept.filter(({ group, resource }) => group === "" && resource === name);
  return core.length > 0 ? core : findResource(kept, name);
}

async function configuredResources(
  client: RestClient,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { status, body } = await client.raw({ method: "GET", path: encryptionPath }, signal);
  if (status !== 200) {
    throw new ServerError(
      `Cannot tell which resources ${client.server} encrypts, as it answered ${status}: name them with --resource`,
    );
  }
  return readReport(Buffer.from(body).toString()).resources;
}

function readReport(text: string): EncryptionReport {
  const value = parseJson(text);
  const resources = isJsonObject(value) ? value["resources"] : undefined;
  if (!isJsonArray(resources)) return { resources: [] };
  return { resources: resources.filter((each) => typeof each === "string") };
}
