import { type DiscoveredResource, type RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { ServerError } from "../options/server-error.ts";
import { findEncryptedResources } from "./find-resources.ts";
import { type ReencryptCounts, reencryptObjects } from "./reencrypt-objects.ts";

const progressEveryMs = 1000;
const shownFailures = 20;

/** What `store reencrypt` is told. */
export interface ReencryptOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Empty: what the server has configured. */
  readonly resources: readonly string[];
}

/** Rewrites what is stored under older keys; one line a resource. @throws {ServerError} If any failed. */
export async function runReencrypt(options: ReencryptOptions): Promise<void> {
  const { connection } = await loadKubeconfig({
    ...(options.kubeconfig === undefined ? {} : { file: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  await using client = connectRestClient(connection, { userAgent: "cellplane-reencrypt" });
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const resources = await findEncryptedResources(client, options.resources, stopping.signal);
  if (resources.length === 0) {
    process.stdout.write(`${client.server} encrypts nothing\n`);
    return;
  }
  let failed = 0;
  for (const resource of resources) {
    const counts = await reencryptResource(client, resource, stopping.signal);
    failed += counts.failed;
    process.stdout.write(`${describe(resource, counts)}\n`);
  }
  if (failed > 0) {
    throw new ServerError(
      `${failed} ${failed === 1 ? "object" : "objects"} could not be rewritten`,
    );
  }
}

async function reencryptResource(
  client: RestClient,
  resource: DiscoveredResource,
  signal: AbortSignal,
): Promise<ReencryptCounts> {
  const { group, version, resource: plural } = resource;
  const name = nameOf(resource);
  let toldMs = performance.now();
  let failures = 0;
  return reencryptObjects(
    client,
    { group, version, resource: plural },
    {
      onProgress: (done, total) => {
        if (performance.now() < toldMs + progressEveryMs) return;
        toldMs = performance.now();
        process.stderr.write(`${name}: ${done} of ${total}\n`);
      },
      onFailure: (object, error) => {
        failures += 1;
        if (failures > shownFailures) return;
        process.stderr.write(`${name} ${object}: ${error.message}\n`);
      },
    },
    signal,
  );
}

function describe(resource: DiscoveredResource, counts: ReencryptCounts): string {
  const { rewritten, current, gone, failed } = counts;
  return [
    `${nameOf(resource)}: ${rewritten} rewritten, ${current} already current, ${failed} failed`,
    ...(gone > 0 ? [`${gone} deleted meanwhile`] : []),
  ].join(", ");
}

function nameOf({ group, resource }: DiscoveredResource): string {
  return group === "" ? resource : `${resource}.${group}`;
}
