import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { type Outcome, type ResourcePath, type RestClient, WorkQueue } from "@cellplane/client";
import {
  isClusterReady,
  isTombstoneDue,
  joinedClusterOf,
  type KubeFedCluster,
  type Tombstone,
} from "@cellplane/federation";
import type { EventRecorder } from "../events/event-recorder.ts";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import type { FederationSettings } from "../shared/federation-settings.ts";
import type { MemberPool } from "../members/member-pool.ts";
import type { Controller, ErrorReporter } from "../shared/controller.ts";
import { tombstones } from "../shared/federation-resources.ts";
import { runKeyed } from "../shared/run-keyed.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";
import { parseApiVersion } from "../shared/parse-api-version.ts";

// Until an object that is being deleted in its member is gone.
const recheckMs = 5000;

/** What the tombstone controller stands on. */
export interface TombstoneDependencies {
  readonly client: RestClient;
  readonly shared: SharedInformers;
  readonly pool: MemberPool;
  readonly systemNamespace: string;
  readonly onError: ErrorReporter;
  readonly settings: () => FederationSettings;
  readonly recorder: EventRecorder;
  readonly metrics: FederationMetrics;
}

/** Removes what was left behind in a member once its cluster is back, and then the tombstone. */
export function createTombstoneController(deps: TombstoneDependencies): Controller {
  const name = "tombstone";
  const { client, shared, systemNamespace } = deps;
  const queue = new WorkQueue();
  const add = ({ metadata }: Tombstone): void => queue.add(metadata.name ?? "");
  const addAll = (): void => {
    for (const tombstone of shared.tombstones.list()) add(tombstone);
  };
  shared.tombstones.addHandler({ onAdd: add, onUpdate: add, onDelete: add });
  shared.clusters.addHandler({
    onAdd: addAll,
    onUpdate: (cluster, old) => {
      if (isClusterReady(cluster) && !isClusterReady(old)) addAll();
    },
  });
  deps.pool.onChange(addAll);
  shared.configs.addHandler({ onUpdate: addAll });

  const reconcile = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const tombstone = shared.tombstones.get(`${systemNamespace}/${key}`);
    const cluster = tombstone && clusterOf(tombstone, deps);
    const connection = cluster && deps.pool.get(joinedClusterOf(cluster));
    // The cluster's return brings it up again.
    deps.metrics.tombstones.set({}, shared.tombstones.list().length);
    if (!tombstone || !connection || !isClusterReady(cluster)) return { kind: "done" };
    if (!deps.settings().gates.PushReconciler) return { kind: "done" };
    const isGone = await connection.gate.run(
      () => removeTarget(connection.direct, tombstone, signal),
      `tombstone ${key}`,
    );
    if (!isGone) return { kind: "recheck", afterMs: recheckMs };
    await ignoreGone(client.delete({ ...tombstones, namespace: systemNamespace }, key, {}, signal));
    const { target, clusterName } = tombstone.spec;
    deps.recorder.record(tombstone, {
      type: "Normal",
      reason: "TombstoneCleaned",
      message: `Removed what was left of ${target.kind} ${JSON.stringify(target.name)} in cluster ${JSON.stringify(clusterName)}`,
      component: "tombstone-controller",
    });
    return { kind: "done" };
  };

  return {
    name,
    run: (signal) =>
      runKeyed(
        {
          name,
          informers: [],
          queue,
          reconcile,
          workers: 4,
          onError: deps.onError,
          metrics: deps.metrics.controllers,
        },
        signal,
      ),
  };
}

function clusterOf(
  { spec }: Tombstone,
  { shared, systemNamespace }: TombstoneDependencies,
): KubeFedCluster | undefined {
  // Where it was left, though the cell of that name may live elsewhere by now.
  return shared.clusters.get(`${systemNamespace}/${spec.joinedCluster ?? spec.clusterName}`);
}

/** Whether nothing is left to remove: it is gone, or somebody's again. */
async function removeTarget(
  client: RestClient,
  tombstone: Tombstone,
  signal: AbortSignal,
): Promise<boolean> {
  const { target } = tombstone.spec;
  const path: ResourcePath = {
    ...parseApiVersion(target.apiVersion),
    resource: target.pluralName,
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
  };
  const live = await ignoreGone(client.get(path, target.name, signal));
  if (!live || !isTombstoneDue(tombstone, live)) return true;
  if (live.metadata.deletionTimestamp !== undefined) return false;
  const { uid = "", resourceVersion = "" } = live.metadata;
  const preconditions = { uid, resourceVersion };
  const answer = await ignoreGone(client.delete(path, target.name, { preconditions }, signal));
  return answer === undefined || answer.kind === "Status";
}

async function ignoreGone(
  request: Promise<KubernetesObject>,
): Promise<KubernetesObject | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}
