import { isStatus, type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath, type RestClient } from "@cellplane/client";

const pageSize = 500;
const workers = 8;
const maxTries = 6;
const retryMs = 500;

/** What became of the objects of a resource. */
export interface ReencryptCounts {
  /** Written anew: under the key that encrypts now. */
  readonly rewritten: number;
  /** They were so already. */
  readonly current: number;
  /** Deleted by others meanwhile. */
  readonly gone: number;
  readonly failed: number;
}

/** Told as it goes. */
export interface ReencryptListener {
  readonly onProgress: (done: number, total: number) => void;
  readonly onFailure: (object: string, error: Error) => void;
}

type Outcome = "rewritten" | "current" | "gone";

/**
 * Rewrites the objects of a resource that are not stored under the newest key, by a change without a
 * change: the server compares revisions, so that no concurrent write is lost, and writes only what
 * is stale. May be ended and begun again at any time.
 */
export async function reencryptObjects(
  client: RestClient,
  path: ResourcePath,
  listener: ReencryptListener,
  signal: AbortSignal,
): Promise<ReencryptCounts> {
  const objects = await listAll(client, path, signal);
  const counts = { rewritten: 0, current: 0, gone: 0, failed: 0 };
  let done = 0;
  const queue = objects.values();
  const work = async (): Promise<void> => {
    for (const object of queue) {
      signal.throwIfAborted();
      const outcome = await tryOne(client, path, object, { listener, signal });
      counts[outcome] += 1;
      done += 1;
      listener.onProgress(done, objects.length);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return counts;
}

interface ListedObject {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly resourceVersion: string;
}

/** Names only, first: a snapshot does not last as long as the rewriting may take. */
async function listAll(
  client: RestClient,
  path: ResourcePath,
  signal: AbortSignal,
): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  let next = "";
  do {
    const query = {
      limit: pageSize,
      metadataOnly: true,
      ...(next === "" ? {} : { continue: next }),
    };
    const list = await client.list(path, query, signal);
    for (const { metadata } of list.items) objects.push(listed(metadata));
    next = list.metadata.continue ?? "";
  } while (next !== "");
  return objects;
}

function listed({ namespace, name, resourceVersion }: KubernetesObject["metadata"]): ListedObject {
  return { namespace, name: name ?? "", resourceVersion: resourceVersion ?? "" };
}

async function tryOne(
  client: RestClient,
  path: ResourcePath,
  object: ListedObject,
  { listener, signal }: { readonly listener: ReencryptListener; readonly signal: AbortSignal },
): Promise<Outcome | "failed"> {
  const { namespace, name } = object;
  const own = namespace === undefined ? path : { ...path, namespace };
  try {
    return await rewrite(client, own, object, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const at = namespace === undefined ? name : `${namespace}/${name}`;
    listener.onFailure(at, error instanceof Error ? error : new Error(String(error)));
    return "failed";
  }
}

async function rewrite(
  client: RestClient,
  path: ResourcePath,
  { name, resourceVersion }: ListedObject,
  signal: AbortSignal,
): Promise<Outcome> {
  let expected = resourceVersion;
  for (let tries = 1; ; tries += 1) {
    try {
      const body = { metadata: { resourceVersion: expected } };
      const answer = await client.patch(path, name, { type: "merge", body }, {}, signal);
      return answer.metadata.resourceVersion === expected ? "current" : "rewritten";
    } catch (error) {
      if (isStatus(error, "NotFound")) return "gone";
      if (tries === maxTries || !isPassing(error)) throw error;
      if (!isStatus(error, "Conflict")) await abortableDelay(retryMs * tries, signal);
    }
    const now = await client.get(path, name, signal).catch((error: unknown) => {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    });
    if (!now) return "gone";
    expected = now.metadata.resourceVersion ?? "";
  }
}

/** Somebody else wrote, or the server, its database or its key service is away for a moment. */
function isPassing(error: unknown): boolean {
  if (isStatus(error, "Conflict")) return true;
  return error instanceof StatusError && [429, 503, 504].includes(error.code);
}
