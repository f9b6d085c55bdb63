import { isStatus, type KubernetesObject, type OwnerReference } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import type { GraphNode } from "./owner-graph.ts";

/** The path of a node's object. */
export function pathOf(node: GraphNode): ResourcePath {
  const { group, version, resource } = node.resource;
  return node.namespace === ""
    ? { group, version, resource }
    : { group, version, resource, namespace: node.namespace };
}

/** Deletes the object if it is still the same one. */
export async function deleteObject(
  client: RestClient,
  node: GraphNode,
  propagationPolicy: "Background" | "Foreground" | "Orphan",
  signal: AbortSignal,
): Promise<void> {
  const query = { propagationPolicy, preconditions: { uid: node.uid } };
  await ignoringGone(() => client.delete(pathOf(node), node.name, query, signal));
}

/** Makes `keep` the owners of the object. */
export async function setOwners(
  client: RestClient,
  node: GraphNode,
  change: (owners: readonly OwnerReference[]) => readonly OwnerReference[],
  signal: AbortSignal,
): Promise<void> {
  await patchMetadata(client, node, signal, ({ metadata }) => {
    const owners = change(metadata.ownerReferences ?? []);
    return { ownerReferences: owners.length === 0 ? null : owners };
  });
}

/** Takes one finalizer off the object. */
export async function removeFinalizer(
  client: RestClient,
  node: GraphNode,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  await patchMetadata(client, node, signal, ({ metadata }) => {
    const left = (metadata.finalizers ?? []).filter((each) => each !== finalizer);
    return { finalizers: left.length === 0 ? null : left };
  });
}

async function patchMetadata(
  client: RestClient,
  node: GraphNode,
  signal: AbortSignal,
  change: (live: KubernetesObject) => object,
): Promise<void> {
  await ignoringGone(async () => {
    const live = await client.get(pathOf(node), node.name, signal);
    if (live.metadata.uid !== node.uid) return;
    const { uid, resourceVersion } = live.metadata;
    const body = { metadata: { uid, resourceVersion, ...change(live) } };
    await client.patch(pathOf(node), node.name, { type: "merge", body }, {}, signal);
  });
}

/** An object that is gone, or another of the same name, needs nothing more. */
async function ignoringGone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    if (isStatus(error, "Conflict") && !/uid/i.test(error.message)) throw error;
  }
}
