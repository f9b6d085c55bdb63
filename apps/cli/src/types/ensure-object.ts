import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";

/** Creates an object, or gives the one that is there the wanted spec. */
export async function ensureSpec(
  client: RestClient,
  path: ResourcePath,
  object: KubernetesObject,
): Promise<"created" | "updated" | "unchanged"> {
  const { name = "" } = object.metadata;
  try {
    await client.create(path, object);
    return "created";
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
  const current = await client.get(path, name);
  const updated = await client.update(path, { ...current, spec: object["spec"] });
  return updated.metadata.generation === current.metadata.generation ? "unchanged" : "updated";
}
