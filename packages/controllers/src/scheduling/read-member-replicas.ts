import {
  isJsonObject,
  type KubernetesObject,
  labelSelectorFromObject,
} from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { isWhollyReady, type PodFacts, readPods, replicasOf } from "@cellplane/federation";
import type { MemberReplicas } from "@cellplane/federation";
import type { MemberConnection } from "../members/member-connection.ts";

// A member that does not answer must not hold up what is decided for the others.
const listWithinMs = 10_000;
const pageSize = 500;

/**
 * A workload's replicas in one member. Its pods are listed, by its selector, only while it is not
 * wholly ready: watching all pods of all members would cost more than all else together.
 */
export async function readMemberReplicas(
  workload: KubernetesObject,
  connection: MemberConnection,
  deps: { readonly nowMs: () => number; readonly onError: (error: unknown) => void },
  signal: AbortSignal,
): Promise<MemberReplicas> {
  if (isWhollyReady(workload)) return replicasOf(workload, undefined);
  return replicasOf(workload, await listPods(workload, connection, deps, signal));
}

async function listPods(
  { spec, metadata }: KubernetesObject,
  { client }: MemberConnection,
  deps: { readonly nowMs: () => number; readonly onError: (error: unknown) => void },
  signal: AbortSignal,
): Promise<PodFacts | undefined> {
  const { namespace = "" } = metadata;
  const path: ResourcePath = { group: "", version: "v1", resource: "pods", namespace };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(listWithinMs)]);
  try {
    const selector = isJsonObject(spec) ? spec["selector"] : undefined;
    const labelSelector = labelSelectorFromObject(selector).toString();
    const pods: KubernetesObject[] = [];
    let next: string | undefined = "";
    while (next !== undefined) {
      const page = next === "" ? {} : { continue: next };
      const list = await client.list(path, { labelSelector, limit: pageSize, ...page }, limited);
      pods.push(...list.items);
      next = (list.metadata.continue ?? "") === "" ? undefined : list.metadata.continue;
    }
    return readPods(pods, deps.nowMs());
  } catch (error) {
    signal.throwIfAborted();
    deps.onError(error);
    return undefined;
  }
}
