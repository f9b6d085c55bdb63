import {
  isJsonObject,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";

/** What became of an object that was to be there. */
export type EnsureOutcome = "created" | "updated" | "unchanged";

/** How `ensureSpec` writes. */
export interface EnsureOptions {
  /** The spec to store where there is one already: the wanted one unless given. */
  readonly merge?: (current: JsonObject, wanted: JsonObject) => JsonObject;
  /** The server judges and stores nothing. */
  readonly dryRun?: boolean;
}

/** Creates an object, or gives the one that is there the wanted spec. */
export async function ensureSpec(
  client: RestClient,
  path: ResourcePath,
  object: KubernetesObject,
  { merge = (_, wanted) => wanted, dryRun = false }: EnsureOptions = {},
): Promise<EnsureOutcome> {
  const { name = "" } = object.metadata;
  try {
    await client.create(path, object, { dryRun });
    return "created";
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
  const current = await client.get(path, name);
  const spec = merge(specOf(current), specOf(object));
  const updated = await client.update(path, { ...current, spec }, { dryRun });
  return updated.metadata.generation === current.metadata.generation ? "unchanged" : "updated";
}

/** An object, or nothing where there is none. */
export async function findObject(
  client: RestClient,
  path: ResourcePath,
  name: string,
): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(path, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function specOf({ spec }: KubernetesObject): JsonObject {
  return isJsonObject(spec) ? spec : {};
}
