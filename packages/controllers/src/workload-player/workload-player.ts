import { isStatus, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import {
  createInformer,
  objectKey,
  type Outcome,
  type ResourcePath,
  type RestClient,
  WorkQueue,
} from "@cellplane/client";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { formatTime } from "../shared/format-time.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";
import {
  advanceDeployment,
  advanceJob,
  advanceService,
  advanceStatefulSet,
} from "./advance-replicas.ts";

type Advance = (object: KubernetesObject, nowIso: string) => JsonObject | undefined;

const played: readonly { readonly path: ResourcePath; readonly advance: Advance }[] = [
  { path: { group: "apps", version: "v1", resource: "deployments" }, advance: advanceDeployment },
  { path: { group: "apps", version: "v1", resource: "statefulsets" }, advance: advanceStatefulSet },
  { path: { group: "batch", version: "v1", resource: "jobs" }, advance: advanceJob },
  { path: { group: "", version: "v1", resource: "services" }, advance: advanceService },
];

/**
 * Plays scheduler, kubelet and load balancer for a try-out member: workloads make progress in
 * their status, one step every `stepMs` milliseconds, and no process runs.
 */
export function createWorkloadPlayer(deps: {
  readonly client: RestClient;
  readonly stepMs: number;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
}): Controller {
  const controllers = played.map(({ path, advance }) => createPlayer(deps, path, advance));
  return {
    name: "workload-player",
    run: async (signal) => {
      await Promise.all(controllers.map((controller) => controller.run(signal)));
    },
  };
}

function createPlayer(
  deps: Parameters<typeof createWorkloadPlayer>[0],
  path: ResourcePath,
  advance: Advance,
): Controller {
  const name = `workload-player/${path.resource}`;
  const informer = createInformer({ client: deps.client, path, trim: dropManagedFields });
  const queue = new WorkQueue();
  const add = (object: KubernetesObject): void => queue.addAfter(objectKey(object), deps.stepMs);
  informer.addHandler({ onAdd: add, onUpdate: add });

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const object = informer.get(key);
    if (!object || object.metadata.deletionTimestamp !== undefined) return { kind: "done" };
    const status = advance(object, formatTime(deps.nowMs()));
    if (!status) return { kind: "done" };
    const { namespace = "" } = object.metadata;
    try {
      const updated = await deps.client.update(
        { ...path, namespace },
        { ...object, status },
        { subresource: "status" },
        signal,
      );
      informer.record(updated);
    } catch (error) {
      // Changed or gone meanwhile: the watch says so, and the next step begins there.
      if (!isStatus(error, "Conflict") && !isStatus(error, "NotFound")) throw error;
    }
    return { kind: "done" };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        { name, informers: [informer], queue, reconcile, workers: 8, onError: deps.onError },
        signal,
      ),
  };
}
