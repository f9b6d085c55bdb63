import type { KubernetesObject } from "@cellplane/apimachinery";
import { createInformer, objectKey, WorkQueue } from "@cellplane/client";
import {
  type FederatedObject,
  isClusterReady,
  type KubeFedCluster,
  type ReplicaSchedulingPreference,
  scheduledReplicas,
} from "@cellplane/federation";
import type { Controller } from "../shared/controller.ts";
import { replicaSchedulingPreferences } from "../shared/federation-resources.ts";
import { followedIn } from "../shared/federation-settings.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import { runWhile } from "../shared/run-while.ts";
import { dropManagedFields } from "../shared/shared-informers.ts";
import { MemberWatches } from "../sync/member-watches.ts";
import { federatedKey } from "../sync/sync-controller.ts";
import type { SyncDependencies, SyncedType } from "../sync/sync-dependencies.ts";
import type { RunningType, RunningTypes } from "../type-config/running-types.ts";
import { schedulableTypes } from "./schedulable-types.ts";
import { createSchedulingReconciler } from "./scheduling-reconciler.ts";

const name = "scheduling";
// Pods come up one by one; their replicas are counted together.
const memberEventsMs = 1000;
const workers = 4;

type SchedulingDependencies = SyncDependencies & { readonly types: RunningTypes };

/**
 * Follows ReplicaSchedulingPreferences, while the gate `SchedulerPreferences` is on and a type that
 * can be scheduled runs. It writes to federated objects only: masks and all else hold as ever.
 */
export function createSchedulingController(deps: SchedulingDependencies): Controller {
  const { settings, types, shared } = deps;
  return {
    name,
    run: (signal) =>
      runWhile(
        {
          isWanted: () =>
            settings().gates.SchedulerPreferences && schedulableTypes(types).length > 0,
          subscribe: (listener, until) => {
            types.onChange(listener, until);
            const handler = { onAdd: listener, onUpdate: listener, onDelete: listener };
            shared.configs.addHandler(handler, until);
          },
          run: (until) => runScheduler(deps, until),
        },
        signal,
      ),
  };
}

async function runScheduler(deps: SchedulingDependencies, signal: AbortSignal): Promise<void> {
  const preferences = createInformer<ReplicaSchedulingPreference>({
    client: deps.client,
    path: {
      ...replicaSchedulingPreferences,
      ...followedIn(deps.settings(), deps.systemNamespace),
    },
    trim: dropManagedFields,
    onError: (error) => deps.onError(error, { resource: replicaSchedulingPreferences.resource }),
  });
  const queue = new WorkQueue({ groupOf: (key) => key.slice(0, key.lastIndexOf("/")) });
  const addAll = (): void => {
    for (const preference of preferences.list()) queue.add(objectKey(preference));
  };
  const add = (object: KubernetesObject): void => queue.add(objectKey(object));
  preferences.addHandler({
    onAdd: add,
    onUpdate: (preference, old) => {
      if (preference.metadata.generation !== old.metadata.generation) add(preference);
    },
    onDelete: add,
  });
  const watches = new Map<SyncedType, MemberWatches>();
  const attach = ({ type, signal: stopped }: RunningType): void => {
    if (watches.has(type)) return;
    const until = AbortSignal.any([signal, stopped]);
    const handler = {
      onObject: (_cluster: string, object: KubernetesObject) => {
        const key = federatedKey(object, type, deps.controlPlaneId);
        if (key !== undefined && preferences.get(key)) queue.addAfter(key, memberEventsMs);
      },
      onCluster: addAll,
    };
    watches.set(type, new MemberWatches(deps, type, handler, until));
    until.addEventListener("abort", () => watches.delete(type), { once: true });
    const addConcerned = (object: FederatedObject): void => {
      // Without a preference, only what one that is gone left behind matters.
      const isScheduled = scheduledReplicas(object).size > 0;
      if (isScheduled || preferences.get(objectKey(object))) add(object);
    };
    const onUpdate = (object: FederatedObject, old: FederatedObject): void => {
      if (object.metadata.generation !== old.metadata.generation) addConcerned(object);
    };
    type.objects.addHandler({ onAdd: addConcerned, onUpdate, onDelete: addConcerned }, until);
  };
  const attachAll = (): void => {
    schedulableTypes(deps.types).forEach(attach);
    addAll();
  };
  deps.types.onChange(attachAll, signal);
  listenToShared(deps, addAll, signal);
  attachAll();
  const reconcile = createSchedulingReconciler({
    deps,
    preferences,
    watchesOf: (type) =>
      watches.get(type) ??
      new MemberWatches(deps, type, { onObject: () => undefined, onCluster: addAll }, signal),
  });
  const { onError, metrics } = deps;
  const informers = [preferences];
  const keyed = { name, informers, queue, reconcile, workers, onError };
  await runKeyed({ ...keyed, metrics: metrics.controllers }, signal);
}

function listenToShared(
  { shared, pool }: SchedulingDependencies,
  addAll: () => void,
  signal: AbortSignal,
): void {
  const all = { onAdd: addAll, onUpdate: addAll, onDelete: addAll };
  const onUpdate = (cluster: KubeFedCluster, old: KubeFedCluster): void => {
    const isSame =
      isClusterReady(cluster) === isClusterReady(old) &&
      JSON.stringify(cluster.metadata.labels) === JSON.stringify(old.metadata.labels);
    if (!isSame) addAll();
  };
  shared.clusters.addHandler({ ...all, onUpdate }, signal);
  shared.topologyTypes.addHandler(all, signal);
  shared.configs.addHandler(all, signal);
  pool.onChange(addAll, signal);
}
